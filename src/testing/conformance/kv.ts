/**
 * Values by key.
 *
 * @module
 */
import type { KvStore } from "../../flow/mod.ts";
import { holds, refused, same, shows } from "./assertion.ts";
import {
  type BadArgument,
  badBooleans,
  badCounts,
  badIntegers,
  badTexts,
  DURATION_MS_MAX,
} from "./bad_argument.ts";
import type { ConformanceCase } from "./case.ts";
import { create } from "./leasing.ts";
import { eachPage } from "./pages.ts";

/** Sets keys to their own names, in the order in which they are given. */
async function setAll(kv: KvStore, keys: readonly string[], partitionKey?: string): Promise<void> {
  for (const key of keys) await kv.set(key, key, { partitionKey });
}

/** The keys of a page. */
async function keysOf(kv: KvStore, prefix: string, options: object = {}): Promise<string[]> {
  return (await kv.list(prefix, options)).items.map(({ key }) => key);
}

const versions = (min: number): BadArgument[] =>
  badIntegers("ifVersion", min, Number.MAX_SAFE_INTEGER);

const BAD: Readonly<Record<keyof KvStore, readonly BadArgument[]>> = {
  get: badTexts("partitionKey"),
  set: [...badTexts("partitionKey"), ...badIntegers("ttlMs", 1, DURATION_MS_MAX), ...versions(0)],
  delete: [...badTexts("partitionKey"), ...versions(1)],
  list: [
    ...badTexts("partitionKey"),
    ...badCounts("count", 10_000),
    ...badBooleans("rev"),
    { name: "cursor", value: 7 },
    { name: "cursor", value: "a" },
  ],
};

