import { FlowError } from "../../src/errors.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

test("kv.get() reads what kv.set() has set, and null where nothing is", () => {
  const store = new CoreStore({ nowMs: 5_000 });
  assertEquals(store.kvGet("k"), null);
  const record = store.kvSet("k", { a: [1, null] });
  const { version } = record;
  assertEquals(record, {
    key: "k",
    partitionKey: "__kv__",
    version,
    updatedAtMs: 5_000,
    expiresAtMs: null,
  });
  assertEquals(store.kvGet("k"), { ...record, value: { a: [1, null] } });
  store.nowMs = 6_000;
  const bytes = Uint8Array.of(0, 255);
  const second = store.kvSet("k", bytes, { ttlMs: 10 });
  assert(second.version > version);
  assertEquals(store.kvGet("k"), { ...second, value: bytes });
  assertEquals(second.expiresAtMs, 6_010);
});

test("a key in one partition is another key than in the next", () => {
  const store = new CoreStore();
  store.kvSet("k", 1);
  store.kvSet("k", 2, { partitionKey: "p" });
  store.kvSet("k", 3, { partitionKey: "__kv__" });
  assertEquals(store.kvGet("k")?.value, 3);
  assertEquals(store.kvGet("k", { partitionKey: "p" })?.value, 2);
  assertEquals(store.kvGet("k", { partitionKey: "pk" }), null);
  assert(store.kvDelete("k"));
  assertEquals(store.kvGet("k", { partitionKey: "p" })?.value, 2);
});

test("kv.set() with ifVersion replaces that version only, and null or 0 no version at all", () => {
  const store = new CoreStore();
  const { version } = store.kvSet("k", 1, { ifVersion: null });
  const { details, message } = refused(
    store,
    "version_conflict",
    () => store.kvSet("k", 2, { ifVersion: 0 }),
  );
  assertEquals(details, { key: "k", partitionKey: "__kv__", expected: 0, actual: version });
  assert(message.includes(`has version ${version}, but must not exist`), message);
  const second = store.kvSet("k", 2, { ifVersion: version });
  const stale = refused(
    store,
    "version_conflict",
    () => store.kvSet("k", 3, { ifVersion: version }),
  );
  assertEquals(stale.details["actual"], second.version);
  const missing = refused(
    store,
    "version_conflict",
    () => store.kvSet("other", 3, { ifVersion: version }),
  );
  assert(missing.message.includes("does not exist"), missing.message);
  assertEquals(store.kvGet("k")?.value, 2);
});

test("no key has a version again, not in another life either", () => {
  const store = new CoreStore();
  const seen = new Set<number>();
  for (let life = 0; life < 3; life++) {
    seen.add(store.kvSet("k", 1, { ifVersion: 0, ttlMs: 5 }).version);
    seen.add(store.kvSet("k", 1, { ttlMs: 5 }).version);
    if (life === 0) store.kvDelete("k");
    else store.nowMs += 5;
    if (life === 1) store.retentionCleanup();
  }
  assertEquals(seen.size, 6);
  const [first = 0] = seen;
  store.kvSet("k", 1);
  refused(store, "version_conflict", () => store.kvDelete("k", { ifVersion: first }));
});

test("kv.delete() says whether there was a key, and writes nothing if there was none", () => {
  const store = new CoreStore();
  assertEquals(store.kvDelete("k"), false);
  assertEquals(store.log.length, 0);
  const { version } = store.kvSet("k", 1);
  refused(store, "version_conflict", () => store.kvDelete("k", { ifVersion: version + 1 }));
  assertEquals(store.kvDelete("k", { ifVersion: version }), true);
  assertEquals(store.kvGet("k"), null);
  refused(store, "version_conflict", () => store.kvDelete("k", { ifVersion: version }));
});

test("a key reads as absent from its end on, and is removed by a cleanup, the longest over first", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  store.kvSet("a", 1, { ttlMs: 20 });
  store.kvSet("b", 1, { ttlMs: 10 });
  store.kvSet("c", 1, { ttlMs: 30 });
  store.kvSet("d", 1);
  store.nowMs = 1_009;
  assertEquals(store.kvGet("b")?.value, 1);
  store.nowMs = 1_020;
  assertEquals(store.kvGet("a"), null);
  assertEquals(store.kvDelete("a"), false);
  assertEquals(store.kvList("").items.map(({ key }) => key), ["c", "d"]);
  refused(store, "version_conflict", () => store.kvSet("a", 2, { ifVersion: 1 }));
  assertEquals(store.state.kv.size, 4);
  assertEquals(store.retentionCleanup({ limit: 1 }).keys, 1);
  assertEquals(store.state.kv.find("__kv__", "b"), undefined);
  assertEquals(store.retentionCleanup().keys, 1);
  assertEquals(store.retentionCleanup().keys, 0);
  assertEquals(store.state.kv.size, 2);
});

test("kv.set() gives a key another end, or none", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  store.kvSet("a", 1, { ttlMs: 10 });
  store.kvSet("a", 2);
  store.kvSet("b", 1);
  store.kvSet("b", 2, { ttlMs: 10 });
  store.nowMs = 2_000;
  assertEquals(store.kvGet("a")?.value, 2);
  assertEquals(store.kvGet("b"), null);
});

