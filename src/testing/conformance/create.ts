/**
 * Creating flows.
 *
 * @module
 */
import type { CreateOptions, FlowRecord, ShownValues } from "../../flow/mod.ts";
import { holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, leased, owner, WEEK_MS } from "./leasing.ts";

type PlainRecord = Omit<FlowRecord, keyof ShownValues | "values" | "valuesOmitted">;

/** A request with every option that a create takes, save those that need something stored. */
const REQUEST = {
  type: JOB,
  state: "created",
  partitionKey: "tenant-1",
  runAtMs: 5_000,
  priority: 2,
  payload: { amount: 3 },
  values: { note: "hello" },
  parentFlowId: "parent-1",
  rootFlowId: "root-1",
  correlationId: "order-1",
  attributes: { region: "eu", size: 3, urgent: true },
  retentionTtlMs: 60_000,
  historyMaxEvents: 12,
} as const satisfies CreateOptions;

/** `create()`. */
export const createCases: readonly ConformanceCase[] = [
  {
    name: "create() resolves to the record of a new flow, due at once in state queued",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const flow: PlainRecord = await store.create("123456789", { type: JOB });
      same(flow, {
        id: "123456789",
        type: JOB,
        state: "queued",
        runState: null,
        version: 1,
        attempts: 0,
        attemptsTotal: 0,
        reclaims: 0,
        fencingToken: 0,
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
        nextRunAtMs: nowMs,
        priority: 0,
        retentionTtlMs: WEEK_MS,
        terminalRetentionUntilMs: null,
        historyMaxEvents: 100_000,
        // CRC-32 of the id is 0xCBF43926; its last byte chooses one of 256 partitions.
        partitionKey: "__flow_auto__:38",
        payloadRef: null,
        valueRefs: {},
        resultRef: null,
        errorRef: null,
        parentFlowId: null,
        parentPartitionKey: null,
        parentGroupId: null,
        childGroups: {},
        rootFlowId: "123456789",
        correlationId: null,
        attributes: {},
        rewoundToEventId: null,
        leaseOwner: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
      });
      same(await store.get("123456789"), flow);
    },
  },
  {
    name: "create() takes every option as it is given",
    async run({ store }) {
      const flow = await store.create("a", REQUEST);
      const { payload: _payload, values: _values, runAtMs, ...rest } = REQUEST;
      shows(flow, { ...rest, nextRunAtMs: runAtMs, version: 1 });
      shows(await store.get(flow, { payload: true, values: true }), {
        payload: REQUEST.payload,
        values: REQUEST.values,
      });
    },
  },
  {
    name: "create() is one event, created, whose id is the time and version 1",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const { payloadRef } = await create(store, "a", { state: "s", priority: 1, payload: 1 });
      same(await store.history("a"), [{
        eventId: `${nowMs}-1`,
        event: "created",
        version: 1,
        atMs: nowMs,
        id: "a",
        type: JOB,
        state: "s",
        runState: null,
        priority: 1,
        attempts: 0,
        fencingToken: 0,
        nextRunAtMs: nowMs,
        leaseOwner: null,
        leaseDeadlineMs: 0,
        payloadRef,
        resultRef: null,
        errorRef: null,
        rewoundToEventId: null,
      }]);
    },
  },
  {
    name: "create() with a runAtMs in the past keeps it, and the flow is due at once",
    async run({ store }) {
      same((await create(store, "a", { runAtMs: 0 })).nextRunAtMs, 0);
      same(await claimedIds(store), ["a"]);
    },
  },
  {
    name: "create() with a runAtMs in the future: the flow is due at that millisecond, not before",
    needs: ["manualClock"],
    async run(context) {
      const { store, nowMs } = context;
      await create(store, "a", { runAtMs: nowMs + 10 });
      same(await claimedIds(store), []);
      await context.advance(9);
      same(await claimedIds(store), []);
      await context.advance(1);
      same(await claimedIds(store), ["a"]);
    },
  },
  {
    name:
      "create() of an id that is there is refused with already_exists, also if that flow has ended",
    async run({ store }) {
      const flow = await leased(store, "a");
      await refused(() => create(store, "a"), "already_exists", {
        id: "a",
        type: JOB,
        state: "running",
      });
      await store.complete(flow, owner(flow));
      await refused(() => create(store, "a"), "already_exists", { state: "completed" });
      same(await eventsOf(store, "a"), ["created", "claimed", "completed"]);
    },
  },
  {
    name: "create() in another partition is another flow, even of the same id",
    async run({ store }) {
      await create(store, "a", { partitionKey: "p", state: "one" });
      await create(store, "a", { partitionKey: "q", state: "two" });
      shows(await store.get({ id: "a", partitionKey: "p" }), { state: "one" });
      shows(await store.get({ id: "a", partitionKey: "q" }), { state: "two" });
      same(await store.get({ id: "a", partitionKey: "r" }), null);
    },
  },
  {
    name: "an id that stands in two partitions is refused until the partition is named",
    async run({ store }) {
      for (const partitionKey of ["q", "p"]) await create(store, "a", { partitionKey });
      const details = { field: "partitionKey", partitionKeys: ["p", "q"] };
      await refused(() => store.get("a"), "invalid_argument", details);
      await refused(() => store.cancel("a"), "invalid_argument", details);
      await refused(() => store.history("a"), "invalid_argument", details);
      await store.cancel({ id: "a", partitionKey: "p" });
      shows(await store.get({ id: "a", partitionKey: "q" }), { state: "queued", version: 1 });
    },
  },
  {
    name: "a flow that is named with a type is one of that type: any other counts as absent",
    async run({ store }) {
      const own = await create(store, "a", { partitionKey: "p" });
      const other = await store.create("a", { type: "other", partitionKey: "q" });
      // A record names its type.
      same(await store.get(own), own);
      same(await store.get({ id: "a", partitionKey: "q", type: JOB }), null);
      same(await store.history({ id: "a", partitionKey: "q", type: JOB }), []);
      const wrong = { id: "a", partitionKey: "q", type: JOB };
      const commands = [
        () => store.cancel(wrong),
        () => store.signal(wrong, { signal: "s" }),
        () => store.transition(wrong, { from: "queued", to: "b", fencingToken: 0 }),
        () => store.rewind(wrong, { toEvent: "1-1" }),
      ];
      for (const command of commands) await refused(command, "not_found", { id: "a", type: JOB });
      same(await store.get({ id: "a", partitionKey: "q" }), other);
      // So an id that two types have says enough.
      shows(await store.cancel({ id: "a", type: JOB }), { partitionKey: "p", state: "cancelled" });
      same(await store.get({ id: "a", type: "other" }), other);
    },
  },
  {
    name: "create() with idempotent, repeated, resolves to the present record and changes nothing",
    async run({ store }) {
      const first = await store.create("a", REQUEST);
      same(await store.create("a", { ...REQUEST, idempotent: true }), first);
      const flow = await claimOne(store);
      same(await store.create("a", { ...REQUEST, idempotent: true }), flow);
      await store.complete(flow, owner(flow));
      shows(await store.create("a", { ...REQUEST, idempotent: true }), {
        state: "completed",
        version: 3,
      });
      same(await eventsOf(store, "a"), ["created", "claimed", "completed"]);
    },
  },
  {
    name: "create() with idempotent compares requests, not what a policy made of them",
    async run({ store }) {
      await create(store, "a", { idempotent: true });
      await store.policySet(JOB, { retention: { ttlMs: 5, historyMaxEvents: 5 } });
      shows(await create(store, "a", { idempotent: true }), {
        retentionTtlMs: WEEK_MS,
        version: 1,
      });
    },
  },
  {
    name: "create() with idempotent and another request is refused with idempotency_conflict",
    async run({ store }) {
      const first = await store.create("a", REQUEST);
      const others: readonly Partial<CreateOptions>[] = [
        { type: "other" },
        { state: "other" },
        { runAtMs: 5_001 },
        { priority: 1 },
        { payload: { amount: 4 } },
        // The same bytes, but as bytes.
        { payload: new TextEncoder().encode('{"amount":3}') },
        { payload: undefined },
        { values: { note: "other" } },
        { values: undefined },
        { parentFlowId: "other" },
        { rootFlowId: "other" },
        { correlationId: "other" },
        { attributes: { region: "eu" } },
        { retentionTtlMs: 60_001 },
        { historyMaxEvents: 13 },
      ];
      for (const other of others) {
        await refused(
          () => store.create("a", { ...REQUEST, ...other, idempotent: true }),
          "idempotency_conflict",
          { id: "a", partitionKey: "tenant-1" },
        );
      }
      same(await store.get("a"), first);
    },
  },
  {
    name: "create() refuses to begin in running, in a terminal state, or in a reserved name",
    async run({ store }) {
      const begin = (state: string) => () => create(store, "a", { state });
      await refused(begin("running"), "running_reserved", { field: "state", value: "running" });
      await refused(begin("Running"), "running_reserved", { field: "state" });
      for (const state of ["completed", "failed", "cancelled"]) {
        await refused(begin(state), "terminal_target", { field: "state", value: state });
      }
      for (const state of ["any", "ANY", "auto"]) {
        await refused(begin(state), "invalid_argument", { field: "state" });
      }
      same(await store.get("a"), null);
    },
  },
  {
    name: "a payload of null is a payload; one of undefined is none",
    async run({ store }) {
      holds((await create(store, "null", { payload: null })).payloadRef !== null, "No reference");
      shows(await store.get("null", { payload: true }), { payload: null, payloadSize: 4 });
      same((await create(store, "none", { payload: undefined })).payloadRef, null);
      const none = await store.get("none", { payload: true });
      same([none !== null && "payload" in none, none?.payloadSize], [false, undefined]);
    },
  },
  {
    name: "create() with payloadRef takes a stored value as the payload",
    async run({ store }) {
      const { ref } = await store.valuePut({ shared: true });
      await create(store, "a", { payloadRef: ref });
      await create(store, "b", { payloadRef: ref });
      for (const id of ["a", "b"]) {
        shows(await store.get(id, { payload: true }), {
          payloadRef: ref,
          payload: { shared: true },
        });
      }
      await refused(
        () => create(store, "c", { payload: 1, payloadRef: ref }),
        "invalid_argument",
        { field: "payloadRef" },
      );
    },
  },
  {
    name: "a flow that is past its retention is no more: its id is free at once",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "a", { retentionTtlMs: 10, payload: "old" });
      await store.cancel("a");
      await context.advance(9);
      await refused(() => create(store, "a"), "already_exists", { state: "cancelled" });
      await context.advance(1);
      shows(await create(store, "a", { state: "new" }), {
        version: 1,
        state: "new",
        payloadRef: null,
      });
      same(await eventsOf(store, "a"), ["created"]);
    },
  },
  {
    name: "a record is a snapshot: what becomes of the flow does not change it",
    async run({ store }) {
      const flow = await create(store, "a");
      await store.cancel("a");
      shows(flow, { state: "queued", version: 1 });
    },
  },
];
