/**
 * What keeps the process of a worker alive.
 *
 * @module
 */

import { noReply, startWorker, type, workflow } from "../../src/workflow/mod.ts";
import { Bell } from "../../src/workflow/worker/bell.ts";
import { Heartbeat } from "../../src/workflow/worker/heartbeat.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { runScript } from "../runtimes.ts";
import { watchedTime } from "../time/kept_alive.ts";
import { jobSource } from "./job_source.ts";

test("Bell.wait() keeps the process alive for a moment, not for a ring alone", async () => {
  const time = watchedTime();
  const bell = new Bell(time);
  const rung = bell.wait();
  assertEquals([time.isKeptAlive, time.nextAlarmMs], [false, undefined]);
  bell.ring();
  await rung;
  const waited = bell.wait(1_000);
  assert(time.isKeptAlive);
  await time.advance(1_000);
  await waited;
  assert(!time.isKeptAlive);
  void bell.wait(9_000);
  bell.ring();
  assertEquals([time.isKeptAlive, time.nextAlarmMs], [false, undefined]);
});

test("Heartbeat keeps the process alive as long as it has a job", async () => {
  const time = watchedTime();
  const beat = new Heartbeat<object>({
    ...{ time, leaseMs: 3_000, onLost: () => {}, onError: () => {} },
    extend: () => Promise.resolve(),
  });
  assert(!time.isKeptAlive);
  const [first, second] = [{}, {}];
  beat.add(first);
  beat.add(second);
  for (let beats = 0; beats < 3; beats++) {
    assert(time.isKeptAlive);
    await time.advance(1_000);
  }
  beat.remove(first);
  assert(time.isKeptAlive);
  beat.remove(second);
  assertEquals([time.isKeptAlive, time.nextAlarmMs], [false, undefined]);
});

test("a handler with a time limit keeps the process alive until it ends or is out of time", async () => {
  const { store, add } = jobSource();
  const time = watchedTime();
  const email = workflow({
    ...{ type: "email", store, initialState: "queued" },
    states: { queued: { payload: type<string>(), handlerTimeoutMs: 5_000 } },
  });
  const ends: (() => void)[] = [];
  await using _ = startWorker(email, {
    ...{ worker: "w", time, heartbeat: false, onError: () => {} },
    handler: () => new Promise((resolve) => ends.push(() => resolve(noReply))),
  });
  await time.advance(0);
  assert(!time.isKeptAlive);
  add("a");
  await time.advance(0);
  assertEquals([ends.length, time.isKeptAlive], [1, true]);
  ends[0]!();
  await time.advance(0);
  assert(!time.isKeptAlive);
  add("b");
  await time.advance(4_999);
  assertEquals([ends.length, time.isKeptAlive], [2, true]);
  await time.advance(1);
  assert(!time.isKeptAlive);
});

test("a process ends when its store is closed under handlers that never return", async () => {
  const script = new URL("./closing_child.ts", import.meta.url);
  const { ended, text } = await runScript(script, { timeoutMs: 20_000 });
  assertEquals([ended, text], [[0, null], "store_closed\nstore_closed\nexit\n"]);
});
