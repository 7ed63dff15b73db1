import { FlowError } from "../../mod.ts";
import {
  checkCheckpoints,
  checkLimits,
  checkMerge,
  checkRetention,
  DEFAULT_STORE_LIMITS,
  type StoreLimits,
} from "../../src/engine/options.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

/** What limits may be, where that is not just any whole number from 1 on. */
const limitRanges = {
  commandBytesMax: [1, 8_388_608],
  diskFreeBytesMin: [0, Number.MAX_SAFE_INTEGER],
  ballastBytes: [0, 1_073_741_824],
  hotFlowsMax: [0, Number.MAX_SAFE_INTEGER],
  valueInlineBytesMax: [1, 4_194_304],
  kvKeyBytesMax: [1, 65_536],
  segmentBytesMax: [65_536, 1_073_741_824],
};

test("checkLimits() takes the smallest and the largest of every limit, and nothing beyond them", () => {
  for (const name of Object.keys(DEFAULT_STORE_LIMITS) as (keyof StoreLimits)[]) {
    const ranges: Partial<Record<keyof StoreLimits, number[]>> = limitRanges;
    const [min, max] = ranges[name] ?? [1, Number.MAX_SAFE_INTEGER];
    const limited = (value: number) => checkLimits({ dir: ":memory:", limits: { [name]: value } });
    for (const value of [min!, max!]) assertEquals(limited(value)[name], value);
    for (const value of [min! - 1, max! + 1, min! + 0.5]) {
      const { details } = assertThrows(() => limited(value), FlowError);
      assertEquals(details, { field: `limits.${name}`, value, limit: max });
    }
  }
});

test("checkRetention() and checkCheckpoints() take the smallest and the largest, and nothing beyond", () => {
  const year = 31_536_000_000;
  for (const intervalMs of [1, year]) {
    assertEquals(checkRetention({ intervalMs }), { sweep: true, intervalMs });
  }
  assertThrows(() => checkRetention({ intervalMs: year + 1 }), FlowError, "retention.intervalMs");
  for (const logBytes of [1, Number.MAX_SAFE_INTEGER]) {
    assertEquals(checkCheckpoints({ logBytes }).logBytes, logBytes);
  }
  for (const keepBytes of [0, Number.MAX_SAFE_INTEGER]) {
    assertEquals(checkMerge({ merge: { keepBytes } }), { auto: true, keepBytes });
  }
});
