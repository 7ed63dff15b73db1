/**
 * What happens to a store of several shards that many call at once, drawn by chance.
 *
 * @module
 */

import fc from "fast-check";
import type { Keep } from "../../src/files/mod.ts";
import type { ShardsTemper } from "./shards_machine.ts";

/** What happens next. */
export type CrowdOp =
  | { readonly kind: "call"; readonly dice: number }
  | { readonly kind: "turn" | "quiet" | "close" }
  | { readonly kind: "advance"; readonly ms: number }
  /** Power goes within the call on the disk that comes after so many more. */
  | { readonly kind: "cut"; readonly calls: number; readonly keep: Keep };

/** A run: what happens, and the seed of everything that is left to chance. */
export interface CrowdScenario extends ShardsTemper {
  readonly seed: number;
  /** Of a hundred calls, how many are about parents and children. */
  readonly familyPercent: number;
  readonly ops: readonly CrowdOp[];
}

/** Scenarios that shrink to the few things that matter. */
export const crowdScenario: fc.Arbitrary<CrowdScenario> = fc.record({
  seed: fc.nat(0x7fff_ffff),
  voidPercent: fc.constantFrom(0, 0, 25),
  isSlow: fc.boolean(),
  familyPercent: fc.constantFrom(0, 35, 60),
  ops: fc.array(
    fc.oneof(
      {
        weight: 30,
        arbitrary: fc.record({
          kind: fc.constant("call" as const),
          dice: fc.noShrink(fc.nat(0x7fff_ffff)),
        }),
      },
      {
        weight: 9,
        arbitrary: fc.record({
          kind: fc.constantFrom("turn" as const, "turn" as const, "quiet" as const),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant("advance" as const),
          ms: fc.constantFrom(1, 30, 110, 900, 3_000),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("cut" as const),
          calls: fc.nat(9),
          keep: fc.constantFrom<Keep[]>("none", "none", "chance", "all"),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const) }) },
    ),
    { minLength: 1, maxLength: 70, size: "max" },
  ),
});
