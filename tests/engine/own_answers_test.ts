import { DEFAULT_LIMITS, type TypePolicy } from "../../mod.ts";
import { memoryStore } from "../../src/testing/mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

/** Every object in a value that its owner could change, and the buffers of bytes, by where it is. */
function changeable(value: unknown, at: string, found = new Map<object, string>()) {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  if (value instanceof Uint8Array) return found.set(value, at).set(value.buffer, `${at}.buffer`);
  if (!Object.isFrozen(value)) found.set(value, at);
  for (const [name, member] of Object.entries(value)) changeable(member, `${at}.${name}`, found);
  return found;
}

test("nothing that a store hands out is handed out again, or twice at once", async () => {
  await using store = await memoryStore();
  const policy: TypePolicy = { retry: { maxRetries: 2 }, states: { a: { maxReclaims: 1 }, b: {} } };
  await store.policySet("job", policy);
  const attributes = { tenant: "t" };
  const values = { draft: { rows: [3] }, scan: new Uint8Array(8) };
  await store.create("a", { type: "job", payload: new Uint8Array(3), attributes, values });
  await store.create("b", { type: "job", payload: { to: ["ada"] } });
  const { fencingToken } = await store.create("parent", { type: "parent" });
  await store.spawnChildren("parent", ["child-1", "child-2"], {
    ...{ type: "child", groupId: "g", fencingToken },
    ...{ waitState: "waiting", success: "ready", failure: "failed" },
  });
  await store.kv.set("key", new Uint8Array(3));
  const { payloadRef } = (await store.get("a"))!;

  const calls: Record<string, () => unknown> = {
    policyGet: () => store.policyGet("job"),
    "policyGet of a type without one": () => store.policyGet("other", { state: "a" }),
    policySet: () => store.policySet("job", policy),
    get: () => store.get("a", { full: true, values: true }),
    "get of a parent": () => store.get("parent"),
    list: () => store.list("job", { full: true, values: true }),
    history: () => store.history("a", { values: true }),
    "history of a parent": () => store.history("parent"),
    events: () => store.events({ from: "start" }).next(),
    info: () => store.info("job"),
    types: () => store.types(),
    stats: () => store.stats(),
    health: () => store.health(),
    valueMget: () => store.valueMget([payloadRef!, payloadRef!]),
    kv: () => store.kv.list("k", { count: 2 }),
    idempotent: () => store.create("c", { type: "job", attributes, idempotent: true }),
    refused: () => store.create("a", { type: "job" }),
    batch: () => store.createMany(["a", "b"], { type: "job", independent: true }),
    "refused batch": () => store.createMany(["a", "b"], { type: "job" }),
  };
  const shared: string[] = [];
  const look = async (): Promise<void> => {
    for (const [name, call] of Object.entries(calls)) {
      const answers: Map<object, string>[] = [];
      for (let round = 0; round < 2; round++) {
        const answer = await Promise.resolve().then(call).catch((error: unknown) => error);
        assert(answer !== undefined);
        answers.push(changeable(answer, name));
      }
      const [first, second] = answers;
      shared.push(...[...first!].filter(([object]) => second!.has(object)).map(([, at]) => at));
    }
  };
  await look();
  await store.close();
  await look(); // most are refused now, all for the same reason
  assertEquals(shared, []);
});

test("bytes come in a buffer of their own, whatever they are asked for by", async () => {
  await using store = await memoryStore({ limits: { valueInlineBytesMax: 65_536 } });
  const sizes = [0, 1, 12, 5_000, 200_000]; // the last one is in parts
  const bytesOf = (size: number): Uint8Array => new Uint8Array(size).fill(size % 251);
  for (const size of sizes) {
    const values = { scan: bytesOf(size) };
    await store.create(`f${size}`, { type: "job", payload: bytesOf(size), values });
    if (size <= 5_000) await store.kv.set(`k${size}`, bytesOf(size));
  }
  const seen: unknown[] = [];
  for (const size of sizes) {
    const id = `f${size}`;
    const shown = { payloadMaxBytes: 1_000_000 };
    const { payload, payloadRef } = (await store.get(id, { full: true, ...shown }))!;
    const history = await store.history(id, { values: true, ...shown });
    seen.push(payload, history[0]?.payload, await store.valueMget([payloadRef!]));
    seen.push((await store.get(id, { values: true }))?.values);
    seen.push((await store.kv.get(`k${size}`))?.value);
    const [claimed] = await store.claimDue("job", { worker: "w", payload: true, ...shown });
    const { leaseToken, fencingToken } = claimed!;
    seen.push(claimed?.payload);
    const lease = { leaseToken: leaseToken!, fencingToken };
    await store.complete(claimed!, { ...lease, result: bytesOf(size) });
    seen.push((await store.get(claimed!, { full: true, ...shown }))?.result);
  }
  seen.push(await store.kv.list("k"));
  const arrays = [...changeable(seen, "seen")].filter(([one]) => one instanceof Uint8Array);
  assertEquals(arrays.length, 6 * sizes.length + 2 * 4);
  const shared = arrays.filter(([one]) => {
    const { length, buffer } = one as Uint8Array;
    return length !== buffer.byteLength;
  });
  assertEquals(shared.map(([, at]) => at), []);
  for (const [one] of arrays) {
    assert(sizes.includes((one as Uint8Array).length));
    assertEquals(one, bytesOf((one as Uint8Array).length));
  }
});

test("the members of a policy are objects of their own: one that is changed changes no other", async () => {
  await using store = await memoryStore();
  const { retry, states } = await store.policyGet("job", { state: "a" });
  Object.assign(retry.backoff, { baseMs: 1 });
  Object.assign(retry, { maxRetries: 99 });
  assertEquals([states.a?.retry.maxRetries, states.a?.retry.backoff.baseMs], [3, 1_000]);
  const other = await store.policyGet("other");
  assertEquals([other.retry.maxRetries, other.retry.backoff.baseMs], [3, 1_000]);
});

test("DEFAULT_LIMITS cannot be changed: all stores of a process share them", () => {
  assertThrows(() => Object.assign(DEFAULT_LIMITS, { batchItemsMax: 1 }), TypeError);
});
