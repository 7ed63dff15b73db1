/**
 * What happens to a store of several shards that one caller has for himself, drawn by chance.
 *
 * @module
 */

import fc from "fast-check";
import { DEFAULT_STORE_LIMITS } from "../../../src/engine/options.ts";
import type { Keep } from "../../../src/files/mod.ts";
import type { ShardsTemper } from "./machine.ts";

/** What happens next. */
export type ShardsOp =
  | { readonly kind: "call"; readonly dice: number }
  /**
   * The same, but power goes within the call on the disk that comes after so many more, and perhaps
   * once again so many calls later, while the store is opened and comes to rest.
   */
  | {
    readonly kind: "cut";
    readonly dice: number;
    readonly calls: number;
    readonly again: number | null;
    readonly keep: Keep;
  }
  | { readonly kind: "advance"; readonly ms: number }
  /** Somebody sets the wall clock ahead, so little that it is believed at once. */
  | { readonly kind: "wall"; readonly shiftMs: number }
  /** All that nobody wants any more leaves the logs, unless power goes meanwhile. */
  | {
    readonly kind: "compact";
    readonly cut: { readonly calls: number; readonly keep: Keep } | undefined;
  }
  | { readonly kind: "close" }
  | { readonly kind: "crash"; readonly keep: Keep };

/** A run: what happens, and the seed of everything that is left to chance. */
export interface ShardsScenario extends ShardsTemper {
  readonly seed: number;
  /** Of a hundred calls, how many are about parents and children. */
  readonly familyPercent: number;
  /** The size of a command: with little room the end of a family takes several. */
  readonly commandBytesMax: number;
  readonly ops: readonly ShardsOp[];
}

/** Scenarios that shrink to the few things that matter. */
export const shardsScenario: fc.Arbitrary<ShardsScenario> = fc.record({
  seed: fc.nat(0x7fff_ffff),
  voidPercent: fc.constantFrom(0, 20, 50),
  isSlow: fc.boolean(),
  // Much of it in most of the runs, and none in others.
  familyPercent: fc.constantFrom(50, 0, 80),
  commandBytesMax: fc.constantFrom(DEFAULT_STORE_LIMITS.commandBytesMax, 8_192, 5_000),
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
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant("advance" as const),
          ms: fc.constantFrom(1, 10, 110, 2_000, 5_000),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("wall" as const),
          shiftMs: fc.constantFrom(800, 30_000),
        }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant("cut" as const),
          dice: fc.noShrink(fc.nat(0x7fff_ffff)),
          calls: fc.oneof(fc.nat(1), fc.nat(7)),
          again: fc.option(fc.nat(9), { freq: 2 }),
          keep: fc.constantFrom<Keep[]>("none", "chance", "all"),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("compact" as const),
          cut: fc.option(
            fc.record({
              calls: fc.nat(40),
              keep: fc.constantFrom<Keep[]>("none", "chance", "all"),
            }),
            { nil: undefined, freq: 2 },
          ),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: "close" as const }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("crash" as const),
          keep: fc.constantFrom<Keep[]>("none", "chance", "all"),
        }),
      },
    ),
    { minLength: 1, maxLength: 60, size: "max" },
  ),
});
