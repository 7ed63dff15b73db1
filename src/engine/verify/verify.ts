/**
 * A look at every byte and every reference of a store, while it is open.
 *
 * @module
 */
import type { Directory } from "../../files/mod.ts";
import { indexFlaws } from "../../flow/core/mod.ts";
import { InvariantError } from "../../invariant.ts";
import { type Log, type Manifest, manifestFlaw } from "../../log/mod.ts";
import type { Time } from "../../time/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import { checkLongWork, inPieces, type LongWorkOptions } from "../turns/long_work.ts";
import { DamageReport, type Verification } from "./damage_report.ts";
import { FlowCheck } from "./flow_check.ts";
import { checkLog } from "./log_check.ts";
import { RecordCheck } from "./record_check.ts";

/** How long a piece of the work may be: nobody notices it between two commits. */
const PIECE_MS = 2;

/** Keys, messages and places in indexes that are looked at in one step. */
const ROWS_AT_ONCE = 16;

/** How far `verify` has come. First the files are read, then the flows are looked up. */
export interface VerifyProgress {
  /** Bytes of frames that have been read. */
  readonly bytes: number;
  /** Flows whose records have been looked up. */
  readonly flows: number;
  /** How many flows there are at present. */
  readonly totalFlows: number;
}

/** Options of `verify`. */
export type VerifyOptions = LongWorkOptions<VerifyProgress>;

/** What is looked at. */
export interface VerifySubject {
  /** Where the files are. */
  readonly directory: Directory;
  /** Says which there are. */
  readonly manifest: Manifest;
  /** The logs of all shards, by number. */
  readonly logs: readonly Pick<Log, "end">[];
  /** The shards. */
  readonly shards: Shards;
}

/** What is looked at, and how. */
export interface VerifyParts extends VerifySubject {
  /** The time by which pieces are measured. */
  readonly time: Time;
}

/** Looks at everything that a store holds, and lets it go on meanwhile. */
export async function verifyStore(
  parts: VerifyParts,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { onProgress, signal } = checkLongWork(options);
  signal?.throwIfAborted();
  const { time } = parts;
  return await inPieces(verifySteps(parts), { time, onProgress, signal, pieceMs: PIECE_MS });
}

/** Looks at everything, a small step at a time; between two steps the store may go on. */
export function* verifySteps(parts: VerifySubject): Generator<VerifyProgress, Verification> {
  const { shards } = parts;
  const report = new DamageReport();
  for (const _ of steps(parts, report)) {
    const totalFlows = shards.all.reduce((sum, { state }) => sum + state.flows.table.size, 0);
    yield { bytes: report.bytes, flows: report.flows, totalFlows };
    // What has ended gives nothing out, and so nothing would be found in it.
    if (shards.ended !== undefined) throw shards.ended;
  }
  return report.result();
}

function* steps({ directory, manifest, logs, shards }: VerifySubject, report: DamageReport) {
  const flaw = manifestFlaw(directory, manifest);
  if (flaw !== undefined) report.inManifest(flaw);
  yield;
  for (const shard of shards.all) {
    const log = logs[shard.number]!;
    yield* checkLog({ directory, manifest, shard: shard.number, log }, shard, report);
  }
  const records = new RecordCheck(report);
  const shardOf = (partitionKey: string): Shard => shards.router.shardOf(partitionKey);
  for (const shard of shards.all) {
    const { flows: state } = shard.state;
    const check = new FlowCheck({ shard, all: shards.all, shardOf, records });
    const isCurrent = (): boolean => shard.state.flows === state;
    for (const { lsn, read } of state.table.entries()) {
      // A state that was built anew is built of the log: that has been looked at.
      if (!isCurrent()) break;
      report.flows++;
      const flow = records.attempt({ shard, lsn, what: "A flow", isCurrent }, read);
      if (flow === null) yield;
      else yield* check.check(flow);
    }
    yield* checkRows(shard, { records, report });
    yield* checkIndexes(shard, report);
  }
}

/** What is found by its LSN besides flows. */
function* checkRows(
  shard: Shard,
  { records, report }: { readonly records: RecordCheck; readonly report: DamageReport },
): Generator<void> {
  const { flows: state } = shard.state;
  const { kv, mail, policies } = state;
  const isThis = (): boolean => shard.state.flows === state;
  let count = 0;
  for (const { key: { partitionKey, key, lsn, untilMs } } of kv.members()) {
    if (!isThis()) return;
    report.keys++;
    const reference = {
      ...{ shard, lsn, what: `The key "${key}" in partition "${partitionKey}"` },
      isCurrent: () => isThis() && kv.find(partitionKey, key)?.lsn === lsn,
    };
    const effect = records.look(
      reference,
      (effect) =>
        effect.kind === "kv" && effect.key === key && effect.partitionKey === partitionKey &&
        effect.untilMs === untilMs,
    );
    if (effect?.kind === "kv") yield* records.parts(reference, effect.value);
    if (++count % ROWS_AT_ONCE === 0) yield;
  }
  for (const to of [...mail.receivers]) {
    for (const { lsn } of mail.sentTo(to)) {
      if (!isThis()) return;
      const isCurrent = (): boolean => isThis() && mail.sentTo(to).some((sent) => sent.lsn === lsn);
      records.look(
        { shard, lsn, what: `A message to shard ${to}`, isCurrent },
        (effect) => effect.kind === "outbox" && effect.to === to,
      );
      if (++count % ROWS_AT_ONCE === 0) yield;
    }
  }
  // The others know the policies, and the first one has them.
  for (const [type, { lsn }] of shard.number === 0 ? policies : []) {
    const isCurrent = (): boolean => isThis() && policies.get(type)?.lsn === lsn;
    records.look(
      { shard, lsn, what: `The policy of type "${type}"`, isCurrent },
      (effect) => effect.kind === "policy" && effect.type === type,
    );
  }
}

/** Whether the indexes of a shard say what its flows say. */
function* checkIndexes(shard: Shard, report: DamageReport): Generator<void> {
  const { flows: state } = shard.state;
  let count = 0;
  try {
    for (const flaw of indexFlaws(state)) {
      // A state that was built anew has new indexes.
      if (shard.state.flows !== state) return;
      if (flaw !== undefined) report.inMemory(flaw);
      if (++count % ROWS_AT_ONCE === 0) yield;
    }
  } catch (error) {
    // So wrong that it cannot be looked through.
    if (!(error instanceof InvariantError)) throw error;
    report.inMemory(error.message);
  }
}
