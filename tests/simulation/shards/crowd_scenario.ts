/**
 * What happens to a store of several shards that many call at once, drawn by chance.
 *
 * @module
 */

import fc from "fast-check";
import type { Ending, Fault, Keep } from "../../../src/files/mod.ts";
import type { DiskOp } from "../disk_op.ts";
import type { ShardsTemper } from "./machine.ts";

/** What happens next. */
export type CrowdOp =
  | { readonly kind: "call"; readonly dice: number }
  | { readonly kind: "turn" | "quiet" | "close" }
  | { readonly kind: "advance"; readonly ms: number }
  /** Somebody sets the wall clock. */
  | { readonly kind: "wall"; readonly shiftMs: number }
  | DiskOp
  /** The store is copied, with calls under way, and everybody goes on with what is made of the copy. */
  | { readonly kind: "restore" };

/** A run: what happens, and the seed of everything that is left to chance. */
export interface CrowdScenario extends ShardsTemper {
  readonly seed: number;
  /** Of a hundred calls, how many are about parents and children. */
  readonly familyPercent: number;
  readonly ops: readonly CrowdOp[];
}

const fault: fc.Arbitrary<Fault> = fc.record({
  call: fc.constantFrom<Fault["call"][]>("write", "flush", "sync", "read", "open", "truncate"),
  after: fc.oneof(fc.nat(3), fc.nat(25)),
  code: fc.constant("EIO"),
  keep: fc.constantFrom<Keep[]>("none", "chance", "all"),
});

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
          ending: fc.constantFrom<Ending[]>("power", "power", "kill"),
          keep: fc.constantFrom<Keep[]>("none", "none", "chance", "all"),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("wall" as const),
          shiftMs: fc.constantFrom(-100_000, -500, 800, 30_000, 100_000),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("fault" as const), fault }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constantFrom("close" as const, "restore" as const) }),
      },
    ),
    { minLength: 1, maxLength: 70, size: "max" },
  ),
});
