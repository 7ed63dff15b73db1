/**
 * Policies.
 *
 * @module
 */

import type { PolicySetOptions } from "../../../src/flow/mod.ts";
import type { ModelPolicy } from "../../flow/model/model.ts";
import { showModelPolicy } from "../flow_view.ts";
import {
  type Dice,
  type EngineRequest,
  given,
  type Raw,
  request,
  STATES,
  TYPES,
} from "./request.ts";

/** Draws a new policy of a type. */
export function drawPolicy(dice: Dice): EngineRequest {
  const type = dice.pick(TYPES);
  const levels: Record<string, ModelPolicy> = {};
  for (const name of dice.some(2, () => dice.pick(["", ...STATES]))) levels[name] = drawLevel(dice);
  const expected = dice.maybe(30, [0, 1, 2]);
  const states = Object.entries(levels).filter(([name]) => name !== "")
    .map(([name, level]) => [name, asPolicy(level)] as const);
  const options = given({
    ...levels[""] === undefined ? {} : asPolicy(levels[""]),
    states: Object.fromEntries(states),
    expectedGeneration: expected,
  });
  return request("policySet", [type, options], (model) => {
    model.policySet(type, levels, expected);
    return { show: () => showModelPolicy(model, type) };
  }, { itemCount: Infinity });
}

/** Draws what a policy says about a state, or a command about a retry. */
export function drawLevel(dice: Dice): ModelPolicy {
  return given({
    maxRetries: dice.maybe(70, [0, 1, 2]),
    kind: dice.maybe(50, ["none", "fixed", "linear", "exponential"]),
    baseMs: dice.maybe(50, [0, 10, 100]),
    maxMs: dice.maybe(40, [0, 15, 1_000]),
    jitterPct: dice.maybe(30, [0, 20, 100]),
    exhaustedTo: dice.maybe(50, ["failed", "cancelled", "a", "b"]),
    ttlMs: dice.maybe(30, [10, 600]),
    maxReclaims: dice.maybe(80, [0, 0, 1, 2, null]),
  }) as ModelPolicy;
}

/** Draws what a claim says about lost leases of a state. */
export function drawLostLeases(dice: Dice): Pick<ModelPolicy, "maxReclaims" | "exhaustedTo"> {
  const { maxReclaims, exhaustedTo } = drawLevel(dice);
  return given({ maxReclaims, exhaustedTo }) as ModelPolicy;
}

/** The same as the store wants it. */
export function asPolicy(level: ModelPolicy): PolicySetOptions & { readonly retry: Raw } {
  const { maxRetries, kind, baseMs, maxMs, jitterPct, exhaustedTo, ttlMs, maxReclaims } = level;
  return {
    retry: { maxRetries, backoff: { kind, baseMs, maxMs, jitterPct }, exhaustedTo },
    retention: { ttlMs },
    maxReclaims,
  } as PolicySetOptions & { readonly retry: Raw };
}
