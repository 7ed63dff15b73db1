/**
 * What processes were told is done before they were killed, and whether a store still knows.
 *
 * @module
 */

import { existsSync, rmSync } from "node:fs";
import { FlowError, type FlowRecord, openStore, restoreStore, type Store } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";

/** How often it is looked whether shards have told each other what there was to tell. */
const LOOKS_MAX = 200;
const LOOK_EVERY_MS = 20;

/** What children were told is done, over all rounds. */
export class Acknowledged {
  readonly created = new Set<string>();
  /** The highest fencing number of every flow that was claimed. */
  readonly claimed = new Map<string, number>();
  readonly retried = new Map<string, number>();
  readonly completed = new Map<string, number>();
  /** How many children a flow has spawned. */
  readonly spawned = new Map<string, number>();
  /** The number of the last signal to a flow. */
  readonly signaled = new Map<string, number>();
  /** The last number that was written under a key, and its partition. */
  readonly set = new Map<string, { readonly number: number; readonly partitionKey: string }>();
  /** Keys that were deleted. */
  readonly dropped = new Set<string>();
  /** The last number under a name of a flow. */
  readonly put = new Map<string, ReadonlyMap<string, number>>();
  /** What flows link. */
  readonly linked = new Map<string, number>();
  /** How many flows were created when a backup was begun. */
  readonly backing = new Map<string, number>();
  /** Backups that are whole. */
  readonly backed = new Set<string>();
  moved = 0;
  readonly #claims = new Set<string>();

  /** Notes what a child has said; a line that was cut off by the kill says nothing. */
  note(lines: readonly string[]): void {
    for (const line of lines) this.#note(line);
  }

  #note(line: string): void {
    const [verb, id = "", number, name = ""] = line.split(" ");
    if (verb === "created") this.created.add(id);
    if (verb === "claimed") {
      const claim = `${id} ${number}`;
      assert(!this.#claims.has(claim), `claimed twice under one fencing number: ${claim}`);
      this.#claims.add(claim);
      this.claimed.set(id, Math.max(Number(number), this.claimed.get(id) ?? 0));
    }
    if (verb === "moved") this.moved = Number(id);
    if (verb === "retried") this.retried.set(id, Number(number));
    if (verb === "spawned") this.spawned.set(id, Number(number));
    if (verb === "signaled") this.signaled.set(id, Number(number));
    if (verb === "set") this.set.set(id, { number: Number(number), partitionKey: name });
    if (verb === "dropped") this.dropped.add(id);
    if (verb === "put") this.put.set(id, new Map(this.put.get(id)).set(name, Number(number)));
    if (verb === "linked") this.linked.set(id, Number(number));
    if (verb === "backing") this.backing.set(id, this.created.size);
    if (verb === "backed") this.backed.add(id);
    if (verb === "completed") {
      assert(!this.completed.has(id), `completed twice: ${id}`);
      this.completed.set(id, Number(number));
    }
  }
}

/**
 * Asserts that everything acknowledged is there, that nothing stands in a history that cannot have
 * happened, and that a look through the whole store finds nothing wrong; in every other round once
 * more after a merge of everything.
 */
export async function assertKept(
  store: Store,
  { acknowledged, round }: { readonly acknowledged: Acknowledged; readonly round: number },
): Promise<void> {
  await assertThere(store, acknowledged);
  if (round % 2 === 0) return;
  await store.compact();
  await assertThere(store, acknowledged);
}

async function assertThere(store: Store, acknowledged: Acknowledged): Promise<void> {
  const { created, claimed, spawned, signaled } = acknowledged;
  // All in one turn: one after the other they would take as many turns as there are flows.
  const ids = [...new Set([...created, ...claimed.keys()])];
  await Promise.all(ids.map((id) => assertFlow(store, id, acknowledged)));
  for (const id of [...created].slice(-50)) await assertHistory(store, id);
  for (const [id, count] of spawned) await assertFamily(store, id, count);
  for (const [id, number] of signaled) await assertSignals(store, id, number);
  await assertKeys(store, acknowledged);
  await assertValues(store, acknowledged);
  await assertLedger(store, acknowledged);
  const { damage } = await store.verify();
  assertEquals(damage, []);
}

async function assertFlow(
  store: Store,
  id: string,
  { claimed, completed, retried }: Acknowledged,
): Promise<void> {
  const flow = await store.get(id);
  assert(flow !== null, `lost: ${id}`);
  const claimedBy = claimed.get(id) ?? 0;
  assert(flow.fencingToken >= claimedBy, `lost claim ${claimedBy} of ${id}`);
  const completedBy = completed.get(id);
  if (completedBy !== undefined) {
    const end = [flow.state, flow.fencingToken];
    assertEquals(end, ["completed", completedBy], `lost the end of ${id}`);
  }
  if (retried.has(id)) assert(flow.attemptsTotal >= 1, `lost the retry of ${id}`);
}

