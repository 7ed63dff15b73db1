/**
 * What a type's policy can say, and what it says when it says nothing.
 *
 * @module
 */

/** How the wait before a retry grows. */
export type BackoffKind = "none" | "fixed" | "linear" | "exponential";

/** The wait before a retry. Members that are absent come from the next lower level. */
export interface Backoff {
  /** How the wait grows. Default `"exponential"`. */
  readonly kind?: BackoffKind | undefined;
  /** The first wait in milliseconds, 0 to 30 days. Default 1,000. */
  readonly baseMs?: number | undefined;
  /** The longest wait in milliseconds, 0 to 30 days. Default 30,000, or `baseMs` if that is longer. */
  readonly maxMs?: number | undefined;
  /**
   * How far the wait varies up and down, 0 to 100 percent. Default 20. It is never longer than `maxMs`:
   * a wait that has come to it varies downwards.
   */
  readonly jitterPct?: number | undefined;
}

/** When and how often a flow is retried. Members that are absent come from the next lower level. */
export interface RetryPolicy<State extends string = string> {
  /** Retries in one state, 0 to 1,000. Default 3. */
  readonly maxRetries?: number | undefined;
  /** The wait before each. */
  readonly backoff?: Backoff | undefined;
  /** Where a flow goes when the retries are spent. Default `"failed"`. Not `running`. */
  readonly exhaustedTo?: State | undefined;
}

/** What is kept of a flow. Members that are absent come from the next lower level. */
export interface RetentionPolicy {
  /** How long the record is kept after the end, in milliseconds, up to 365 days. Default 7 days. */
  readonly ttlMs?: number | undefined;
  /** How many history events are kept, 1 to 1,000,000. Default 100,000. */
  readonly historyMaxEvents?: number | undefined;
}

/** The policy of one state. */
export interface StatePolicy {
  /** When and how often to retry. */
  readonly retry?: RetryPolicy | undefined;
  /** What to keep. */
  readonly retention?: RetentionPolicy | undefined;
  /** Leases a flow may lose in a row before it goes to `exhaustedTo`; null: no cap. Default 10. */
  readonly maxReclaims?: number | null | undefined;
}

/** The policy of a type: its own members and those of its states. */
export interface TypePolicy extends StatePolicy {
  /** By state; a state's members win over the type's. */
  readonly states?: Readonly<Record<string, StatePolicy>> | undefined;
}

/** Options of `policySet`: the whole new policy, which replaces the old one. */
export interface PolicySetOptions extends TypePolicy {
  /** Refuse with `generation_conflict` unless the stored generation is this one. 0: none stored. */
  readonly expectedGeneration?: number | undefined;
}

/** Options of `policyGet`. */
export interface PolicyGetOptions {
  /** Resolve for this state; it is then the only one in `states`. */
  readonly state?: string | undefined;
}

/** A state's policy with every member resolved. */
export interface ResolvedStatePolicy {
  /** When and how often to retry. */
  readonly retry: {
    /** Retries in one state. */
    readonly maxRetries: number;
    /** The wait before each. */
    readonly backoff: {
      /** How the wait grows. */
      readonly kind: BackoffKind;
      /** The first wait, in milliseconds. */
      readonly baseMs: number;
      /** The longest wait, in milliseconds. */
      readonly maxMs: number;
      /** How far the wait varies, in percent. */
      readonly jitterPct: number;
    };
    /** Where a flow goes when the retries are spent. */
    readonly exhaustedTo: string;
  };
  /** What to keep. */
  readonly retention: {
    /** How long the record is kept after the end, in milliseconds. */
    readonly ttlMs: number;
    /** How many history events are kept. */
    readonly historyMaxEvents: number;
  };
  /** Leases a flow may lose in a row; null: no cap. */
  readonly maxReclaims: number | null;
}

/** A type's policy with every member resolved. */
export interface ResolvedPolicy extends ResolvedStatePolicy {
  /** The type. */
  readonly type: string;
  /** How often this type's policy was set; 0: never. */
  readonly generation: number;
  /** The states that the policy names, each resolved. */
  readonly states: Readonly<Record<string, ResolvedStatePolicy>>;
}
