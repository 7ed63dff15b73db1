import { DEFAULT_STORE_LIMITS } from "../../src/engine/options.ts";
import { Shards } from "../../src/engine/shards.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { parseCreate } from "../../src/flow/core/mod.ts";
import { type Frame, Manifest, openFileLog } from "../../src/log/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { wrappedLog } from "../simulation/wrapped_log.ts";

test("a shard has no more frames in flight than its log takes", async () => {
  const directory = memoryDirectory();
  const random = seededRandom(1);
  const inner = openFileLog({ directory, random, manifest: Manifest.open({ directory, random }) });
  const waiting: Frame[] = [];
  let waitingMax = 0;
  const log = wrappedLog(inner, {
    limits: { ...inner.limits, inFlightMax: 1, inline: false },
    submit(frame) {
      waiting.push(frame);
      waitingMax = Math.max(waitingMax, waiting.length);
    },
  });
  const time = manualTime({ autoDefer: false });
  const limits = DEFAULT_STORE_LIMITS;
  const shards = new Shards({ logs: [log], time, hashKey: [1, 2, 3, 4], limits });
  const payload = new Uint8Array(600_000);
  const created = Array.from({ length: 9 }, (_, index) => {
    const command = parseCreate(`f${index}`, { type: "job", payload }, {
      limits,
      manualClock: true,
    });
    return shards.call(() => {
      const { first } = shards.router;
      shards.apply(command, first);
      return { standsOn: [first.footing()], read: () => index };
    });
  });
  for (let turn = 0; turn < 9; turn++) {
    const frame = waiting.shift();
    if (frame !== undefined) inner.submit(frame);
    time.runDeferred();
  }
  assertEquals(await Promise.all(created), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(waitingMax, 1);
  await shards.close();
});
