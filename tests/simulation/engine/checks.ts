/**
 * What must be true of a store at certain moments.
 *
 * @module
 */

import type { LastCheckpoint } from "../../../src/engine/checkpoints/checkpoints.ts";
import type { FlowError } from "../../../src/errors.ts";
import { Violation } from "../log_oracle.ts";
import { microtasks } from "../moment.ts";
import { checkState } from "../state_check.ts";
import { nameOf } from "./journal.ts";
import type { EngineProcess } from "./machine.ts";
import type { EngineOracle } from "./oracle.ts";
import type { Ticket } from "./ticket.ts";

/** What is known about the moment. */
export interface Moment {
  /** Whether the store has had the time to notice a leap of the wall clock. */
  readonly hasNoticed: boolean;
  /** Whether there was room on the disk since it was opened. */
  readonly hadRoom: boolean;
  /** Whether it was open long enough, with room on the disk, to sweep what was over. */
  readonly hasSwept: boolean;
  /** Whether flows can be looked at: cold ones are read, which takes faults meant for others. */
  readonly mayLook: boolean;
}

/** After a leap of the wall clock it takes so long until everybody has noticed. */
export const LEAP_NOTICED_MS = 20_000;

/** After an opening it takes so long until what was over before is swept. */
export const SWEEP_MS = 2_000;

/** What is over for so long has been swept, one slice after the other. */
const SWEEP_MS_MAX = 2_000;

/** Nothing can happen any more without time going on: nobody waits for what is there. */
export function checkAtRest(running: EngineProcess, oracle: EngineOracle, moment: Moment): void {
  const { shard, shards, log } = running;
  if (shard.headLsn !== log.end.lsn) throw new Violation("A frame was forgotten");
  for (const ticket of oracle.open) checkWaiting(ticket, running, oracle, moment);
  const claims = [...oracle.open].filter(({ request: { claim } }) => claim !== undefined);
  if (shards.waiters.count !== claims.length) {
    throw new Violation(`${shards.waiters.count} claims wait, not ${claims.length}`);
  }
  if (moment.hadRoom && oracle.journal.model.family.closings.length > 0) {
    throw new Violation("Ends that count already are not written");
  }
  if (moment.mayLook) checkState(shard.state, oracle.journal.model);
  const { model } = oracle.journal;
  const left = model.flows.find(({ untilMs }) =>
    untilMs !== null && untilMs + SWEEP_MS_MAX < shards.now()
  );
  if (moment.hasSwept && left !== undefined) throw new Violation(`${nameOf(left)} is not swept`);
  const key = model.kv.keys.find(({ untilMs }) =>
    untilMs !== null && untilMs + SWEEP_MS_MAX < shards.now()
  );
  if (moment.hasSwept && key !== undefined) {
    throw new Violation(`The key "${key.key}" is not swept`);
  }
}

/** The log is lost: everybody has been told, and nothing is served any more. */
export async function checkPoisoned(
  { store, time }: EngineProcess,
  oracle: EngineOracle,
): Promise<void> {
  // A claim that came after a pause is decided a turn later.
  time.tick(0);
  await microtasks();
  oracle.check();
  const [ticket] = oracle.open;
  if (ticket !== undefined) throw new Violation(`${ticket} was not told that the log is lost`);
  const calls = [
    store.get("f"),
    store.create("f", { type: "t" }),
    store.info("t"),
    store.kv.get("a"),
    store.kv.set("a", 1),
    store.atomic("p", ({ kv }) => void kv.delete("a")),
  ];
  const codes = await Promise.all(
    calls.map((call) => call.then(() => "served", (error) => (error as FlowError).code)),
  );
  const wrong = codes.find((code) => code !== "store_failed");
  if (wrong !== undefined) throw new Violation(`A lost store answers ${wrong}`);
}

function checkWaiting(
  ticket: Ticket,
  { shards, time }: EngineProcess,
  { journal: { model } }: EngineOracle,
  { hasNoticed }: Moment,
): void {
  const { status, sentAtMs, request: { claim, given, abort } } = ticket;
  // It waits for ends that the disk has no room for.
  if (status === "waiting" && claim === undefined && model.family.closings.length > 0) return;
  if (status !== "waiting" || claim === undefined) {
    throw new Violation(`${ticket} was ${status} and is forgotten`);
  }
  // An alarm rings within the millisecond in which it is time.
  model.nowMs = shards.now() - 1;
  const [flow] = model.claimable(claim);
  if (flow !== undefined && hasNoticed) {
    throw new Violation(`${ticket} waits, though "${flow.id}" in "${flow.partitionKey}" is due`);
  }
  const { blockMs } = given[1] as { readonly blockMs: number };
  const waitedMs = time.clock.monotonicMs() - sentAtMs;
  if (blockMs > 0 && waitedMs >= blockMs + 1) {
    throw new Violation(`${ticket} has waited for ${waitedMs} ms`);
  }
  if (abort?.signal.aborted) throw new Violation(`${ticket} waits though aborted`);
}

/**
 * What was in a checkpoint once is not read again, unless its segment was merged since, or one behind
 * it, or it was decided by one that ends behind it what is left of one before it.
 */
export function checkPromised(
  { checkpoints, shard }: EngineProcess,
  promised: LastCheckpoint | undefined,
): void {
  const { list } = shard.segments;
  const at = list.findIndex(({ id }) => id === promised?.segment);
  const { lsn } = checkpoints.last(0);
  if (promised === undefined || at < 0 || lsn >= promised.lsn) return;
  const isOlder = (last: number | undefined): boolean =>
    last === undefined || list.find(({ id }) => id === last)!.lastLsn < promised.lsn;
  const isAsItWas = list.every(({ isMerged, lastOfMerge }, index) =>
    index > at ? !isMerged : isOlder(lastOfMerge)
  );
  if (!isAsItWas) return;
  throw new Violation(`The log is read from ${lsn} on, and not from ${promised.lsn}`);
}
