/**
 * A log that answers later than it is asked, as one in a thread or on other machines does.
 *
 * @module
 */

import {
  type Frame,
  isSamePosition,
  type Log,
  type LogOutcome,
  type LogPosition,
} from "../../src/log/mod.ts";
import { type Random, randomBelow, type Time } from "../../src/time/mod.ts";
import { wrappedLog } from "./wrapped_log.ts";

/** How slow. */
export interface SlowLogOptions {
  /** Whose turns go by. */
  readonly time: Time;
  /** Decides how many. */
  readonly random: Random;
}

/** An outcome that nobody has heard of. */
interface Settled {
  readonly frame: Frame;
  readonly outcome: LogOutcome;
  turnCount: number;
  /** Void, but whoever writes the next frame does not know that yet. */
  isInTheWay: boolean;
}

/** Bytes before the body of a frame. */
const HEADER_BYTES = 64;

/** The most turns that an outcome takes. */
const TURNS_MAX = 4;

/**
 * Tells outcomes a few turns later, in order. What stands on a frame that is void is void, too;
 * what is submitted after a frame was lost is lost.
 */
export function slowLog(inner: Log, { time, random }: SlowLogOptions): Log {
  let listener: (frame: Frame, outcome: LogOutcome) => void = () => {};
  let end: LogPosition = inner.end;
  let outcome: LogOutcome | undefined;
  const settled: Settled[] = [];
  inner.onSettled((_frame, settling) => outcome = settling);
  const settle = (frame: Frame): LogOutcome => {
    if (!isSamePosition(frame.base, inner.end)) return { kind: "void", why: "moved" };
    try {
      inner.submit(frame);
      return outcome!;
    } catch (cause) {
      return { kind: "lost", cause };
    }
  };
  const tellOne = (): void => {
    const first = settled[0]!;
    if (--first.turnCount > 0) return time.defer(tellOne);
    settled.shift();
    if (first.outcome.kind === "committed") end = first.outcome.end;
    // With a void frame those that stand on it are known to be void, too.
    else for (const other of settled) other.isInTheWay = false;
    if (settled.length > 0) time.defer(tellOne);
    listener(first.frame, first.outcome);
  };
  return wrappedLog(inner, {
    limits: { ...inner.limits, inFlightMax: 3, inline: false },
    get end() {
      return end;
    },
    nextPlace() {
      const { segment, offset } = inner.nextPlace();
      const inTheWay = settled.filter(({ isInTheWay }) => isInTheWay);
      const bytes = inTheWay.reduce((sum, { frame }) => sum + HEADER_BYTES + frame.body.length, 0);
      return { segment, offset: offset + bytes };
    },
    submit(frame) {
      const outcome = settle(frame);
      const turnCount = 1 + randomBelow(random, TURNS_MAX);
      settled.push({ frame, outcome, turnCount, isInTheWay: outcome.kind === "void" });
      if (settled.length === 1) time.defer(tellOne);
    },
    onSettled(set) {
      listener = set;
    },
  });
}
