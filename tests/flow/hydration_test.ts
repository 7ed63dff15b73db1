import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { CoreStore } from "./core_store.ts";

test("claimDue() shows values only when asked, marks what is over the cap, and minds its budget", () => {
  const store = new CoreStore({ limits: { claimBytesMax: 25 } });
  for (const id of ["a", "b", "c"]) store.create(id, { type: "t", payload: "x".repeat(8) });
  store.create("d", { type: "t", payload: "x".repeat(30) });
  const claim = (limit: number, options: object) =>
    store.claimDue("t", { worker: "w", limit, leaseMs: 1, payloadMaxBytes: 10, ...options })
      .map(({ payload, payloadSize, payloadOmitted }) => [payload, payloadSize, payloadOmitted]);
  assertEquals(claim(4, {}), [1, 2, 3, 4].map(() => [undefined, undefined, undefined]));
  store.nowMs += 1;
  assertEquals(claim(4, { payload: true }), [
    ["xxxxxxxx", 10, undefined],
    ["xxxxxxxx", 10, undefined],
    [undefined, 10, true],
    [undefined, 32, true],
  ]);
});

test("a value above the inline limit travels in parts and comes back whole", () => {
  const store = new CoreStore({ limits: { valueInlineBytesMax: 10 } });
  const bytes = Uint8Array.from({ length: 35 }, (_, index) => index);
  store.create("f", { type: "t", payload: bytes });
  assertEquals(store.get("f", { payload: true })?.payload, bytes);
  assertEquals(store.get("f", { payload: true, payloadMaxBytes: 34 })?.payloadOmitted, true);
  store.createMany(["g", "h"], { type: "t", payload: "y".repeat(40) });
  assertEquals(store.get("h", { payload: true })?.payload, "y".repeat(40));
});

test("payload null is a payload, undefined is none, bytes stay bytes", () => {
  const store = new CoreStore();
  store.create("a", { type: "t", payload: null });
  store.create("b", { type: "t", payload: undefined });
  store.create("c", { type: "t", payload: new Uint8Array(0) });
  assertEquals(store.get("a", { payload: true })?.payload, null);
  assertEquals(store.get("b", { payload: true })?.payloadRef, null);
  assertEquals(store.get("c", { payload: true, payloadMaxBytes: 0 })?.payload, new Uint8Array(0));
});
