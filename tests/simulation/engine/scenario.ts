/**
 * What can happen to a store, its callers and the machine under it, drawn by chance.
 *
 * @module
 */

import fc from "fast-check";
import type { Ending, Fault, Keep } from "../../../src/files/mod.ts";
import type { DiskOp, RoomOp } from "../disk_op.ts";
import type { ThreadDeath } from "../simulated_thread.ts";

/** One thing that happens. */
export type EngineOp =
  /** Somebody calls the store; what exactly, the dice decide, looking at what there is. */
  | { readonly kind: "call"; readonly dice: number }
  /** The macrotask ends; or everything runs that can run without time going on. */
  | { readonly kind: "turn" | "quiet" }
  /** Time goes on. */
  | { readonly kind: "advance"; readonly ms: number }
  /** Somebody sets the wall clock. */
  | { readonly kind: "wall"; readonly shiftMs: number }
  /** Somebody lets the log be merged. */
  | { readonly kind: "compact" }
  /** A blocked claim is aborted by its caller. */
  | { readonly kind: "abort"; readonly which: number }
  /** The store is closed, with or without calls under way, and opened again `downMs` later. */
  | { readonly kind: "close"; readonly isQuiet: boolean; readonly downMs: number }
  /** The process ends now, and power perhaps once more within the recovery, after `cut` calls. */
  | {
    readonly kind: "crash";
    readonly ending: Ending;
    readonly keep: Keep;
    readonly cut: number | undefined;
    readonly downMs: number;
  }
  | DiskOp
  | RoomOp;

/** What the log does besides what the disk makes it do. */
export interface LogTemper {
  /** Of a hundred frames, how many are void. */
  readonly voidPercent: number;
  /** Of a hundred frames, how many are lost; in a thread, how many of its orders are its last. */
  readonly losePercent: number;
  /**
   * How outcomes come: within the submission; later, with several frames under way; or from a
   * thread, which makes no frame void without a reason.
   */
  readonly pace: "inline" | "slow" | "thread";
  /** How the thread of every opening ends. Default: as chance has it. */
  readonly death?: ThreadDeath;
}

/** A run: what happens, and the seed of everything that is left to chance. */
export interface EngineScenario {
  /** Seed of disk, log and store. */
  readonly seed: number;
  /** What the log is like. */
  readonly temper: LogTemper;
  /** Of a hundred calls, how many are about parents and children. */
  readonly familyPercent: number;
  /** What happens, in order. */
  readonly ops: readonly EngineOp[];
}

const ending = fc.constantFrom<Ending[]>("power", "kill");
const keep = fc.constantFrom<Keep[]>("chance", "none", "none", "all");
const downMs = fc.constantFrom(0, 30, 3_000, 20_000, -2_000);

const call: fc.Arbitrary<EngineOp> = fc.record({
  kind: fc.constant("call" as const),
  // Other dice are another call, not a smaller one.
  dice: fc.noShrink(fc.nat(0x7fff_ffff)),
});

const fault: fc.Arbitrary<EngineOp> = fc.record({
  kind: fc.constant("fault" as const),
  fault: fc.oneof(
    faultOf("flush", ["EIO"]),
    faultOf("write", ["EIO", "ENOSPC", "ENOSPC"]),
    fc.record({ call: fc.constant("write" as const), after: fc.nat(3), short: fc.constant(true) }),
    fc.record({
      call: fc.constant("write" as const),
      after: fc.nat(3),
      short: fc.constant(true),
      code: fc.constantFrom("ENOSPC", "EIO"),
    }),
    faultOf("sync", ["EIO"]),
    faultOf("read", ["EIO"]),
    faultOf("open", ["EIO"]),
    faultOf("truncate", ["EIO"]),
  ),
});

function faultOf(call: Fault["call"], codes: string[]): fc.Arbitrary<Fault> {
  return fc.record({
    call: fc.constant(call),
    // The next one, or one in the middle of an opening.
    after: fc.oneof(fc.nat(3), fc.nat(25)),
    code: fc.constantFrom(...codes),
    keep: fc.constantFrom<Keep[]>("none", "chance", "all"),
  });
}

const op: fc.Arbitrary<EngineOp> = fc.oneof(
  { weight: 30, arbitrary: call },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constantFrom("turn" as const, "turn" as const, "quiet") }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 5, 10, 40, 110, 900, 2_000, 5_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("wall" as const),
      shiftMs: fc.constantFrom(-100_000, -500, 800, 30_000, 100_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("compact" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("abort" as const), which: fc.nat(3) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("close" as const),
      isQuiet: fc.boolean(),
      downMs,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      ending,
      keep,
      cut: fc.option(fc.nat(10), { nil: undefined, freq: 1 }),
      downMs,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("cut" as const), calls: fc.nat(8), ending, keep }),
  },
  { weight: 2, arbitrary: fault },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("room" as const),
      bytes: fc.option(fc.nat(3_000), { nil: undefined }),
    }),
  },
);

const temper: fc.Arbitrary<LogTemper> = fc.record({
  voidPercent: fc.constantFrom(0, 0, 15, 50),
  losePercent: fc.constantFrom(0, 0, 0, 5),
  pace: fc.constantFrom("inline", "slow", "thread"),
});

/** Scenarios that shrink to the few things that matter. */
export const engineScenario: fc.Arbitrary<EngineScenario> = fc.record({
  seed: fc.nat(0x7fff_ffff),
  temper,
  // Much of it in half of the runs: families come about, and what has nothing to do with them does, too.
  familyPercent: fc.constantFrom(0, 40),
  ops: fc.array(op, { minLength: 1, maxLength: 60, size: "max" }),
});
