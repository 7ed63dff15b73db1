/**
 * Stores with one thing wrong. The simulation must notice every one of them; one that it does not
 * notice would mean that it cannot see that kind of mistake.
 *
 * The mistakes are made around the store or by replacing one of its parts, so that its own code has
 * no switches.
 *
 * @module
 */

import type { Call } from "../../../src/engine/calls/pending.ts";
import type { Waiter } from "../../../src/engine/calls/waiters.ts";
import type { Shards } from "../../../src/engine/shards.ts";
import { FlowError } from "../../../src/errors.ts";
import { type CommittedFrame, endOfFrame, type Frame, type Log } from "../../../src/log/mod.ts";
import type { EnginePractice } from "../engine/machine.ts";
import { wrappedLog } from "../wrapped_log.ts";
import { checkpointMutants } from "./checkpoint.ts";
import { coolingMutants } from "./cooling.ts";
import { familyMutants } from "./family.ts";
import { keyMutants } from "./key.ts";
import { mergeMutants } from "./merge.ts";
import { runningMutants } from "./running.ts";
import { stateMutants } from "./state.ts";
import { threadMutants } from "./thread.ts";

/** A mistake in how calls are decided or answered. */
function onCalls(
  name: string,
  change: <T>(call: Call<T>, shards: Shards) => Partial<Call<T>>,
): EnginePractice {
  return {
    name,
    call: (call, shards) => ({
      looksAt: call.looksAt,
      decide: () => call.decide(),
      resolve: (value) => call.resolve(value),
      reject: (error) => call.reject(error),
      ...change(call, shards),
    }),
  };
}

/** A mistake between the shard and its log. */
function onLog(name: string, change: (inner: Log) => Partial<Log>): EnginePractice {
  return { name, log: (inner) => wrappedLog(inner, change(inner)) };
}

/** How much all shards have decided. */
function headOf({ all }: Shards): number {
  return all.reduce((sum, { headLsn }) => sum + headLsn, 0);
}

/** Answers commands as soon as they are decided. */
const answerEarly = onCalls("answerEarly", (call, shards) => ({
  decide() {
    const headLsn = headOf(shards);
    const verdict = call.decide();
    return verdict === undefined || headOf(shards) === headLsn
      ? verdict
      : { standsOn: [], read: () => verdict.read() };
  },
}));

/** Shows to readers what is not on disk. */
const showUnsettled = onCalls("showUnsettled", (call, shards) => ({
  decide() {
    const headLsn = headOf(shards);
    const verdict = call.decide();
    return verdict === undefined || headOf(shards) > headLsn
      ? verdict
      : { standsOn: [], read: () => verdict.read() };
  },
}));

/** Refuses because of what is not on disk. */
const refuseEarly = onCalls("refuseEarly", (call) => ({
  decide() {
    try {
      return call.decide();
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      return {
        standsOn: [],
        read() {
          throw error;
        },
      };
    }
  },
}));

/** Forgets the calls of a frame that turned out void. */
const forgetVoidCalls = onCalls("forgetVoidCalls", (call) => {
  let isDecided = false;
  return {
    decide() {
      if (isDecided) return undefined;
      const verdict = call.decide();
      isDecided = verdict !== undefined;
      return verdict;
    },
  };
});

/** Answers the calls of a void frame as if it had been committed. */
const answerVoidCalls = onCalls("answerVoidCalls", (call) => {
  let decided: ReturnType<typeof call.decide>;
  return {
    decide() {
      if (decided !== undefined) return { ...decided, standsOn: [] };
      return decided = call.decide();
    },
  };
});

/** Does not tell callers that their outcome is unknown. */
const silentLoss = onCalls("silentLoss", (call) => ({
  reject(error) {
    if (!(error instanceof FlowError) || error.code !== "unknown_outcome") call.reject(error);
  },
}));

/** Says that a call has failed which may have succeeded. */
const lossIsFailure = onCalls("lossIsFailure", (call) => ({
  reject(error) {
    const isUnknown = error instanceof FlowError && error.code === "unknown_outcome";
    call.reject(
      isUnknown
        ? new FlowError("overloaded", "Try again", { details: { retryAfterMs: 100 } })
        : error,
    );
  },
}));

/** Keeps what was decided ahead of a frame that turned out void. */
const undoNothing = onLog("undoNothing", (inner) => {
  const voided: CommittedFrame[] = [];
  return {
    onSettled: (listener) =>
      inner.onSettled((frame, outcome) => {
        if (outcome.kind === "void" && frame.base.lsn === inner.end.lsn) {
          voided.push({
            ...frame,
            end: endOfFrame(frame),
            place: inner.nextPlace(),
            isMerged: false,
          });
        }
        listener(frame, outcome);
      }),
    *read(afterIndex) {
      yield* inner.read(afterIndex);
      for (const frame of voided) if (frame.base.index === inner.end.index) yield frame;
    },
  };
});

