/**
 * What a policy says, once every level has had its word: default < type < state < command, member
 * by member.
 *
 * @module
 */
import type { ResolvedPolicy, ResolvedStatePolicy, StatePolicy, TypePolicy } from "../mod.ts";

/**
 * The policy of a type that was never given one, in every state. A new one every time: callers are
 * given parts of it, and what they do to them is nobody else's.
 */
function defaultPolicy(): ResolvedStatePolicy {
  return {
    retry: {
      maxRetries: 3,
      backoff: { kind: "exponential", baseMs: 1_000, maxMs: 30_000, jitterPct: 20 },
      exhaustedTo: "failed",
    },
    retention: { ttlMs: 7 * 24 * 3_600_000, historyMaxEvents: 100_000 },
    maxReclaims: 10,
  };
}

/** A policy that was set. */
export interface StoredPolicy {
  /** What was set. */
  readonly policy: TypePolicy;
  /** How often the policy of this type was set. */
  readonly generation: number;
}

/** The policy of one state; null: of the type alone. What a command says itself wins over all. */
export function resolveStatePolicy(
  stored: StoredPolicy | undefined,
  state: string | null,
  command?: StatePolicy,
): ResolvedStatePolicy {
  const levels: StatePolicy[] = [];
  if (stored !== undefined) {
    levels.push(stored.policy);
    const ofState = state === null ? undefined : policyOfState(stored.policy, state);
    if (ofState !== undefined) levels.push(ofState);
  }
  if (command !== undefined) levels.push(command);
  const resolved = levels.reduce(overlay, defaultPolicy());
  const { baseMs, maxMs } = resolved.retry.backoff;
  if (baseMs <= maxMs || levels.some(({ retry }) => retry?.backoff?.maxMs !== undefined)) {
    return resolved;
  }
  // Nobody has asked for a limit that is shorter than the first wait.
  return overlay(resolved, { retry: { backoff: { maxMs: baseMs } } });
}

/** The policy of a type as `policyGet` shows it; of one state, if one is named. */
export function resolvePolicy(
  type: string,
  stored: StoredPolicy | undefined,
  state?: string,
): ResolvedPolicy {
  const names = state === undefined ? Object.keys(stored?.policy.states ?? {}) : [state];
  return {
    type,
    generation: stored?.generation ?? 0,
    ...resolveStatePolicy(stored, null),
    // Not an assignment by name: a state may be called `__proto__`.
    states: Object.fromEntries(names.map((name) => [name, resolveStatePolicy(stored, name)])),
  };
}

function policyOfState({ states = {} }: TypePolicy, state: string): StatePolicy | undefined {
  return Object.hasOwn(states, state) ? states[state] : undefined;
}

function overlay(below: ResolvedStatePolicy, above: StatePolicy): ResolvedStatePolicy {
  const { retry, retention, maxReclaims } = above;
  return {
    retry: retry === undefined ? below.retry : {
      maxRetries: retry.maxRetries ?? below.retry.maxRetries,
      backoff: {
        kind: retry.backoff?.kind ?? below.retry.backoff.kind,
        baseMs: retry.backoff?.baseMs ?? below.retry.backoff.baseMs,
        maxMs: retry.backoff?.maxMs ?? below.retry.backoff.maxMs,
        jitterPct: retry.backoff?.jitterPct ?? below.retry.backoff.jitterPct,
      },
      exhaustedTo: retry.exhaustedTo ?? below.retry.exhaustedTo,
    },
    retention: retention === undefined ? below.retention : {
      ttlMs: retention.ttlMs ?? below.retention.ttlMs,
      historyMaxEvents: retention.historyMaxEvents ?? below.retention.historyMaxEvents,
    },
    // Null is a word of its own here: no cap.
    maxReclaims: maxReclaims === undefined ? below.maxReclaims : maxReclaims,
  };
}
