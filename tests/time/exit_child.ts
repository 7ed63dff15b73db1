/**
 * A process that ends by itself when nothing keeps it alive any more, long before its other alarm.
 *
 * @module
 */

import process from "node:process";
import { systemTime } from "../../src/time/mod.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const time = systemTime();
const nowMs = time.clock.monotonicMs();
say("start");
time.alarm(() => say("alarm that does not")).set(nowMs + 15_000);
// One after the other: on a busy machine 50 ms can be over before the first turn ends.
time.defer(() => {
  say("deferred");
  time.alarm(() => say("alarm that keeps alive")).set(nowMs + 50, { keepAlive: true });
});
