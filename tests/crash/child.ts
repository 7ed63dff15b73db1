/**
 * The process that the kill tests kill: creates, claims, completes and retries flows, spawns children,
 * signals, puts values, changes keys, merges and makes backups as fast as it can, and says on standard
 * output what was acknowledged, one line each, right after it was.
 *
 * Run as `child.ts <data directory> <round> <shards>`.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { type FlowRecord, isFlowError, openStore } from "../../mod.ts";
import { backupFolder, bytesOf, signalOf } from "./acknowledged.ts";

const [dir, round, shards] = process.argv.slice(2);
if (dir === undefined || round === undefined || shards === undefined) {
  throw new TypeError("Usage: child.ts <dir> <round> <shards>");
}

/** Every other round is written by a thread of its own. */
const log = Number(round) % 2 === 0 ? "thread" : "inline";

/** They belong to different shards, if there are two. */
const partitions = ["p0", "p1", "p2", "p3"];

/** So small that segments are sealed, and merged. */
const limits = { segmentBytesMax: 65_536 };

/** So little that checkpoints are always under way, or were just written. */
const checkpoints = { logBytes: 10_000 };

const store = await openStore({ dir, log, limits, checkpoints, shards: Number(shards) });
say("open");
await Promise.all([
  produce("a"),
  produce("b"),
  consume("w1"),
  consume("w2"),
  consume("w3"),
  move(),
  fanOut(),
  signal(),
  setKeys(),
  dropKeys(),
  putValues(),
  linkValues(),
  merge(),
  backUp(),
]);

/** Creates flows without end, three at a time. */
async function produce(name: string): Promise<never> {
  for (let count = 0;; count += 3) {
    const items = [0, 1, 2].map((step) => (
      { id: `${round}-${name}-${count + step}`, partitionKey: partitions[step]! }
    ));
    await store.createMany(items, { type: "job", payload: { round, name, count } });
    for (const { id } of items) say(`created ${id}`);
  }
}

/** Claims and settles flows without end. */
async function consume(worker: string): Promise<never> {
  while (true) {
    const flows = await store.claimDue("job", { worker, limit: 4, leaseMs: 300, blockMs: 1_000 });
    for (const flow of flows) say(`claimed ${flow.id} ${flow.fencingToken}`);
    await Promise.all(flows.map((flow) => settle(flow).catch(unlessTakenOver)));
  }
}

/** Creates families without end, whose children are spread over all partitions. */
async function fanOut(): Promise<never> {
  for (let count = 0;; count++) {
    const id = `${round}-family-${count}`;
    const partitionKey = partitions[count % partitions.length]!;
    const parent = await store.create(id, { type: "family", partitionKey });
    const children = partitions.map((partitionKey) => ({
      id: `${id}.${partitionKey}`,
      partitionKey,
    }));
    await store.spawnChildren(parent, children, {
      ...{ groupId: "g", type: "job", fencingToken: 0 },
      ...{ waitState: "waiting", success: "done", failure: "broken" },
    });
    for (const child of children) say(`created ${child.id}`);
    say(`spawned ${id} ${children.length}`);
  }
}

/** Sends signals to one flow, without end. */
async function signal(): Promise<never> {
  const id = `${round}-signals`;
  await store.create(id, { type: "signals", partitionKey: partitions[3]! });
  say(`created ${id}`);
  for (let number = 1;; number++) {
    await store.signal(id, signalOf(number));
    say(`signaled ${id} ${number}`);
  }
}

/** Throws away what nobody wants any more, without end: also what the children before have left. */
async function merge(): Promise<never> {
  while (true) {
    await store.compact();
    await new Promise<void>((resolve) => setTimeout(resolve, 20));
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

/** Writes keys again and again, each time with a higher number, without end. */
async function setKeys(): Promise<never> {
  for (let number = 1;; number++) {
    const key = `${round}-key-${number % 20}`;
    const partitionKey = partitions[number % partitions.length]!;
    await store.kv.set(key, number, { partitionKey });
    say(`set ${key} ${number} ${partitionKey}`);
  }
}

/** Deletes keys that it has just written, without end. */
async function dropKeys(): Promise<never> {
  for (let number = 1;; number++) {
    const key = `${round}-dropped-${number % 50}`;
    await store.kv.set(key, number);
    await store.kv.delete(key);
    say(`dropped ${key}`);
    // The next one of that name has to be seen: nobody says when it is written.
    if (number % 50 === 0) return await new Promise<never>(() => {});
  }
}

/** Puts values into a flow under a few names, without end; some of them travel in parts. */
async function putValues(): Promise<never> {
  const id = `${round}-values`;
  await store.create(id, { type: "values" });
  say(`created ${id}`);
  for (let number = 1;; number++) {
    const name = `name-${number % 5}`;
    const value = { number, text: "v".repeat(number % 50 === 0 ? 1_200_000 : number % 999) };
    await store.valuePut(value, { ownerFlowId: id, name, override: true });
    say(`put ${id} ${number} ${name}`);
  }
}

/** Stores values for themselves, and flows that link them, without end. */
async function linkValues(): Promise<never> {
  for (let number = 1;; number++) {
    const partitionKey = partitions[number % partitions.length]!;
    const { ref } = await store.valuePut(bytesOf(number), { partitionKey });
    const id = `${round}-linked-${number}`;
    await store.create(id, { type: "linked", partitionKey, valueRefs: { bytes: ref } });
    say(`created ${id}`);
    say(`linked ${id} ${number}`);
  }
}

/** Makes backups without end. */
async function backUp(): Promise<never> {
  for (let number = 1;; number++) {
    const name = `${round}-${number}`;
    say(`backing ${name}`);
    await store.backup(backupFolder(dir!, name));
    say(`backed ${name}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 50));
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

/** Leases are short: on a busy machine another worker may have the flow by now. */
function unlessTakenOver(error: unknown): void {
  if (!isFlowError(error, "stale_lease")) throw error;
}

/** A whole line reaches the pipe before the next command starts, or none of it does. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
