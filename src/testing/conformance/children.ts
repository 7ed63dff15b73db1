/**
 * Spawning children.
 *
 * @module
 */
import type { ChildItem, SpawnChildrenOptions } from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { family, GROUP, spawn, statesOf } from "./family.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, leased, owner, WEEK_MS } from "./leasing.ts";

/** `spawnChildren()`. */
export const childrenCases: readonly ConformanceCase[] = [
  {
    name:
      "spawnChildren() creates children and parks their parent in its wait state, without its lease",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const flow = await leased(store, "p", { state: "begun", partitionKey: "here" });
      await context.advance(5);
      const guard = owner(flow);
      const parent = await store.spawnChildren(flow, ["a", "b"], {
        ...GROUP,
        ...guard,
        from: "begun",
      });
      same(parent, {
        ...flow,
        state: "waiting",
        runState: null,
        version: 3,
        updatedAtMs: context.nowMs,
        nextRunAtMs: null,
        leaseOwner: null,
        leaseToken: null,
        leaseDeadlineMs: 0,
        childGroups: {
          g: {
            wait: "all",
            onChildFailed: "fail_parent",
            onParentClosed: "cancel_children",
            waitState: "waiting",
            success: "joined",
            failure: "broken",
            summary: { total: 2, completed: 0, failed: 0, cancelled: 0 },
            resolved: null,
          },
        },
      });
      same(await store.get("p"), parent);
      shows(await store.get("a"), {
        type: JOB,
        state: "queued",
        version: 1,
        partitionKey: "here",
        createdAtMs: context.nowMs,
        nextRunAtMs: context.nowMs,
        parentFlowId: "p",
        parentPartitionKey: "here",
        parentGroupId: "g",
        rootFlowId: "p",
        correlationId: null,
      });
      same(await claimedIds(store), ["a", "b"]);
    },
  },
  {
    name: "spawnChildren() is one event of the parent, children_spawned, and created of each child",
    async run({ store }) {
      await family(store, "p", ["a"]);
      same(await eventsOf(store, "p"), ["created", "children_spawned"]);
      same(await eventsOf(store, "a"), ["created"]);
      shows((await store.history("p")).at(-1), {
        event: "children_spawned",
        groupId: "g",
        childId: undefined,
        state: "waiting",
        nextRunAtMs: null,
      }, "The event");
    },
  },
  {
    name:
      "spawnChildren() takes options of every child, and for all of them; what a child says itself wins",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      await create(store, "p", { state: "begun" });
      const { ref } = await store.valuePut("shared");
      const common = {
        type: "common",
        state: "s",
        runAtMs: 7,
        priority: 1,
        payload: "common",
        values: { x: 1 },
        valueRefs: { link: ref },
        correlationId: "order",
        attributes: { size: 1 },
        retentionTtlMs: 8,
        historyMaxEvents: 9,
        idempotent: true,
      } as const satisfies Partial<SpawnChildrenOptions>;
      const own: ChildItem = {
        id: "own",
        partitionKey: "there",
        type: "own",
        state: "t",
        runAtMs: 17,
        priority: 2,
        payloadRef: ref,
        payload: undefined,
        values: { y: 2 },
        valueRefs: {},
        correlationId: "other",
        attributes: {},
        retentionTtlMs: 18,
        historyMaxEvents: 19,
        idempotent: false,
      };
      const { payload: _, ...rest } = common;
      await store.spawnChildren("p", [own, {
        ...own,
        id: "paid",
        payloadRef: undefined,
        payload: 3,
      }], {
        ...GROUP,
        ...rest,
        nowMs: nowMs + 5,
      });
      const group = { ...GROUP, groupId: "h", from: "waiting" };
      await store.spawnChildren("p", ["plain"], { ...group, ...common });
      const linked = { ...group, ...rest, groupId: "i", payloadRef: ref };
      await store.spawnChildren("p", ["linked"], linked);
      const all = { payload: true, values: true };
      shows(await store.get("own", all), {
        partitionKey: "there",
        type: "own",
        state: "t",
        nextRunAtMs: 17,
        priority: 2,
        payload: "shared",
        values: { y: 2 },
        correlationId: "other",
        attributes: {},
        retentionTtlMs: 18,
        historyMaxEvents: 19,
        createdAtMs: nowMs + 5,
      });
      shows(await store.get("paid", all), { payload: 3 });
      shows(await store.get("linked", all), { payload: "shared" });
      shows(await store.get("plain", all), {
        type: "common",
        state: "s",
        nextRunAtMs: 7,
        priority: 1,
        payload: "common",
        values: { x: 1, link: "shared" },
        correlationId: "order",
        attributes: { size: 1 },
        retentionTtlMs: 8,
        historyMaxEvents: 9,
      });
    },
  },
  {
    name: "children have the root of their parent, at every depth",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await spawn(store, "a", ["b"]);
      shows(await store.get("b"), { parentFlowId: "a", rootFlowId: "p", parentGroupId: "g" });
    },
  },
  {
    name:
      "spawnChildren() with wait none sends the parent to success at once, due now, and its group is decided",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "p", { state: "begun", runAtMs: context.nowMs + 9 });
      const alone = { wait: "none", waitState: undefined, failure: undefined } as const;
      const parent = await spawn(store, "p", ["a"], { ...alone, success: "sent" });
      shows(parent, { state: "sent", nextRunAtMs: context.nowMs });
      shows(parent.childGroups["g"], {
        wait: "none",
        waitState: null,
        success: "sent",
        failure: null,
        resolved: "success",
      }, "The group");
      same(await claimedIds(store, { state: "sent" }), ["p"]);
      await store.cancel("a");
      shows(await store.get("p"), { version: 3 });
      same((await store.get("p"))?.childGroups["g"]?.summary, {
        total: 1,
        completed: 0,
        failed: 0,
        cancelled: 0,
      });
    },
  },
  {
    name:
      "spawnChildren() with wait none and a terminal success ends the parent, and its children go on",
    needs: ["manualClock"],
    async run({ store, nowMs }) {
      const alone = { wait: "none", waitState: undefined, success: "completed" } as const;
      await create(store, "p");
      await refused(() => spawn(store, "p", ["a"], alone), "invalid_argument", {
        field: "onParentClosed",
      });
      const free = { ...alone, onParentClosed: "abandon_children" } as const;
      shows(await spawn(store, "p", ["a"], free), {
        state: "completed",
        nextRunAtMs: null,
        terminalRetentionUntilMs: nowMs + WEEK_MS,
      });
      same(await claimedIds(store), ["a"]);
    },
  },
  {
    name: "spawnChildren() again, with the same request, changes nothing and looks at nothing else",
    async run({ store }) {
      const flow = await leased(store, "p");
      const values = { values: { x: 1 } };
      const group = { ...GROUP, ...values };
      await store.spawnChildren("p", ["a", "b"], { ...group, ...owner(flow) });
      const parent = await store.cancel("p");
      // Without its lease, in any order, and although the parent has ended.
      const again = { ...group, fencingToken: 7, from: "other" };
      same(await store.spawnChildren("p", ["b", "a"], again), await store.get("p"));
      same((await store.get("p"))!.version >= parent.version, true);
      same(await eventsOf(store, "a"), ["created", "cancelled"]);
    },
  },
  {
    name: "a flow may have several groups of children",
    async run({ store }) {
      await family(store, "p", ["a"]);
      const parent = await spawn(store, "p", ["b"], { groupId: "h", wait: "any" });
      same(Object.keys(parent.childGroups).sort(), ["g", "h"]);
      same(await statesOf(store, "a", "b"), ["a", "b"]);
    },
  },
  {
    name: "flows created with a parentFlowId alone are in no group and never counted",
    async run({ store }) {
      await create(store, "p");
      const child = await create(store, "a", { parentFlowId: "p" });
      shows(child, { parentGroupId: null, parentPartitionKey: null });
      await store.cancel("a");
      shows(await store.get("p"), { version: 1, childGroups: {} });
    },
  },
  {
    name: "spawnChildren() wakes claims that wait for children",
    needs: ["blocking"],
    async run({ store }) {
      await create(store, "p", { runAtMs: 8_000_000_000_000_000 });
      const claim = claimOne(store, { state: "a", blockMs: 0 });
      await spawn(store, "p", ["a"]);
      shows(await claim, { id: "a" });
    },
  },
  {
    name: "parents and children are there when the store is closed and opened again",
    needs: ["durable"],
    async run(context) {
      const parent = await family(context.store, "p", ["a", "b"]);
      await context.reopen();
      same(await context.store.get("p"), parent);
      same(await spawn(context.store, "p", ["b", "a"]), parent);
      await context.store.cancel("a");
      shows(await context.store.get("p"), { state: "broken" });
    },
  },
];
