/**
 * Log threads with one thing wrong, and logs that get one thing about their thread wrong.
 *
 * @module
 */

import type { IoResult } from "../../../src/log/mod.ts";
import type { EnginePractice } from "../engine/machine.ts";
import { onIo } from "./io_practice.ts";

type Done = (result: IoResult) => void;

/** What is written comes to something else. */
function writesEnd(name: string, as: (result: IoResult, done: Done) => void): EnginePractice {
  return onIo(name, (inner) => ({
    write: (target, write, done) => inner.write(target, write, (result) => as(result, done)),
  }));
}

/** Answers as soon as it has heard, and writes later. */
const threadAnswersEarly = onIo("threadAnswersEarly", (inner) => {
  const orders: (() => void)[] = [];
  const next = (): void => void orders.shift()?.();
  const later = (order: () => void): void => {
    orders.push(order);
    if (orders.length === 1) order();
  };
  const finished = (): void => {
    next();
    orders[0]?.();
  };
  return {
    reserve: (target, done) =>
      later(() =>
        inner.reserve(target, (result) => {
          finished();
          done(result);
        })
      ),
    write(target, write, done) {
      const memory = new Uint8Array(write.length);
      write.fill(memory);
      const copied = { ...write, fill: (bytes: Uint8Array) => bytes.set(memory) };
      later(() => inner.write(target, copied, finished));
      done({ kind: "done" });
    },
  };
});

/** Takes the end of a thread for the end of its work. */
const deathIsDone = writesEnd(
  "deathIsDone",
  (result, done) => done(result.kind === "failed" ? { kind: "done" } : result),
);

/** Takes what a thread has left undone for what it has not begun. */
const deathIsVoid = writesEnd(
  "deathIsVoid",
  (result, done) => done(result.kind === "failed" ? { kind: "no_space" } : result),
);

/** Never hears that a thread has ended. */
const deathUnheard = writesEnd("deathUnheard", (result, done) => {
  if (result.kind !== "failed") done(result);
});

/** Says that the next segment is there, and has done nothing for it. */
const reservesNothing = onIo("reservesNothing", () => ({
  reserve: (_target, done) => done({ kind: "done" }),
}));

/** Writes what was to follow a frame also if that is not there. */
const threadIsHeedless: EnginePractice = {
  name: "threadIsHeedless",
  thread: { isHeedless: true },
};

/** Every mutant. */
export const threadMutants: readonly EnginePractice[] = [
  threadAnswersEarly,
  deathIsDone,
  deathIsVoid,
  deathUnheard,
  reservesNothing,
  threadIsHeedless,
];
