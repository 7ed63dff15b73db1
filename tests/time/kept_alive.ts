/**
 * Time that knows whether an alarm would keep the process alive.
 *
 * @module
 */

import {
  type Alarm,
  type ManualTime,
  manualTime,
  type ManualTimeOptions,
} from "../../src/time/mod.ts";

/** Time that is moved by hand, and knows what somebody waits for. */
export interface WatchedTime extends ManualTime {
  /** Whether an alarm is set that keeps the process alive. */
  readonly isKeptAlive: boolean;
}

/** Manual time with alarms that are watched. */
export function watchedTime(options: ManualTimeOptions = {}): WatchedTime {
  const time = manualTime(options);
  const keeping = new Set<Alarm>();
  return {
    manual: true,
    clock: time.clock,
    random: time.random,
    get isKeptAlive() {
      return keeping.size > 0;
    },
    get nextAlarmMs() {
      return time.nextAlarmMs;
    },
    get deferredCount() {
      return time.deferredCount;
    },
    alarm(ring) {
      const inner = time.alarm(() => {
        keeping.delete(inner);
        ring();
      });
      return {
        set(atMonotonicMs, given) {
          inner.set(atMonotonicMs, given);
          keeping.delete(inner);
          if (given?.keepAlive === true && atMonotonicMs !== Infinity) keeping.add(inner);
        },
        clear() {
          inner.clear();
          keeping.delete(inner);
        },
      };
    },
    defer: (task) => time.defer(task),
    advance: (ms) => time.advance(ms),
    tick: (ms) => time.tick(ms),
    runDeferred: () => time.runDeferred(),
    setWall: (wallMs) => time.setWall(wallMs),
  };
}
