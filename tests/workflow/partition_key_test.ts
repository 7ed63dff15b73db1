import fc from "fast-check";
import { FlowError } from "../../src/errors.ts";
import { fakeRecord, fakeStore } from "../../src/testing/mod.ts";
import { type, workflow } from "../../src/workflow/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { billingOn } from "./billing.ts";

/** The partition that the fields make, as the store hears of it. */
async function keyOf(tenantId: string | number, invoiceId: string | number): Promise<unknown> {
  const store = fakeStore({ create: () => fakeRecord() });
  await billingOn(store).create({ id: "i", tenantId, invoiceId, payload: { amount: 1 } });
  const [call] = store.calls;
  return call?.command === "create" ? call.args[1].partitionKey : undefined;
}

const keys: readonly (readonly [string | number, string | number, string])[] = [
  ["t1", "i9", "t1:i9"],
  ["t1", 9, "t1:9"],
  ["a:b", "c", "a%3Ab:c"],
  ["a", "b:c", "a:b%3Ac"],
  ["a%3Ab", "c", "a%253Ab:c"],
  ["100%", "ü /?", "100%25:ü /?"],
  [0, -1.5, "0:-1.5"],
];

test("create() joins partition fields and encodes colons and percent signs in them", async () => {
  for (const [tenantId, invoiceId, key] of keys) {
    assertEquals(await keyOf(tenantId, invoiceId), key);
  }
});

test("create() never makes the same key of different fields", async () => {
  const text = fc.string({ unit: fc.constantFrom(":", "%", "2", "5", "3", "A"), minLength: 1 });
  const drawn = fc.sample(fc.tuple(text, text), { numRuns: 300, seed: 7 });
  const seen = new Map<unknown, string>();
  for (const [tenantId, invoiceId] of drawn) {
    const key = await keyOf(tenantId, invoiceId);
    const fields = JSON.stringify([tenantId, invoiceId]);
    assertEquals(seen.get(key) ?? fields, fields);
    seen.set(key, fields);
  }
});

const mistakes: readonly (readonly [object, string, string])[] = [
  [{}, "tenantId", "undefined"],
  [{ tenantId: "t1" }, "invoiceId", "a non-empty text or a finite number"],
  [{ tenantId: "t1", invoiceId: "" }, "invoiceId", `""`],
  [{ tenantId: "t1", invoiceId: null }, "invoiceId", "null"],
  [{ tenantId: NaN, invoiceId: "i9" }, "tenantId", "NaN"],
  [{ tenantId: true, invoiceId: "i9" }, "tenantId", "true"],
  [{ tenantId: "t1", invoiceId: "i9", partitionKey: "k" }, "partitionKey", "tenantId, invoiceId"],
];

test("create() refuses partition fields that are missing or have no text", async () => {
  const store = fakeStore();
  const billing = billingOn(store);
  for (const [fields, field, says] of mistakes) {
    const attributes = { id: "i", payload: { amount: 1 }, ...fields } as never;
    const { code, details, message } = await assertRejects(
      () => billing.create(attributes),
      FlowError,
    );
    assertEquals([code, details.field], ["invalid_argument", field]);
    assertStringIncludes(message, says);
  }
  assertEquals(store.calls, []);
});

test("createMany() names the item whose partition field is missing", async () => {
  const whole = { tenantId: "t1", invoiceId: "i9", payload: { amount: 1 } };
  const items = [whole, { ...whole, invoiceId: undefined as never }];
  const { details } = await assertRejects(
    () => billingOn(fakeStore()).createMany(items),
    FlowError,
  );
  assertEquals(details.field, "items[1].invoiceId");
});

test("claimDue() refuses some of the partition fields without the others", async () => {
  const { details } = await assertRejects(
    () => billingOn(fakeStore()).claimDue("created", { worker: "w", invoiceId: "i9" }),
    FlowError,
  );
  assertEquals(details.field, "tenantId");
});

test("create() takes a partition key that was made before, without partition fields", async () => {
  const store = fakeStore({ create: () => fakeRecord() });
  const states = { a: { payload: type<string>() } } as const;
  const plain = workflow({ type: "t", store, initialState: "a", states });
  await plain.create({ id: "i", partitionKey: "t1:i9", payload: "p" });
  assertEquals(store.calls as unknown, [{
    command: "create",
    args: ["i", { type: "t", state: "a", partitionKey: "t1:i9", payload: "p" }],
  }]);
});
