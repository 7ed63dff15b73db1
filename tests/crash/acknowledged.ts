/**
 * What processes were told is done before they were killed, and whether a store still knows.
 *
 * @module
 */

import type { FlowRecord, Store } from "../../mod.ts";
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
  moved = 0;
  readonly #claims = new Set<string>();

  /** Notes what a child has said; a line that was cut off by the kill says nothing. */
  note(lines: readonly string[]): void {
    for (const line of lines) this.#note(line);
  }

  #note(line: string): void {
    const [verb, id = "", number] = line.split(" ");
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

async function assertLedger(store: Store, { moved }: Acknowledged): Promise<void> {
  const inLedger = { partitionKey: "ledger" };
  const up = Number((await store.kv.get("up", inLedger))?.value ?? 0);
  const down = Number((await store.kv.get("down", inLedger))?.value ?? 0);
  assertEquals(up + down, 0, "half of an atomic() is there");
  assert(up >= moved, `lost: ${moved} were counted, ${up} are there`);
}
