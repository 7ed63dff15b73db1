import fc from "fast-check";
import { sipHash24 } from "../../src/codec/mod.ts";
import { ColdFlows } from "../../src/flow/core/cold/cold_flows.ts";
import type { BodyEffect } from "../../src/flow/core/effect.ts";
import { bodyOf } from "../../src/flow/core/encoding/body.ts";
import type { Flow } from "../../src/flow/core/flow.ts";
import { FlowKeys, nextKey } from "../../src/flow/core/flow_key.ts";
import { Lease } from "../../src/flow/core/lease.ts";
import { Dictionary } from "../../src/flow/core/table/dictionary.ts";
import type { FlowTable } from "../../src/flow/core/table/flow_table.ts";
import { IdentityArena } from "../../src/flow/core/table/identity_arena.ts";
import { NamePool } from "../../src/flow/core/table/name_pool.ts";
import { PackedTable } from "../../src/flow/core/table/table.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { compareBytes } from "../index/crowd.ts";
import { assertProperty } from "../property.ts";
import { CoreStore } from "./core_store.ts";
import { encodeEffects } from "./effect_records.ts";

const name = fc.string({
  unit: fc.constantFrom("a", "b", "\u00c3", "\u00a9", "\u00e9", "\u20ac", "\u{1F600}", "\ufeff"),
  minLength: 1,
  maxLength: 3,
});
const state = fc.constantFrom("queued", "a", "failed");
const number = fc.oneof(fc.nat(9), fc.maxSafeNat());
const u32 = fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 0xffff_ffff }));

/** Objects as literals make them. */
function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** A control block of which every member is drawn. */
const control = plain({
  version: number,
  state,
  priority: fc.constantFrom(0 as const, 1 as const, 2 as const),
  lease: fc.option(
    fc.tuple(name, plain({ hi: u32, lo: u32 })).map((parts) => new Lease(...parts)),
  ),
  attempts: u32,
  attemptsTotal: u32,
  reclaims: u32,
  fencingToken: number,
  updatedAtMs: number,
  nextRunAtMs: fc.option(number),
  retentionTtlMs: number,
  retentionUntilMs: fc.option(number),
  rewoundTo: fc.option(plain({ ms: number, version: number })),
  valueCount: u32,
  payloadLsn: number,
  resultLsn: number,
  errorLsn: number,
  valuesLsn: number,
});

const named = fc.array(
  plain({ name, lsn: number, version: number, digest: fc.constant(null) }).map((value) => ({
    ...value,
    encoding: 0 as const,
  })),
  { maxLength: 2 },
);

/** What is done to the flow with an id in a partition. */
const step = plain({
  id: name,
  partitionKey: name,
  leaves: fc.boolean(),
  isReborn: fc.boolean(),
  control,
  values: named,
  attributes: fc.dictionary(name, fc.nat(), { maxKeys: 2, noNullPrototype: true }),
});

function dictionary(): Dictionary {
  const names = new Dictionary();
  for (const [index, name] of ["t", "queued", "a", "failed"].entries()) names.add(index + 1, name);
  return names;
}

function noneCold(): ColdFlows {
  const nobodyAsks = () => {
    throw new Error("No flow is cold");
  };
  return new ColdFlows({ control: nobodyAsks, body: nobodyAsks, list: nobodyAsks });
}

test("PackedTable gives back what was put into it, and finds it by key, identity and id", () => {
  assertProperty(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, collides) => {
      const hash = collides
        ? () => ({ hi: 1, lo: 5 })
        : (bytes: Uint8Array, length?: number) => sipHash24([1, 2, 3, 4], bytes, length);
      const keys = new FlowKeys(hash);
      const table = new PackedTable({ dictionary: dictionary(), keys, cold: noneCold() });
      const model = new Map<string, Flow>();
      for (const [index, { id, partitionKey, control, values, ...drawn }] of steps.entries()) {
        const place = `${id}/${partitionKey}`;
        const known = model.get(place);
        if (known !== undefined && drawn.leaves) {
          table.delete(known.key);
          model.delete(place);
          continue;
        }
        const bodyLsn = known === undefined || drawn.isReborn ? index + 1 : known.bodyLsn;
        const { attributes } = bodyLsn === known?.bodyLsn ? known.identity : drawn;
        const key = known?.key ?? freeKey(keys, table, partitionKey, id);
        if (key === undefined) continue;
        const identity = identityOf(id, partitionKey, attributes);
        const flow: Flow = {
          key,
          identity,
          bodyLsn,
          control,
          lsn: index + 0.5,
          values,
          groups: [],
        };
        if (known === undefined) table.add(flow);
        else table.replace(table.handleOf(key)!, flow);
        model.set(place, flow);
      }
      // More than are kept at hand, so that all of them come from their rows.
      for (let n = 0; n < 5_000; n++) addFiller(table, n);
      assertEquals(table.size, model.size + 5_000);
      for (const flow of model.values()) assertHolds(table, flow, model);
      const listed = [...table].filter(({ identity }) => identity.type === "t");
      assertEquals(new Set(listed.map(place)), new Set([...model.values()].map(place)));
      assertEquals(table.find("nobody", "nobody"), undefined);
    }),
    { file: import.meta.url, runs: 60 },
  );
});

