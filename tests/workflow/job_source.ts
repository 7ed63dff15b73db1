/**
 * A store that hands out jobs like one that waits: a claim with nothing to give ends after `blockMs`,
 * if that is not 0, or with its signal.
 *
 * @module
 */

import type { BatchOutcome, FlowRecord } from "../../src/flow/mod.ts";
import {
  type FakeAnswers,
  fakeRecord,
  type FakeStore,
  fakeStore,
  type ManualTime,
  manualTime,
} from "../../src/testing/mod.ts";

/** A store with a queue of ids. */
export interface JobSource {
  /** The store. */
  readonly store: FakeStore;
  /** Its time, which is also the worker's. */
  readonly time: ManualTime;
  /** Makes flows due, and wakes the claim that waits. */
  add(...ids: string[]): void;
  /** The arguments of every call of a command after the claims: its first and second. */
  sent(...commands: string[]): unknown[];
  /** The limits of the claims so far. */
  limits(): unknown[];
}

/** A store whose flows are of type `email` and due in state `queued`. */
export function jobSource(answers: FakeAnswers = {}): JobSource {
  const time = manualTime();
  const due: string[] = [];
  let wake = (): void => {};
  const after = fakeRecord();
  const all = (items: readonly unknown[]): Promise<never> =>
    Promise.resolve(items.map((): BatchOutcome => ({ ok: true, record: after })) as never);
  const store = fakeStore({
    time,
    claimDue: async (_type, { limit = 1, blockMs = 0, signal, leaseMs }) => {
      if (due.length === 0) await waitFor(blockMs, signal);
      return due.splice(0, limit).map((id) => leased(id, leaseMs));
    },
    ...{ complete: () => after, transition: () => after, retry: () => after, fail: () => after },
    ...{ completeMany: all, transitionMany: all, retryMany: all, failMany: all },
    extendLease: () => after,
    ...answers,
  });

  function waitFor(blockMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const alarm = time.alarm(resolve);
      if (blockMs > 0) alarm.set(time.clock.monotonicMs() + blockMs);
      wake = (): void => {
        alarm.clear();
        resolve();
      };
      signal?.addEventListener("abort", () => {
        alarm.clear();
        reject(signal.reason);
      }, { once: true });
    });
  }

  return {
    store,
    time,
    add(...ids: string[]): void {
      due.push(...ids);
      wake();
    },
    sent: (...commands) =>
      store.calls.filter(({ command }) => commands.includes(command))
        .map(({ command, args }) => [command, args[0], args[1]]),
    limits: () =>
      store.calls.flatMap((call) => call.command === "claimDue" ? [call.args[1].limit] : []),
  };
}

function leased(id: string, leaseMs = 30_000): FlowRecord {
  return fakeRecord({
    ...{ id, runState: "queued", payload: id, payloadSize: id.length + 2 },
    ...{ createdAtMs: 1_600_000_000_000, leaseDeadlineMs: 1_700_000_000_000 + leaseMs },
  });
}
