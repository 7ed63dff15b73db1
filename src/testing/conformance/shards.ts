/**
 * A store of several shards is one store.
 *
 * @module
 */
import { FlowBatchError } from "../../flow/mod.ts";
import { fail, holds, refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { GROUP } from "./family.ts";
import { claimedIds, claimOne, create, idsOf, JOB, owner } from "./leasing.ts";
import { eachPage } from "./pages.ts";

/** As many as to be sure that they are not all in one shard. */
const PARTITIONS: readonly string[] = Array.from(
  { length: 40 },
  (_, n) => `p${`${n}`.padStart(2, "0")}`,
);

/** A flow per partition, with the name of its partition, in their order. */
const FLOWS = PARTITIONS.map((partitionKey, n) => ({ id: partitionKey, partitionKey, runAtMs: n }));

/** A child per partition. */
const CHILDREN = PARTITIONS.map((partitionKey) => ({ id: `c-${partitionKey}`, partitionKey }));

const SEVERAL = { needs: ["shards"], settings: { shards: 4 } } as const;
const TIMED = { needs: ["shards", "manualClock"], settings: { shards: 4 } } as const;

/** Several shards. */
export const shardsCases: readonly ConformanceCase[] = [
  {
    name: "a claim takes flows of all shards in one order: priority, due time, id",
    ...SEVERAL,
    async run({ store }) {
      await store.createMany(FLOWS.toReversed(), { type: JOB });
      await create(store, "urgent", { priority: 1 });
      const [first, ...rest] = PARTITIONS;
      same(await claimedIds(store, { limit: 2 }), ["urgent", first]);
      same(await claimedIds(store), rest);
    },
  },
  {
    name: "a claim takes over expired leases of all shards, and their share is of the whole claim",
    ...TIMED,
    async run(context) {
      const { store } = context;
      await store.createMany(FLOWS, { type: JOB });
      await store.claimDue(JOB, { worker: "lost", limit: 20, leaseMs: 10 });
      await context.advance(10);
      const ids = await claimedIds(store, { limit: 8 });
      same(ids, [...PARTITIONS.slice(20, 26), ...PARTITIONS.slice(0, 2)]);
      const reclaimed = await store.reclaim(JOB, { worker: "w", limit: 3 });
      same(idsOf(reclaimed), PARTITIONS.slice(2, 5));
    },
  },
  {
    name: "list(), terminals() and byCorrelation() read all shards in one order, page by page",
    ...TIMED,
    async run(context) {
      const { store } = context;
      for (const partitionKey of PARTITIONS) {
        await create(store, partitionKey, { partitionKey, correlationId: "order" });
        await store.cancel(partitionKey);
        await context.advance(1);
      }
      same(idsOf(await store.list(JOB)), [...PARTITIONS]);
      same(idsOf(await store.terminals(JOB, { rev: true })), PARTITIONS.toReversed());
      same(idsOf(await store.byCorrelation("order")), [...PARTITIONS]);
      const pages = await Array.fromAsync(
        eachPage((cursor) => store.list(JOB, { count: 7, cursor })),
      );
      same(pages.flatMap(idsOf), [...PARTITIONS]);
    },
  },
  {
    name: "info() and stuck() count and read all shards",
    ...TIMED,
    async run(context) {
      const { store } = context;
      await store.createMany(FLOWS, { type: JOB });
      for (const leaseMs of [30, 20, 10]) {
        await store.claimDue(JOB, { worker: "w", limit: 5, leaseMs });
      }
      await context.advance(30);
      shows(await store.info(JOB), { queued: 25, running: 15, due: 25, oldestDueMs: 15 }, "info");
      const stuck = idsOf(await store.stuck(JOB));
      same(stuck, [10, 5, 0].flatMap((n) => PARTITIONS.slice(n, n + 5)));
      same(idsOf(await store.stuck(JOB, { count: 6 })), stuck.slice(0, 6));
      const first = await store.stuck(JOB, { count: 6, cursor: null });
      const rest = await store.stuck(JOB, { cursor: first.cursor });
      same([...idsOf(first.items), ...idsOf(rest.items)], stuck);
    },
  },
  {
    name: "a flow is found by its id alone in any shard, and two of that id are refused",
    ...SEVERAL,
    async run({ store }) {
      await store.createMany(FLOWS, { type: JOB });
      for (const id of PARTITIONS) shows(await store.get(id), { id, partitionKey: id });
      await Promise.all(PARTITIONS.map((id) => store.signal(id, { signal: "x" })));
      const twins = PARTITIONS.map((partitionKey) => ({ id: "twin", partitionKey }));
      await store.createMany(twins, { type: JOB });
      const partitionKeys = [...PARTITIONS];
      const details = { field: "partitionKey", partitionKeys };
      await refused(() => store.get("twin"), "invalid_argument", details);
      await refused(() => store.cancel("twin"), "invalid_argument", details);
    },
  },
  {
    name: "a batch over several shards resolves to its records in the order of the call",
    ...SEVERAL,
    async run({ store }) {
      const flows = await store.createMany(FLOWS.toReversed(), { type: JOB });
      same(idsOf(flows), PARTITIONS.toReversed());
      const leases = await store.claimDue(JOB, { worker: "w", limit: 40 });
      const items = leases.toReversed().map((flow) => ({ id: flow.id, ...owner(flow) }));
      same(idsOf(await store.completeMany(items)), PARTITIONS.toReversed());
      shows(await store.info(JOB), { completed: 40 }, "info");
    },
  },
  {
    name:
      "a batch over several shards is all or nothing in each, and its error tells which have applied theirs",
    ...SEVERAL,
    async run({ store }) {
      await create(store, "p07", { partitionKey: "p07", state: "old" });
      const error = await refused(
        () => store.createMany(FLOWS, { type: JOB }),
        "already_exists",
        { index: 7, id: "p07" },
      );
      if (!(error instanceof FlowBatchError)) {
        return fail(`Expected a FlowBatchError, got ${error}`);
      }
      const applied = error.outcomes.filter(({ ok }) => ok).length;
      holds(applied > 0 && applied < 40, `Other shards than that of p07 apply theirs: ${applied}`);
      for (const [n, outcome] of error.outcomes.entries()) {
        const flow = await store.get(PARTITIONS[n]!);
        if (outcome.ok) same(flow, outcome.record);
        else if (n === 7) shows(flow, { state: "old", version: 1 });
        else {
          same([flow, outcome.error.code], [null, "not_applied"]);
          shows(outcome.error.details, { index: 7, refusedWith: "already_exists" });
        }
      }
    },
  },
  {
    name: "independent items over several shards each stand alone",
    ...SEVERAL,
    async run({ store }) {
      await create(store, "p07", { partitionKey: "p07", state: "old" });
      const outcomes = await store.createMany(FLOWS, { type: JOB, independent: true });
      same(outcomes.map(({ ok }, n) => ok ? "" : PARTITIONS[n]).join(""), "p07");
      shows(await store.info(JOB), { queued: 39 }, "info");
    },
  },
  {
    name: "a waiting claim wakes for a flow of any shard",
    needs: ["shards", "blocking"],
    settings: { shards: 4 },
    async run({ store }) {
      for (const partitionKey of PARTITIONS.slice(0, 8)) {
        const claim = store.claimDue(JOB, { worker: "w", blockMs: 0 });
        await create(store, partitionKey, { partitionKey });
        same(idsOf(await claim), [partitionKey]);
      }
    },
  },
  {
    name: "retentionCleanup() counts what it removes from all shards",
    ...TIMED,
    async run(context) {
      const { store } = context;
      await store.createMany(FLOWS, { type: JOB });
      await store.cancelMany(FLOWS.map(({ id }) => ({ id })), { ttlMs: 10 });
      await context.advance(10);
      same(await store.retentionCleanup({ limit: 1_000 }), {
        flows: 40,
        history: 80,
        values: 0,
        keys: 0,
      });
    },
  },
  {
    name: "a policy holds in every shard",
    ...SEVERAL,
    async run({ store }) {
      await store.policySet(JOB, { retention: { ttlMs: 77 } });
      const flows = await store.createMany(FLOWS, { type: JOB });
      same([...new Set(flows.map(({ retentionTtlMs }) => retentionTtlMs))], [77]);
    },
  },
  {
    name: "a value that is stored can be linked and read in every shard",
    ...SEVERAL,
    async run({ store }) {
      const { ref } = await store.valuePut("shared");
      await store.createMany(FLOWS, { type: JOB, payloadRef: ref });
      for (const id of PARTITIONS) {
        shows(await store.get(id, { payload: true }), { payload: "shared" });
      }
    },
  },
  {
    name: "children may be in every shard: the end of the last one sends their parent on",
    needs: ["shards", "blocking"],
    settings: { shards: 4 },
    async run({ store }) {
      await create(store, "parent", { partitionKey: "p00", state: "begun" });
      await store.spawnChildren("parent", CHILDREN, GROUP);
      same((await store.byParent("parent")).length, 40);
      const flows = await store.claimDue(JOB, { worker: "w", limit: 40 });
      await store.completeMany(flows.map((flow) => ({ id: flow.id, ...owner(flow) })));
      const parent = await claimOne(store, { state: "joined", blockMs: 0 });
      shows(parent.childGroups["g"], {
        summary: { total: 40, completed: 40, failed: 0, cancelled: 0 },
        resolved: "success",
      }, "The group");
    },
  },
  {
    name: "the end of a flow reaches its children in every shard, each once",
    needs: ["shards", "events"],
    settings: { shards: 4 },
    async run({ store, events }) {
      await create(store, "parent", { partitionKey: "p00", state: "begun" });
      await store.spawnChildren("parent", CHILDREN, GROUP);
      await using stream = events();
      await store.cancel("parent");
      const cancelled = new Set<string>();
      while (cancelled.size < 41) {
        const { value } = await stream.next();
        if (value?.event !== "cancelled") continue;
        holds(!cancelled.has(value.id), `${value.id} was cancelled twice`);
        cancelled.add(value.id);
      }
      shows(await store.info(JOB), { cancelled: 41, queued: 0 }, "info");
      shows((await store.get("parent"))?.childGroups["g"], {
        summary: { total: 40, completed: 0, failed: 0, cancelled: 40 },
        resolved: "failure",
      }, "The group");
    },
  },
  {
    name: "a group of children in several shards is created as a whole or not at all",
    ...SEVERAL,
    async run({ store }) {
      await create(store, "parent", { partitionKey: "p00", state: "begun" });
      await create(store, "c-p33", { partitionKey: "p33" });
      const spawn = () => store.spawnChildren("parent", CHILDREN, GROUP);
      await refused(spawn, "already_exists", { id: "c-p33", partitionKey: "p33" });
      shows(await store.get("parent"), { state: "begun", version: 1, childGroups: {} });
      shows(await store.info(JOB), { queued: 1, states: { begun: 1, queued: 1 } }, "info");
    },
  },
  {
    name: "all shards are there when the store is opened again",
    needs: ["shards", "durable"],
    settings: { shards: 4 },
    async run(context) {
      const flows = await context.store.createMany(FLOWS, { type: JOB });
      await context.reopen();
      same(await Promise.all(PARTITIONS.map((id) => context.store.get(id))), flows);
      same(await claimedIds(context.store), [...PARTITIONS]);
    },
  },
];
