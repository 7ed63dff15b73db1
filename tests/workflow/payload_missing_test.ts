/**
 * Jobs whose payload was linked and is over: no handler takes what is left of it for theirs.
 *
 * @module
 */
import { fakeRecord, fakeStore, memoryStore } from "../../src/testing/mod.ts";
import { manualTime } from "../../src/time/mod.ts";
import { complete, fail, ok, startWorker, type, workflow } from "../../src/workflow/mod.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";

/** A flow whose payload was put for ten milliseconds, eleven of which are over. */
async function late() {
  const store = await memoryStore();
  const email = workflow({
    type: "email",
    store,
    initialState: "queued",
    states: {
      queued: { payload: type<string>(), onOk: complete(), onError: fail() },
      empty: { claimPayload: false, onOk: complete() },
    },
  });
  const { ref } = await store.valuePut("welcome", { ttlMs: 10 });
  await store.create("e", { type: "email", payloadRef: ref });
  await store.create("f", { type: "email", payloadRef: ref, state: "empty" });
  await store.advance(11);
  return { store, email, ref };
}

test("runOnce() settles a job whose payload is gone with payload_missing, whatever onOmitted says", async () => {
  for (const onOmitted of ["error", "handle"] as const) {
    const { store, email, ref } = await late();
    await using _store = store;
    const seen: unknown[] = [];
    const [result] = await email.runOnce("queued", {
      ...{ worker: "w", onOmitted },
      handler: ({ payload }) => {
        seen.push(payload);
        return ok();
      },
    });
    assertEquals([seen, result?.record?.state], [[], "failed"]);
    const stored = (await email.get("e", { full: true }))?.error as Record<string, unknown>;
    assertEquals(stored["code"], "payload_missing");
    for (const part of ['flow "e"', `"${ref}"`, "ttlMs"]) {
      assertStringIncludes(String(stored["message"]), part);
    }
  }
});

test("handle() settles a job whose payload is gone with payload_missing", async () => {
  const { store, email } = await late();
  await using _store = store;
  const [job] = await email.claimDue("queued", { worker: "w" });
  assertEquals([job?.payload, job?.payloadMissing], [null as never, true]);
  const { record } = await email.handle(job!, () => ok());
  assertEquals(record?.state, "failed");
});

test("startWorker() settles a job whose payload is gone with payload_missing", async () => {
  const { store, email } = await late();
  await using _store = store;
  const seen: unknown[] = [];
  const handlers = { queued: ({ id }: { readonly id: string }) => ok(seen.push(id)) };
  await using _worker = startWorker(email, { worker: "w", handlers });
  await store.advance(0);
  assertEquals([seen, (await email.get("e"))?.state], [[], "failed"]);
});

test("a job of a state that wants no payload runs, also if that is gone", async () => {
  const { store, email } = await late();
  await using _store = store;
  const seen: unknown[] = [];
  await email.runOnce({
    ...{ state: "any", worker: "w", limit: 2 },
    handler: ({ id, payload, payloadMissing }) => {
      seen.push([id, payload, payloadMissing]);
      return ok();
    },
  });
  assertEquals(seen, [["f", undefined, undefined]]);
});

/** A job for whose payload and one of whose values its claim had no room. */
const crowded = fakeRecord({
  ...{ id: "e", runState: "queued", payloadRef: "v1", payloadOmitted: true, payloadSize: 4 },
  ...{ valuesOmitted: ["note"], valueRefs: { note: { ref: "v2", version: null, digest: null } } },
});

function readLater(shown: object) {
  const flows = fakeStore({
    time: manualTime(),
    claimDue: () => [crowded],
    valueMget: () => [null, null],
    get: () => fakeRecord({ ...crowded, ...shown }),
    complete: () => fakeRecord(),
    fail: () => fakeRecord(),
  });
  const email = workflow({
    type: crowded.type,
    store: flows,
    initialState: "queued",
    states: { queued: { onOk: complete(), onError: fail() } },
  });
  const seen: unknown[] = [];
  const handler = ({ payload, values }: { readonly payload: unknown; readonly values: object }) => {
    seen.push([payload, values]);
    return ok();
  };
  return { run: () => email.runOnce("queued", { worker: "w", values: true, handler }), seen };
}

test("a payload that goes between its claim and its handler is missing, too", async () => {
  const { run, seen } = readLater({ payloadOmitted: undefined, payloadMissing: true, values: {} });
  const [result] = await run();
  const { outcome } = result!;
  const reason = outcome?.kind === "error" ? outcome.reason as { code: string } : undefined;
  assertEquals([seen, reason?.code], [[], "payload_missing"]);
});

test("a value that goes between its claim and its handler is left out", async () => {
  const { run, seen } = readLater({ values: {} });
  await run();
  assertEquals(seen, [[null, {}]]);
});

test("a payload and a value that are null are there, also if they are read after the claim", async () => {
  const { run, seen } = readLater({ values: { note: null } });
  await run();
  assertEquals(seen, [[null, { note: null }]]);
});
