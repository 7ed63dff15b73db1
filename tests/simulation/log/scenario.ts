/**
 * What can happen to a log and the machine under it, drawn by chance.
 *
 * @module
 */

import fc from "fast-check";
import type { Ending, Fault, Keep } from "../../../src/files/mod.ts";
import type { DiskOp, RoomOp } from "../disk_op.ts";

/** How data at rest is damaged; `"fresh"`: a bit, before there is evidence for the last frame. */
export type DamageKind = "bit" | "sector" | "misdirect" | "lose" | "fresh";

/** One thing that happens. */
export type LogOp =
  /** A frame of `count` records with payloads of `bytes` is submitted, and perhaps not synced. */
  | {
    readonly kind: "append";
    readonly count: number;
    readonly bytes: number;
    readonly syncFails: boolean;
  }
  /** The log falls idle, goes on in a new segment, is read, or is closed and opened again. */
  | { readonly kind: "mark" | "roll" | "read" | "close" }
  /** The process ends now, and power perhaps once more within the recovery, after `cut` calls. */
  | {
    readonly kind: "crash";
    readonly ending: Ending;
    readonly keep: Keep;
    readonly cut: number | undefined;
  }
  | DiskOp
  | RoomOp
  /** Data at rest is damaged, and the process ends. */
  | {
    readonly kind: "damage";
    readonly how: DamageKind;
    readonly file: number;
    readonly at: number;
    readonly ending: Ending;
  };

/** A run: what happens, and the seed of everything that is left to chance. */
export interface LogScenario {
  /** Seed of the disk and of the log. */
  readonly seed: number;
  /** What happens, in order. */
  readonly ops: readonly LogOp[];
}

const ending = fc.constantFrom<Ending[]>("power", "kill");
const keep = fc.constantFrom<Keep[]>("chance", "chance", "none", "all");

const append: fc.Arbitrary<LogOp> = fc.record({
  kind: fc.constant("append" as const),
  count: fc.integer({ min: 1, max: 3 }),
  // Some frames fit into one sector with others, some span several.
  bytes: fc.oneof({ weight: 3, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(1_500) }),
  // What follows a failed sync is where most mistakes hide.
  syncFails: fc.nat(7).map((chance) => chance === 7),
});

const fault: fc.Arbitrary<LogOp> = fc.record({
  kind: fc.constant("fault" as const),
  fault: fc.oneof(
    faultOf("flush", ["EIO"]),
    fc.record({
      call: fc.constant("flush" as const),
      name: fc.constantFrom("MANIFEST.0", "MANIFEST.1"),
      after: fc.nat(1),
      keep: fc.constantFrom<Keep[]>("none", "chance"),
    }),
    faultOf("sync", ["EIO"]),
    faultOf("write", ["EIO", "ENOSPC"]),
    fc.record({
      call: fc.constant("write" as const),
      after: fc.nat(5),
      short: fc.constant(true),
    }),
    fc.record({
      call: fc.constant("write" as const),
      after: fc.nat(5),
      short: fc.constant(true),
      code: fc.constantFrom("ENOSPC", "EIO"),
    }),
    faultOf("read", ["EIO"]),
    fc.record({ call: fc.constant("read" as const), after: fc.nat(5), short: fc.constant(true) }),
    faultOf("open", ["EIO"]),
    faultOf("truncate", ["EIO"]),
    faultOf("remove", ["EIO"]),
  ),
});

function faultOf(call: Fault["call"], codes: string[]): fc.Arbitrary<Fault> {
  return fc.record({
    call: fc.constant(call),
    // The n-th call from now: faults that only strike the next one miss what needs two in a row.
    after: fc.nat(5),
    code: fc.constantFrom(...codes),
    keep: fc.constantFrom<Keep[]>("none", "chance", "all"),
  });
}

const op: fc.Arbitrary<LogOp> = fc.oneof(
  { weight: 10, arbitrary: append },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(...["mark", "roll", "read", "close"] as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      ending,
      keep,
      cut: fc.option(fc.nat(10), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("cut" as const), calls: fc.nat(12), ending, keep }),
  },
  { weight: 4, arbitrary: fault },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("room" as const),
      bytes: fc.option(fc.nat(9_000), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("damage" as const),
      how: fc.constantFrom<DamageKind[]>("bit", "fresh", "sector", "misdirect", "lose"),
      file: fc.nat(1_000),
      at: fc.nat(1_000_000),
      ending,
    }),
  },
);

/** Scenarios that shrink to the few things that matter. */
export const logScenario: fc.Arbitrary<LogScenario> = fc.record({
  seed: fc.nat(0x7fff_ffff),
  ops: fc.array(op, { minLength: 1, maxLength: 14, size: "max" }),
});
