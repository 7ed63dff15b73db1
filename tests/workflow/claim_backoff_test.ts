import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { claimBackoffMs } from "../../src/workflow/worker/claim_backoff.ts";
import { assertEquals, assertGreater, assertGreaterOrEqual, assertLessOrEqual } from "../assert.ts";
import { test } from "../harness.ts";

const random = seededRandom(1);
const error = new Error("down");

test("claimBackoffMs() doubles from the interval up to 30 seconds, less a fifth at most", () => {
  const fulls = [[1, 250], [2, 500], [3, 1_000], [7, 16_000], [8, 30_000], [
    5_000,
    30_000,
  ]] as const;
  for (const [failureCount, fullMs] of fulls) {
    const drawn = Array.from(
      { length: 200 },
      () => claimBackoffMs({ failureCount, intervalMs: 250, error, random }),
    );
    assertLessOrEqual(Math.max(...drawn), fullMs);
    assertGreaterOrEqual(Math.min(...drawn), fullMs * 0.8);
    assertGreater(new Set(drawn).size, 20);
  }
});

test("claimBackoffMs() is never less than an overloaded store asks for", () => {
  const details = { retryAfterMs: 4_000 };
  const busy = new FlowError("overloaded", "Busy", { details });
  const short = { intervalMs: 250, failureCount: 1, random };
  assertEquals(claimBackoffMs({ ...short, error: busy }), 4_000);
  const silent = new FlowError<FlowErrorCode>("overloaded", "Busy");
  assertLessOrEqual(claimBackoffMs({ ...short, error: silent }), 250);
  assertGreaterOrEqual(claimBackoffMs({ ...short, failureCount: 9, error: busy }), 24_000);
});
