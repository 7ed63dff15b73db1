/**
 * A log that loses and refuses frames by seed, so that what is above it learns to live with that.
 *
 * @module
 */

import { FlowError } from "../../src/errors.ts";
import type { Frame, Log, LogOutcome, VoidReason } from "../../src/log/mod.ts";
import { type Random, randomBelow } from "../../src/time/mod.ts";
import { wrappedLog } from "./wrapped_log.ts";

/** How often what happens. */
export interface VoidingOptions {
  /** Decides. */
  readonly random: Random;
  /** Of a hundred frames, how many are void. Default 20. */
  readonly voidPercent?: number;
  /** Of a hundred frames, how many are lost; half of them are in the log. Default 0. */
  readonly losePercent?: number;
  /** The reasons to choose from. Default: all. */
  readonly reasons?: readonly VoidReason[];
}

const reasonsOfAll: readonly VoidReason[] = ["moved", "no_space", "too_large", "denied", "sealed"];

/**
 * Puts chance before a log. `inner` refuses a void frame; a lost one does or does not, and
 * after it every call fails with `store_failed`, as it would on a disk.
 */
export function voidingLog(inner: Log, options: VoidingOptions): Log {
  const { random, voidPercent = 20, losePercent = 0, reasons = reasonsOfAll } = options;
  let listener: (frame: Frame, outcome: LogOutcome) => void = () => {};
  let isLost = false;
  /** Frames that chance makes void, by what the inner log gets in their place. */
  const voided = new Map<Frame, { readonly frame: Frame; readonly why: VoidReason }>();
  inner.onSettled((frame, outcome) => {
    if (isLost) return;
    const chosen = voided.get(frame);
    voided.delete(frame);
    if (chosen === undefined) listener(frame, outcome);
    else listener(chosen.frame, { kind: "void", why: chosen.why });
  });
  const usable = (): Log => {
    if (isLost) throw new FlowError("store_failed", "The log has lost a frame");
    return inner;
  };
  const lose = (frame: Frame): void => {
    isLost = true;
    if (randomBelow(random, 2) === 0) inner.submit(frame);
    listener(frame, { kind: "lost", cause: new Error("Lost by chance") });
  };
  return wrappedLog(inner, {
    nextPlace: () => usable().nextPlace(),
    submit(frame) {
      usable();
      const chance = randomBelow(random, 100);
      if (chance < losePercent) return lose(frame);
      if (chance >= losePercent + voidPercent) return inner.submit(frame);
      // The inner log waits for the frame that it gave a place: it gets one that it has to refuse.
      const base = { ...frame.base, index: frame.base.index + 1 };
      const refused = { ...frame, base };
      voided.set(refused, { frame, why: reasons[randomBelow(random, reasons.length)]! });
      inner.submit(refused);
    },
    onSettled(set) {
      listener = set;
    },
    read: (afterIndex) => usable().read(afterIndex),
    readBytes: (...place) => usable().readBytes(...place),
    mark() {
      if (!isLost) inner.mark();
    },
  });
}
