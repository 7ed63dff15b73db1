import {
  DEFAULT_CHECKPOINT_PLAN,
  isCheckpointDue,
} from "../../src/engine/checkpoints/checkpoint_plan.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const MIB = 1_048_576;
const plan = { ...DEFAULT_CHECKPOINT_PLAN, logBytes: 64 * MIB, logRecords: 500_000 };

/** Whether one is due when the log has grown by so many MiB and records since the last one. */
function isDue(
  { mib = 0, records = 0, lastMib = 0, mergedMib = 0, share = 1 }: {
    readonly mib?: number;
    readonly records?: number;
    readonly lastMib?: number;
    readonly mergedMib?: number;
    readonly share?: number;
  },
): boolean {
  const last = { lsn: 7, logBytes: MIB, mergedBytes: mergedMib * MIB, bytes: lastMib * MIB };
  const end = { end: { index: 1, lsn: 7 + records, chain: 0 }, segment: 1, endOffset: 0 };
  const log = { bytes: (1 + mib) * MIB, end };
  return isCheckpointDue(last, log, plan, share);
}

test("isCheckpointDue() tells when much has come, and more than the last one took", () => {
  assertEquals(isDue({ mib: 63 }), false);
  assertEquals(isDue({ mib: 64 }), true);
  assertEquals(isDue({ mib: 1, records: 500_000 }), true);
  assertEquals(isDue({ mib: 1, records: 500_000, lastMib: 2 }), false);
  assertEquals(isDue({ mib: 199, lastMib: 200 }), false);
  assertEquals(isDue({ mib: 200, lastMib: 200 }), true);
  // What merges have written is read again in a quarter of the time.
  assertEquals(isDue({ mib: 32, mergedMib: 127 }), false);
  assertEquals(isDue({ mib: 32, mergedMib: 128 }), true);
});

test("isCheckpointDue() tells when a share of that has come, also of what the last one took", () => {
  assertEquals(isDue({ mib: 31, share: 0.5 }), false);
  assertEquals(isDue({ mib: 32, share: 0.5 }), true);
  assertEquals(isDue({ mib: 32, lastMib: 200, share: 0.5 }), false);
  assertEquals(isDue({ mib: 100, lastMib: 200, share: 0.5 }), true);
  assertEquals(isDue({ mib: 1, records: 250_000, share: 0.5 }), true);
});
