/**
 * The machine's own time and randomness: the only file of `src/` that asks for them.
 *
 * Web standards only, so that it runs wherever JavaScript does; what just the server runtimes have
 * is used where it is found.
 *
 * @module
 */

import type { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";
import type { Time } from "./time.ts";
import { TimerAlarm } from "./timer_alarm.ts";

/** Words that are fetched at once: a call for each would cost more than the randomness. */
const RANDOM_BLOCK_WORDS = 2_048;

/** Clocks drift apart by that much in some months, and nobody has set them. */
const DRIFT_MS_MAX = 60_000;

/** The time of the machine that this runs on. */
export function systemTime(): Time {
  const clock: Clock = {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    steadyForMs: () => {
      const passedMs = performance.now();
      const apartMs = Date.now() - (performance.timeOrigin + passedMs);
      return Math.abs(apartMs) > DRIFT_MS_MAX ? 0 : passedMs;
    },
  };
  return {
    clock,
    random: cryptoRandom(),
    manual: false,
    alarm: (ring: () => void): Alarm => new TimerAlarm({ clock, startTimer, ring }),
    defer: nextTurn,
  };
}

/** As the host has it when this is loaded: what a test puts in its place later would stop a store. */
const { setImmediate } = globalThis;

/**
 * Runs `task` after the current macrotask. `setImmediate` comes after the microtasks and after the
 * callbacks of I/O that is ready; where it is missing a timer of 0 ms does the same, less promptly.
 */
export function nextTurn(task: () => void): void {
  if (typeof setImmediate === "function") setImmediate(task);
  else setTimeout(task, 0);
}

function startTimer(callback: () => void, delayMs: number, keepAlive: boolean): () => void {
  const timer: unknown = setTimeout(callback, delayMs);
  if (!keepAlive && canUnref(timer)) timer.unref();
  return () => clearTimeout(timer as number);
}

/**
 * Deno, Bun and Node return objects that can be told not to keep the process alive. A browser
 * returns a number and has no process to keep.
 */
function canUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer &&
    typeof timer.unref === "function";
}

/** Randomness fit for keys and tokens. */
function cryptoRandom(): Random {
  const block = new Uint32Array(RANDOM_BLOCK_WORDS);
  let used = RANDOM_BLOCK_WORDS;
  return {
    u32(): number {
      if (used === RANDOM_BLOCK_WORDS) {
        crypto.getRandomValues(block);
        used = 0;
      }
      const word = block[used] ?? 0;
      // A word that was handed out is not left in memory for others to find.
      block[used++] = 0;
      return word;
    },
  };
}
