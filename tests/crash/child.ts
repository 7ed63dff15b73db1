/**
 * The process that the kill test kills: creates, claims, completes and retries flows and changes keys
 * as fast as it can, and says on standard output what was acknowledged, one line each, right after it was.
 *
 * Run as `child.ts <data directory> <round>`.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { type FlowRecord, openStore } from "../../mod.ts";

const [dir, round] = process.argv.slice(2);
if (dir === undefined || round === undefined) throw new TypeError("Usage: child.ts <dir> <round>");

/** Every other round is written by a thread of its own. */
const log = Number(round) % 2 === 0 ? "thread" : "inline";

const store = await openStore({ dir, log });
say("open");
await Promise.all([
  produce("a"),
  produce("b"),
  consume("w1"),
  consume("w2"),
  consume("w3"),
  move(),
]);

/** Creates flows without end, three at a time. */
async function produce(name: string): Promise<never> {
  for (let count = 0;; count += 3) {
    const ids = [0, 1, 2].map((step) => `${round}-${name}-${count + step}`);
    await store.createMany(ids, { type: "job", payload: { round, name, count } });
    for (const id of ids) say(`created ${id}`);
  }
}

/** Claims and settles flows without end. */
async function consume(worker: string): Promise<never> {
  while (true) {
    const flows = await store.claimDue("job", { worker, limit: 4, leaseMs: 300, blockMs: 1_000 });
    for (const flow of flows) say(`claimed ${flow.id} ${flow.fencingToken}`);
    await Promise.all(flows.map(settle));
  }
}

/** Counts up in one key and down in another, without end: together they are always nothing. */
async function move(): Promise<never> {
  const inLedger = { partitionKey: "ledger" };
  while (true) {
    const up = await store.kv.get("up", inLedger);
    const down = await store.kv.get("down", inLedger);
    const count = Number(up?.value ?? 0) + 1;
    await store.atomic("ledger", (tx) => {
      tx.kv.set("up", count, { ifVersion: up?.version ?? 0 });
      tx.kv.set("down", -count, { ifVersion: down?.version ?? 0 });
    });
    say(`moved ${count}`);
  }
}

/** Completes most flows and retries the others. */
async function settle(flow: FlowRecord): Promise<void> {
  const { leaseToken, fencingToken } = flow;
  if (leaseToken === null) throw new Error("A claimed flow has a lease token");
  if (fencingToken === 1 && flow.id.endsWith("7")) {
    await store.retry(flow, {
      leaseToken,
      fencingToken,
      error: "again",
      runAtMs: flow.createdAtMs,
    });
    say(`retried ${flow.id} ${fencingToken}`);
    return;
  }
  await store.complete(flow, { leaseToken, fencingToken, result: { by: fencingToken } });
  say(`completed ${flow.id} ${fencingToken}`);
}

/** A whole line reaches the pipe before the next command starts, or none of it does. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