function place({ identity: { id, partitionKey } }: Flow): string {
  return `${id}/${partitionKey}`;
}

function assertHolds(table: FlowTable, flow: Flow, model: ReadonlyMap<string, Flow>): void {
  const { id, partitionKey } = flow.identity;
  const handle = table.handleOf(flow.key)!;
  assertEquals(table.at(handle), flow);
  assertEquals(table.get(flow.key), flow);
  assertEquals(table.find(partitionKey, id), flow);
  const sameId = [...model.values()].filter(({ identity }) => identity.id === id);
  assertEquals(new Set([...table.findAll(id)].map(place)), new Set(sameId.map(place)));
  assert(table.isFoundById(handle));
  assertEquals([table.idOf(handle), table.partitionOf(handle)], [id, partitionKey]);
  for (const other of model.values()) {
    const order = compareBytes(id, other.identity.id) ||
      compareBytes(partitionKey, other.identity.partitionKey);
    const otherHandle = table.handleOf(other.key)!;
    assertEquals(Math.sign(table.compare(handle, otherHandle)), Math.sign(order));
    for (const handles of [[], [handle], [handle, otherHandle]]) {
      const prefix = table.prefixOf(handles);
      const ranks = table.rank(handle, prefix) - table.rank(otherHandle, prefix);
      if (ranks !== 0) assertEquals(Math.sign(ranks), Math.sign(order));
    }
  }
}

function freeKey(keys: FlowKeys, table: FlowTable, partitionKey: string, id: string) {
  let key: ReturnType<typeof nextKey> = keys.first(partitionKey, id);
  while (key !== undefined && table.handleOf(key) !== undefined) key = nextKey(key);
  return key;
}

function identityOf(id: string, partitionKey: string, attributes: Flow["identity"]["attributes"]) {
  return { ...template(), id, partitionKey, attributes };
}

/** A flow as the core makes them. */
function template(): Flow["identity"] {
  const store = new CoreStore();
  store.create("f", { type: "t" });
  return [...store.state.table.findAll("f")][0]!.identity;
}

const filler = (() => {
  const store = new CoreStore();
  store.create("f", { type: "t" });
  return [...store.state.table.findAll("f")][0]!;
})();

function addFiller(table: FlowTable, n: number): void {
  const key = { hi: 0x8000_0000 + n, lo: n };
  table.add({
    ...filler,
    key,
    identity: { ...filler.identity, type: "queued", id: `filler-${n}` },
  });
}

test("PackedTable knows nothing of handles that no flow has", () => {
  const { state } = new CoreStore();
  assertThrows(() => state.table.at(0));
});

test("IdentityArena uses the blocks again that were given back", () => {
  const arena = new IdentityArena(dictionary());
  const identity = (id: string) => ({ key: { hi: 1, lo: 2 }, identity: identityOf(id, "p", {}) });
  const first = arena.add(identity("a"));
  const second = arena.add(identity("b"));
  arena.delete(first);
  arena.delete(second);
  assertEquals([arena.add(identity("c")), arena.add(identity("d"))], [second, first]);
  assertEquals([arena.idOf(second), arena.idOf(first)], ["c", "d"]);
  // An identity larger than a piece has one of its own.
  const large = arena.add(identity("e".repeat(200_000)));
  const after = arena.add(identity("f"));
  assertEquals([arena.idOf(large).length, arena.idOf(after)], [200_000, "f"]);
  assertEquals(arena.read(after), identityOf("f", "p", {}));
});

test("IdentityArena keeps what a record says as it would have written it", () => {
  const names = dictionary();
  const arena = new IdentityArena(names);
  const effect: BodyEffect = {
    kind: "body",
    key: { hi: 1, lo: 2 },
    identity: identityOf("é".repeat(100), "p", {}),
  };
  const [bytes] = encodeEffects([effect], 9, names);
  const body = bodyOf({ bytes: bytes!, start: 0, end: bytes!.length });
  const [own, ofRecord] = [arena.add(effect), arena.add(effect, body)];
  assertEquals(arena.save(ofRecord), arena.save(own));
  assertEquals(arena.read(ofRecord), effect.identity);
  // Another version has bodies that begin otherwise: they are written anew.
  const other = bytes!.slice();
  other[10]!++;
  assertEquals(bodyOf({ bytes: other, start: 0, end: other.length }), undefined);
});

test("NamePool gives a number again when nobody uses it any more", () => {
  const pool = new NamePool();
  const [a, b] = [pool.take("a"), pool.take("b")];
  assertEquals([pool.take("a"), pool.nameOf(a), pool.nameOf(b)], [a, "a", "b"]);
  pool.give(a);
  assertEquals(pool.nameOf(a), "a");
  pool.give(a);
  assertThrows(() => pool.nameOf(a));
  assertEquals(pool.take("c"), a);
  assertEquals(pool.nameOf(a), "c");
});
