import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import { openStore } from "../../mod.ts";
import { manualTime, type Time } from "../../src/time/mod.ts";

test("commands get to the log although every turn of the host takes longer than a second", async () => {
  const inner = manualTime();
  let stalledMs = 0;
  let turnCount = 0;
  const time: Time = {
    ...inner,
    manual: true,
    alarm: (ring) => inner.alarm(ring),
    clock: {
      wallMs: () => inner.clock.wallMs() + stalledMs,
      monotonicMs: () => inner.clock.monotonicMs() + stalledMs,
    },
    defer: (task) =>
      inner.defer(() => {
        stalledMs += 1_500;
        turnCount += 1;
        if (turnCount < 50) task();
      }),
  };
  await using store = await openStore({ dir: ":memory:", time });
  await store.create("a", { type: "job" });
  assert(turnCount < 5, `${turnCount} turns`);
});