test("retentionCleanup() removes flows and keys in the order in which they were over", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  for (const [id, ttlMs] of [["f", 10], ["g", 30]] as const) {
    store.create(id, { type: "t", payload: 1 });
    store.cancel(id, { ttlMs });
  }
  store.kvSet("k", 1, { ttlMs: 20 });
  store.kvSet("l", 1, { ttlMs: 40 });
  store.nowMs = 2_000;
  const removed = () => store.retentionCleanup({ limit: 1 });
  assertEquals(removed(), { flows: 1, history: 2, values: 1, keys: 0 });
  assertEquals(removed(), { flows: 0, history: 0, values: 0, keys: 1 });
  assertEquals(removed(), { flows: 1, history: 2, values: 1, keys: 0 });
  assertEquals(removed().keys, 1);
  assertEquals(removed(), { flows: 0, history: 0, values: 0, keys: 0 });
});

test("kv.list() goes on behind the last key of a page, whatever happens meanwhile", () => {
  const store = new CoreStore();
  for (const key of ["a/1", "a/2", "a/3", "a/4", "b"]) store.kvSet(key, key);
  const first = store.kvList("a/", { count: 2 });
  assertEquals(first.items.map(({ key }) => key), ["a/1", "a/2"]);
  store.kvSet("a/11", 1);
  store.kvSet("a/25", 1);
  store.kvDelete("a/2");
  store.kvSet("a/3", "new");
  const rest = store.kvList("a/", { count: 9, cursor: first.cursor });
  assertEquals(rest.items.map(({ key, value }) => [key, value]), [
    ["a/25", 1],
    ["a/3", "new"],
    ["a/4", "a/4"],
  ]);
  assertEquals(rest.cursor, null);
  const back = store.kvList("a/", { count: 2, rev: true });
  assertEquals(back.items.map(({ key }) => key), ["a/4", "a/3"]);
  const last = store.kvList("a/", { count: 9, rev: true, cursor: back.cursor });
  assertEquals(last.items.map(({ key }) => key), ["a/25", "a/11", "a/1"]);
});

test("kv.list() has a page that is full to the end of the keys followed by none", () => {
  const store = new CoreStore();
  for (const key of ["a", "b"]) store.kvSet(key, 1);
  assertEquals(store.kvList("", { count: 2 }).cursor, null);
  assertEquals(store.kvList("", { count: 1 }).cursor !== null, true);
  assertEquals(store.kvList("none"), { items: [], cursor: null });
});

test("kv.list() ends a page where its values would be too many bytes, but not before the first", () => {
  const store = new CoreStore({ limits: { claimBytesMax: 100 } });
  for (const key of ["a", "b", "c", "d"]) store.kvSet(key, new Uint8Array(key === "c" ? 300 : 40));
  const sizes: number[] = [];
  let cursor: string | null = null;
  do {
    const page = store.kvList("", { cursor });
    sizes.push(page.items.length);
    cursor = page.cursor;
  } while (cursor !== null);
  assertEquals(sizes, [2, 1, 1]);
});

test("kv.list() refuses a cursor that another listing gave", () => {
  const store = new CoreStore();
  for (const key of ["a1", "a2", "b"]) store.kvSet(key, 1);
  const { cursor } = store.kvList("a", { count: 1 });
  assertThrows(() => store.kvList("b", { cursor }), FlowError, 'cursor is "key:a1"');
  for (const bad of ["", "a1", "key:%", "5:f:p", 7, {}]) {
    const error = assertThrows(() => store.kvList("", { cursor: bad }), FlowError);
    assertEquals([error.code, error.details["field"]], ["invalid_argument", "cursor"]);
  }
});

test("a value that does not fit into one record goes ahead in parts", () => {
  const store = new CoreStore({ limits: { valueInlineBytesMax: 10, kvValueBytesMax: 35 } });
  const value = Uint8Array.from({ length: 35 }, (_, index) => index);
  store.kvSet("k", value);
  store.kvSet("l", "x");
  assertEquals(store.kvGet("k")?.value, value);
  assertEquals(store.kvList("").items.map(({ value }) => value), [value, "x"]);
  assertEquals(store.log.length, 4 + 1 + 1);
});

test("valueMget() does not read keys, though their versions could be references", () => {
  const store = new CoreStore();
  const { version } = store.kvSet("k", "secret");
  assertEquals(store.valueMget([`v${version}`]), [null]);
});

test("a state that is built again has the same keys, and an effect that comes twice changes nothing", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  store.kvSet("a", 1, { ttlMs: 5 });
  store.kvSet("a", 2, { ttlMs: 50 });
  store.kvSet("b", 1, { partitionKey: "p" });
  store.kvDelete("b", { partitionKey: "p" });
  const keys = (state: typeof store.state) => [state.kv.size, [...state.kv.over(Infinity)]];
  assertEquals(keys(store.recovered()), keys(store.state));
  const twice = store.recovered([...store.log.slice(0, 2), ...store.log]);
  assertEquals(keys(twice), keys(store.state));
});