async function assertHistory(store: Store, id: string): Promise<void> {
  const events = await store.history(id, { count: 1_000 });
  assertEquals(events.map(({ version }) => version), events.map((_, index) => index + 1));
  const claims = events.filter(({ event }) => event === "claimed");
  const fencings = claims.map(({ fencingToken }) => fencingToken);
  assertEquals(new Set(fencings).size, fencings.length, `one fencing number twice: ${id}`);
}

/** All children are there, and their ends reach the parent, whatever was under way. */
async function assertFamily(store: Store, id: string, count: number): Promise<void> {
  for (let look = 1;; look++) {
    const children = await store.byParent(id, { count: 100 });
    const parent = await store.get(id);
    assertEquals(children.length, count, `children of ${id}`);
    const ended = children.filter(({ state }) => state === "completed").length;
    if (parent?.childGroups["g"]?.summary.completed === ended && isRight(parent, ended === count)) {
      return;
    }
    assert(look < LOOKS_MAX, `${id} has not heard of ${ended} children: ${parent?.state}`);
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

function isRight({ state }: FlowRecord, haveAllEnded: boolean): boolean {
  return state === (haveAllEnded ? "done" : "waiting");
}

/** A signal that was acknowledged is there, and sending it again changes nothing. */
async function assertSignals(store: Store, id: string, number: number): Promise<void> {
  const before = await store.get(id, { values: true });
  assert(Number(before?.values?.["number"]) >= number, `lost signal ${number} of ${id}`);
  const after = await store.signal(id, signalOf(number));
  assertEquals(after.version, before?.version, `signal ${number} of ${id} came twice`);
}

/** A signal that may be sent again. */
export function signalOf(number: number) {
  return {
    ...{ signal: "tick", idempotencyKey: `key-${number}` },
    ...{ values: { number }, overrideValues: ["number"] },
  };
}

async function assertKeys(store: Store, { set, dropped }: Acknowledged): Promise<void> {
  await Promise.all([...set].map(async ([key, { number, partitionKey }]) => {
    const found = Number((await store.kv.get(key, { partitionKey }))?.value ?? 0);
    assert(found >= number, `lost: ${key} was ${number}, and is ${found}`);
  }));
  await Promise.all([...dropped].map(async (key) => {
    assertEquals(await store.kv.get(key), null, `${key} was deleted`);
  }));
}

async function assertValues(store: Store, { put, linked }: Acknowledged): Promise<void> {
  await Promise.all([...put].map(async ([id, names]) => {
    const flow = await store.get(id);
    const refs = [...names.keys()].map((name) => flow!.valueRefs[name]!.ref);
    const values = await store.valueMget(refs) as ({ readonly number: number } | null)[];
    for (const [index, [name, number]] of [...names].entries()) {
      const found = values[index]?.number ?? 0;
      assert(found >= number, `lost: ${name} of ${id} was ${number}, and is ${found}`);
    }
  }));
  await Promise.all([...linked].map(async ([id, number]) => {
    const flow = await store.get(id, { values: true });
    assertEquals(flow?.values?.["bytes"], bytesOf(number), `what ${id} links`);
  }));
}

/** Bytes that are told from those of another number. */
export function bytesOf(number: number): Uint8Array {
  return new Uint8Array(number % 3_000 + 1).fill(number);
}

/** Where a backup of a directory is. */
export function backupFolder(dir: string, name: string): string {
  return `${dir}-backup-${name}`;
}

/**
 * Asserts that a store can be made of every backup that was acknowledged, with every flow in it that
 * was there when it was begun; and that what is left of one that was not is no backup, or a whole one.
 * All of them are deleted.
 */
export async function assertBackups(
  dir: string,
  { backing, backed, created }: Acknowledged,
): Promise<void> {
  const ids = [...created];
  const left = [...backing].filter(([name]) => existsSync(backupFolder(dir, name)));
  // The last that is whole, and what came behind it: each takes a store.
  const last = left.findLastIndex(([name]) => backed.has(name));
  for (const [index, [name, count]] of left.entries()) {
    const from = backupFolder(dir, name);
    if (index < last) {
      rmSync(from, { recursive: true });
      continue;
    }
    const to = `${dir}-restored`;
    try {
      const error: unknown = await restoreStore({ from, to }).then(() => undefined, (why) => why);
      // The process may have been killed before its list was written, or within that.
      const isNone = error instanceof FlowError && error.message.includes("no whole backup");
      if (isNone && !backed.has(name)) continue;
      if (error !== undefined) throw error;
      await using store = await openStore({ dir: to });
      const flows = await Promise.all(ids.slice(0, count).map((id) => store.get(id)));
      const lost = ids.find((_, index) => index < count && flows[index] === null);
      assertEquals(lost, undefined, `lost in backup ${name}`);
      assertEquals((await store.verify()).damage, []);
    } finally {
      for (const folder of [from, to]) rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function assertLedger(store: Store, { moved }: Acknowledged): Promise<void> {
  const inLedger = { partitionKey: "ledger" };
  const up = Number((await store.kv.get("up", inLedger))?.value ?? 0);
  const down = Number((await store.kv.get("down", inLedger))?.value ?? 0);
  assertEquals(up + down, 0, "half of an atomic() is there");
  assert(up >= moved, `lost: ${moved} were counted, ${up} are there`);
}
