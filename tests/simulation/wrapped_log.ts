/**
 * A log with some of its calls replaced.
 *
 * @module
 */

import type { Log } from "../../src/log/mod.ts";

/** The log, but for what `changed` has. */
export function wrappedLog(inner: Log, changed: Partial<Log>): Log {
  return {
    nextPlace: () => inner.nextPlace(),
    submit: (frame) => inner.submit(frame),
    onSettled: (listener) => inner.onSettled(listener),
    onLost: (listener) => inner.onLost(listener),
    read: (after) => inner.read(after),
    readBytes: (...place) => inner.readBytes(...place),
    mark: () => inner.mark(),
    close: () => inner.close(),
    ...changed,
    get limits() {
      return changed.limits ?? inner.limits;
    },
    get mode() {
      return changed.mode ?? inner.mode;
    },
    get end() {
      return changed.end ?? inner.end;
    },
    get segments() {
      return changed.segments ?? inner.segments;
    },
  };
}