/** Takes frames of one outcome for committed. */
function takenForCommitted(kind: "void" | "lost"): (inner: Log) => Partial<Log> {
  return (inner) => {
    let last: Frame | undefined;
    return {
      get end() {
        return last === undefined ? inner.end : endOfFrame(last);
      },
      onSettled: (listener) =>
        inner.onSettled((frame, outcome) => {
          if (outcome.kind !== kind) return listener(frame, outcome);
          last = frame;
          listener(frame, { kind: "committed", end: endOfFrame(frame) });
        }),
    };
  };
}

/** Reads all but the last frame when it opens. */
const lastFrameUnread = onLog("lastFrameUnread", (inner) => ({
  *read(afterIndex) {
    for (const frame of inner.read(afterIndex)) {
      if (frame.end.index < inner.end.index || frame.end.index < 3) yield frame;
    }
  },
}));

/** Begins with the wall clock, whatever was logged. */
const timeFromWall = onLog("timeFromWall", (inner) => ({
  *read(afterIndex) {
    for (const frame of inner.read(afterIndex)) yield { ...frame, timeMs: 0 };
  },
}));

/** Leaves files open when it closes. */
const leakFiles = onLog("leakFiles", (inner) => ({ close: () => inner.mark() }));

/** Tells nobody who follows that something has been committed. */
const silentFeed: EnginePractice = {
  name: "silentFeed",
  shards({ all }) {
    for (const { feed } of all) feed.committed = () => {};
  },
};

/** Keeps the ballast when there is no room. */
const ballastKept: EnginePractice = {
  name: "ballastKept",
  shards: ({ admission }) => void (admission.ranOutOfRoom = () => false),
};

/** Takes the disk for full for ever. */
const fullForEver: EnginePractice = {
  name: "fullForEver",
  shards({ admission }) {
    const { overload, ranOutOfRoom } = admission;
    let wasFull = false;
    admission.ranOutOfRoom = () => {
      wasFull = true;
      return ranOutOfRoom.call(admission);
    };
    admission.overload = () =>
      wasFull ? { reason: "disk_full", message: "full" } : overload.call(admission);
  },
};

/** Refuses old work, too, while little room is left. */
const refusesOldWork: EnginePractice = {
  name: "refusesOldWork",
  shards({ admission }) {
    const { admit } = admission;
    admission.admit = (effects, bytes) => {
      const overload = admission.overload();
      if (overload !== undefined) {
        throw new FlowError("overloaded", overload.message, { details: { retryAfterMs: 100 } });
      }
      admit.call(admission, effects, bytes);
    };
  },
};

/** Does not look for waiters when something has changed. */
const noWake: EnginePractice = {
  name: "noWake",
  shards: ({ waiters }) => void (waiters.serve = () => {}),
};

/** Does not set the alarm for flows that become due. */
const noDueAlarm: EnginePractice = {
  name: "noDueAlarm",
  shards: ({ waiters }) => void (waiters.nextDueMs = () => Infinity),
};

/** Lets claims wait longer than they want to. */
const noDeadline: EnginePractice = {
  name: "noDeadline",
  shards: ({ waiters }) => void (waiters.expire = () => {}),
};

/** Asks a waiter again that has been served. */
const servedTwice: EnginePractice = {
  name: "servedTwice",
  shards: ({ waiters }) => void (waiters.remove = () => {}),
};

/** Serves who came last. */
const lastComeFirstServed: EnginePractice = {
  name: "lastComeFirstServed",
  shards({ waiters }) {
    let line: Waiter[] = [];
    const add = waiters.add.bind(waiters);
    const remove = waiters.remove.bind(waiters);
    waiters.remove = (waiter) => {
      line = line.filter((other) => other !== waiter);
      remove(waiter);
    };
    waiters.add = (waiter) => {
      add(waiter);
      for (const other of line) {
        remove(other);
        add(other);
      }
      line.unshift(waiter);
    };
  },
};

/** Every mutant. */
export const engineMutants: readonly EnginePractice[] = [
  answerEarly,
  showUnsettled,
  refuseEarly,
  forgetVoidCalls,
  answerVoidCalls,
  silentLoss,
  lossIsFailure,
  undoNothing,
  onLog("voidIsCommitted", takenForCommitted("void")),
  onLog("lostIsCommitted", takenForCommitted("lost")),
  lastFrameUnread,
  timeFromWall,
  leakFiles,
  silentFeed,
  ballastKept,
  fullForEver,
  refusesOldWork,
  noWake,
  noDueAlarm,
  noDeadline,
  servedTwice,
  lastComeFirstServed,
  ...stateMutants,
  ...keyMutants,
  ...familyMutants,
  ...threadMutants,
  ...mergeMutants,
  ...checkpointMutants,
  ...coolingMutants,
  ...runningMutants,
];
