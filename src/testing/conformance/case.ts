/**
 * What a case of the conformance suite is, and what it works with.
 *
 * @module
 */
import type { Store, StoreLimits } from "../../engine/mod.ts";
import type { FlowStore, KvStore } from "../../flow/mod.ts";
import type { ManualTime } from "../../time/mod.ts";

/**
 * What not every store has:
 *
 * - `manualClock`: its time stands still until a test moves it;
 * - `systemClock`: it can be opened on the machine's time;
 * - `blocking`: claims can wait for work (`blockMs`);
 * - `limits`: it can be opened with other limits;
 * - `admission`: it refuses new work that is too much for it, by the limits it was opened with;
 * - `durable`: it can be closed and opened again;
 * - `shards`: it can be opened with several shards;
 * - `kv`: it keeps values by key, too;
 * - `atomic`: it applies several commands of one partition together;
 * - `events`: its committed changes can be followed;
 * - `watchLease`: it tells a worker at once that somebody has taken its lease;
 * - `define`: it refuses a second, different definition of a type.
 */
export type ConformanceCapability =
  | "manualClock"
  | "systemClock"
  | "blocking"
  | "limits"
  | "admission"
  | "durable"
  | "shards"
  | "kv"
  | "atomic"
  | "events"
  | "watchLease"
  | "define";

/** How a store is to be opened for a case. */
export interface ConformanceSettings {
  /** Which time the store is to go by. Default: a manual clock, if the store can have one. */
  readonly clock?: "manual" | "system";
  /** The number of shards. Only with the capability `shards`. */
  readonly shards?: number;
  /** Limits that differ from the defaults. Only with the capability `limits`. */
  readonly limits?: Partial<StoreLimits>;
}

/** The part of a {@linkcode ManualTime} that the suite moves. */
export type ConformanceTime = Pick<ManualTime, "clock" | "advance" | "setWall">;

/** A store of flows, and what else it may have. */
export type ConformanceStore = FlowStore & Partial<Pick<Store, "kv" | "atomic" | "events">>;

/** A store that is put through one case, and how to handle it. */
export interface ConformanceSubject extends AsyncDisposable {
  /** The store: new, empty, and nobody else's. */
  readonly store: ConformanceStore;
  /** Its time. Needed for `manualClock`. */
  readonly time?: ConformanceTime | undefined;
  /** Closes the store and opens it again with all that it had. Needed for `durable`. */
  readonly reopen?: (() => Promise<ConformanceStore>) | undefined;
}

/** What a case works with. */
export interface ConformanceContext {
  /** The store; after `reopen()` the one that was opened then. */
  readonly store: FlowStore;
  /** Values by key. For cases that need `kv`. */
  readonly kv: KvStore;
  /** Applies commands together. For cases that need `atomic`. */
  readonly atomic: Store["atomic"];
  /** Follows committed changes. For cases that need `events`. */
  readonly events: Store["events"];
  /** The store's time in milliseconds since 1970. For cases that need `manualClock`. */
  readonly nowMs: number;
  /** Moves the store's time forward. For cases that need `manualClock`. */
  advance(ms: number): Promise<void>;
  /** Sets the store's wall clock, also back. For cases that need `manualClock`. */
  setWall(wallMs: number): void;
  /** Closes the store and opens it again. For cases that need `durable`. */
  reopen(): Promise<void>;
}

/** One promise of `FlowStore`, and how to see whether a store keeps it. */
export interface ConformanceCase {
  /** The promise, as a sentence. No two cases have the same. */
  readonly name: string;
  /** What the store has to be capable of. Default: nothing that not every store is. */
  readonly needs?: readonly ConformanceCapability[];
  /** How the store is to be opened. */
  readonly settings?: ConformanceSettings;
  /** Rejects, saying what was expected, if the promise is not kept. */
  run(context: ConformanceContext): Promise<void>;
}