function call(kv: KvStore, command: keyof KvStore, ...args: readonly unknown[]): Promise<unknown> {
  return (kv[command] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
}

/** `kv`. */
export const kvCases: readonly ConformanceCase[] = [
  {
    name: "kv.set() resolves to the key with its version, and kv.get() to that and the value",
    needs: ["kv", "manualClock"],
    async run({ kv, nowMs }) {
      const record = await kv.set("a", { n: [1, null] });
      same(record, {
        key: "a",
        partitionKey: "__kv__",
        version: record.version,
        updatedAtMs: nowMs,
        expiresAtMs: null,
      });
      same(await kv.get("a"), { ...record, value: { n: [1, null] } });
      same(await kv.get("b"), null);
    },
  },
  {
    name: "kv keeps any JSON value, and bytes as bytes",
    needs: ["kv"],
    async run({ kv }) {
      for (const value of [null, 0, "text \u{1F600}", false, [], {}, new Uint8Array([0, 255])]) {
        await kv.set("a", value);
        shows(await kv.get("a"), { value }, "The key");
      }
    },
  },
  {
    name:
      "kv.set() of a key that is there replaces it, and its version goes up, also after it was deleted",
    needs: ["kv"],
    async run({ kv }) {
      const first = await kv.set("a", 1);
      const second = await kv.set("a", 1);
      holds(second.version > first.version, "Another version, although the value is the same");
      await kv.delete("a");
      const third = await kv.set("a", 1);
      holds(third.version > second.version, "No version comes back");
    },
  },
  {
    name: "the same key in two partitions is two keys",
    needs: ["kv"],
    async run({ kv }) {
      await kv.set("a", "p", { partitionKey: "p" });
      await kv.set("a", "none");
      shows(await kv.get("a", { partitionKey: "p" }), { value: "p", partitionKey: "p" }, "The key");
      shows(await kv.get("a"), { value: "none" }, "The key");
      same(await kv.get("a", { partitionKey: "q" }), null);
      same(await kv.delete("a", { partitionKey: "q" }), false);
      same(await keysOf(kv, "", { partitionKey: "p" }), ["a"]);
    },
  },
  {
    name:
      "kv.set() with ifVersion is refused with version_conflict unless the key has that version",
    needs: ["kv"],
    async run({ kv }) {
      const { version } = await kv.set("a", 1);
      const wrong = version + 1;
      await refused(() => kv.set("a", 2, { ifVersion: wrong }), "version_conflict");
      await refused(() => kv.set("b", 2, { ifVersion: version }), "version_conflict");
      shows(await kv.get("a"), { value: 1, version }, "The key");
      await kv.set("a", 2, { ifVersion: version });
      await refused(() => kv.set("a", 3, { ifVersion: version }), "version_conflict");
    },
  },
  {
    name: "kv.set() with ifVersion null or 0 is refused with version_conflict if the key is there",
    needs: ["kv"],
    async run({ kv }) {
      for (const ifVersion of [null, 0]) {
        const key = `${ifVersion}`;
        await kv.set(key, 1, { ifVersion });
        await refused(() => kv.set(key, 2, { ifVersion }), "version_conflict");
        await kv.delete(key);
        await kv.set(key, 3, { ifVersion });
      }
    },
  },
  {
    name: "kv.delete() removes a key, and says whether there was one",
    needs: ["kv"],
    async run({ kv }) {
      await kv.set("a", 1);
      same([await kv.delete("a"), await kv.delete("a")], [true, false]);
      same(await kv.get("a"), null);
    },
  },
  {
    name:
      "kv.delete() with ifVersion is refused with version_conflict unless the key has that version",
    needs: ["kv"],
    async run({ kv }) {
      const { version } = await kv.set("a", 1);
      await refused(() => kv.delete("a", { ifVersion: version + 1 }), "version_conflict");
      await refused(() => kv.delete("b", { ifVersion: version }), "version_conflict");
      same(await kv.delete("a", { ifVersion: version }), true);
    },
  },
  {
    name: "kv.set() with ttlMs: the key can be read so long, and is no key after that",
    needs: ["kv", "manualClock"],
    async run(context) {
      const { kv, nowMs } = context;
      shows(await kv.set("a", 1, { ttlMs: 10 }), { expiresAtMs: nowMs + 10 }, "The key");
      await context.advance(9);
      shows(await kv.get("a"), { value: 1, expiresAtMs: nowMs + 10 }, "The key");
      await context.advance(1);
      same(await kv.get("a"), null);
      same(await keysOf(kv, ""), []);
      same(await kv.delete("a"), false);
      await kv.set("a", 2, { ifVersion: null });
    },
  },
  {
    name: "kv.set() without ttlMs keeps a key for ever that had one",
    needs: ["kv", "manualClock"],
    async run(context) {
      const { kv } = context;
      await kv.set("a", 1, { ttlMs: 10 });
      shows(await kv.set("a", 2), { expiresAtMs: null }, "The key");
      await context.advance(1_000_000);
      shows(await kv.get("a"), { value: 2 }, "The key");
    },
  },
  {
    name: "kv.set() and kv.delete() take nowMs where the clock is moved by hand",
    needs: ["kv", "manualClock"],
    async run({ kv, nowMs }) {
      const options = { nowMs: nowMs + 5, ttlMs: 10 };
      shows(await kv.set("a", 1, options), { updatedAtMs: nowMs + 5, expiresAtMs: nowMs + 15 });
      same(await kv.delete("a", { nowMs: nowMs + 15 }), false);
    },
  },
  {
    name: "kv.list() reads the keys that begin with a text, in the order of their bytes",
    needs: ["kv"],
    async run({ kv }) {
      await setAll(kv, ["b", "a/2", "a", "a/1", "a/\u{1F600}", "a/\uFFFD", "A"]);
      same(await keysOf(kv, "a/"), ["a/1", "a/2", "a/\uFFFD", "a/\u{1F600}"]);
      same(await keysOf(kv, ""), ["A", "a", "a/1", "a/2", "a/\uFFFD", "a/\u{1F600}", "b"]);
      same(await keysOf(kv, "a/", { rev: true }), ["a/\u{1F600}", "a/\uFFFD", "a/2", "a/1"]);
      same(await kv.list("c"), { items: [], cursor: null });
      shows((await kv.list("b")).items[0], { key: "b", value: "b", partitionKey: "__kv__" });
    },
  },
  {
    name: "kv.list() reads page by page, 100 keys unless count says otherwise, forward and back",
    needs: ["kv"],
    async run({ kv }) {
      const keys = Array.from({ length: 101 }, (_, n) => `${n}`.padStart(3, "0"));
      await Promise.all(keys.map((key) => kv.set(key, 0)));
      same(await keysOf(kv, ""), keys.slice(0, 100));
      for (const rev of [false, true]) {
        const pages = await Array.fromAsync(
          eachPage((cursor) => kv.list("0", { count: 33, rev, cursor })),
        );
        const expected = keys.slice(0, 100);
        same(pages.flat().map(({ key }) => key), rev ? expected.toReversed() : expected);
      }
    },
  },
  {
    name: "a cursor of kv.list() stands behind its key, whatever happens to keys meanwhile",
    needs: ["kv"],
    async run({ kv }) {
      await setAll(kv, ["a", "b", "c", "d"]);
      const { cursor } = await kv.list("", { count: 2 });
      await kv.delete("b");
      await kv.set("a1", 0);
      await kv.set("b1", 0);
      same(await keysOf(kv, "", { cursor }), ["b1", "c", "d"]);
      await refused(() => kv.list("x", { cursor }), "invalid_argument", { field: "cursor" });
    },
  },
  {
    name: "kv.list() shows many keys as they were when it was called, whatever is called behind it",
    needs: ["kv"],
    async run({ kv }) {
      const keys = Array.from({ length: 600 }, (_, index) => `k${100 + index}`);
      // At once, which is a commit or a few.
      await Promise.all(keys.map((key) => kv.set(key, key)));
      const [{ items }] = await Promise.all([
        kv.list("k", { count: 600 }),
        kv.set("k100", "new"),
        kv.delete("k698"),
        kv.set("k699", "new"),
      ]);
      same(items.map(({ value }) => value), keys);
      same((await keysOf(kv, "k69", { rev: true })).slice(0, 2), ["k699", "k697"]);
    },
  },
  {
    name: "keys are not flows: they have neither their ids nor their partitions to themselves",
    needs: ["kv"],
    async run({ kv, store }) {
      await kv.set("a", 1, { partitionKey: "p" });
      await create(store, "a", { partitionKey: "p" });
      shows(await kv.get("a", { partitionKey: "p" }), { value: 1 }, "The key");
      shows(await store.get("a"), { version: 1 });
    },
  },
  {
    name: "retentionCleanup() counts and removes keys that are over",
    needs: ["kv", "manualClock"],
    async run(context) {
      const { kv, store } = context;
      await kv.set("a", 1, { ttlMs: 10 });
      await kv.set("b", 1, { ttlMs: 11 });
      await context.advance(10);
      shows(await store.retentionCleanup(), { flows: 0, keys: 1 }, "The cleanup");
      shows(await kv.get("b"), { value: 1 }, "The key");
    },
  },
  {
    name:
      "retentionCleanup() removes as many flows and keys as limit says together, in the order of their ends",
    needs: ["kv", "manualClock"],
    async run(context) {
      const { kv, store } = context;
      for (const [n, id] of ["flow-1", "flow-3"].entries()) {
        await create(store, id);
        await store.cancel(id, { ttlMs: 10 + 20 * n });
      }
      await kv.set("key-2", 1, { ttlMs: 20 });
      await kv.set("key-4", 1, { ttlMs: 40 });
      await context.advance(40);
      const removed = async (limit: number) => {
        const { flows, keys } = await store.retentionCleanup({ limit });
        return [flows, keys];
      };
      same(await removed(2), [1, 1]);
      same(await removed(1), [1, 0]);
      same(await removed(9), [0, 1]);
    },
  },
  {
    name: "a key has 4,096 bytes at most, and its value a megabyte, unless limits say otherwise",
    needs: ["kv"],
    async run({ kv }) {
      const bytes = 1_048_576;
      await kv.set("k".repeat(4_096), new Uint8Array(bytes));
      await refused(() => kv.set("k".repeat(4_097), 1), "too_large", {
        field: "key",
        limit: 4_096,
      });
      await refused(() => kv.get("k".repeat(4_097)), "too_large", { field: "key", limit: 4_096 });
      await refused(() => kv.set("k", new Uint8Array(bytes + 1)), "too_large", {
        field: "value",
        value: bytes + 1,
        limit: bytes,
      });
    },
  },
  {
    name:
      "the limits of keys are options: kvKeyBytesMax, kvValueBytesMax, and claimBytesMax for a page",
    needs: ["kv", "limits"],
    settings: { limits: { kvKeyBytesMax: 3, kvValueBytesMax: 60, claimBytesMax: 100 } },
    async run({ kv }) {
      await refused(() => kv.set("1234", 1), "too_large", { field: "key", limit: 3 });
      await refused(() => kv.set("a", new Uint8Array(61)), "too_large", { limit: 60 });
      for (const [key, size] of [["a", 60], ["b", 40], ["c", 1]] as const) {
        await kv.set(key, new Uint8Array(size));
      }
      const page = await kv.list("", { count: 3 });
      same(page.items.map(({ key }) => key), ["a", "b"]);
      same(await keysOf(kv, "", { cursor: page.cursor }), ["c"]);
    },
  },
  ...(Object.keys(BAD) as (keyof KvStore)[]).map((command): ConformanceCase => ({
    name: `kv.${command}() refuses options that are not what they must be, and names each`,
    needs: ["kv"],
    async run({ kv }) {
      const rest = command === "set" ? [1] : [];
      for (const { name, value, code = "invalid_argument", field = name, limit } of BAD[command]) {
        await refused(() => call(kv, command, "a", ...rest, { [name]: value }), code, {
          field,
          ...limit === undefined ? {} : { limit },
        });
      }
      await refused(() => call(kv, command, "a", ...rest, { zebra: 1 }), "invalid_argument", {
        field: "zebra",
      });
      const subject = command === "list" ? "prefix" : "key";
      for (const bad of [7, null, undefined, "a\ud800", ...command === "list" ? [] : [""]]) {
        await refused(() => call(kv, command, bad, ...rest), "invalid_argument", {
          field: subject,
        });
      }
      if (command === "set") {
        await refused(() => kv.set("a", undefined), "invalid_argument", { field: "value" });
      }
      same(await kv.get("a"), null);
    },
  })),
  {
    name: "keys are there when the store is closed and opened again, with versions that go on",
    needs: ["kv", "durable", "manualClock"],
    async run(context) {
      await context.kv.set("a", new Uint8Array([1]));
      await context.kv.set("gone", 1, { ttlMs: 10 });
      await context.kv.set("deleted", 1);
      await context.kv.delete("deleted");
      const before = await context.kv.get("a");
      await context.reopen();
      await context.advance(10);
      same(await context.kv.get("a"), before);
      same(await keysOf(context.kv, ""), ["a"]);
      const { version } = await context.kv.set("a", 2, { ifVersion: before!.version });
      holds(version > before!.version, "Versions go on");
    },
  },
];
