/**
 * Spawning children.
 *
 * @module
 */
import type { ChildItem, FlowStore, SpawnChildrenOptions } from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import {
  type BadArgument,
  badBooleans,
  badCounts,
  badIntegers,
  badNamedValues,
  badTexts,
  badValues,
  DURATION_MS_MAX,
  INSTANT_MS_MAX,
} from "./bad_argument.ts";
import type { ConformanceCase } from "./case.ts";
import { family, GROUP, spawn, statesOf } from "./family.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, leased, owner } from "./leasing.ts";

const WEEK_MS = 7 * 86_400_000;

/** A call with arguments that its types do not allow. */
function untyped(store: FlowStore, ...args: readonly unknown[]): () => Promise<unknown> {
  return () => (store.spawnChildren as (...args: readonly unknown[]) => Promise<unknown>)(...args);
}

const BAD: readonly BadArgument[] = [
  ...badTexts("groupId", "waitState", "success", "failure", "from", "leaseToken"),
  ...["groupId", "success", "failure", "fencingToken"].map((name) => ({ name, value: undefined })),
  ...badIntegers("fencingToken", 0, Number.MAX_SAFE_INTEGER),
  ...["every", "ALL", null].map((value) => ({ name: "wait", value })),
  { name: "onChildFailed", value: "retry" },
  { name: "onParentClosed", value: "kill" },
  { name: "waitState", value: "running", code: "running_reserved" },
  { name: "waitState", value: "failed", code: "terminal_target" },
  { name: "success", value: "running", code: "running_reserved" },
  { name: "failure", value: "running", code: "running_reserved" },
  { name: "success", value: "any" },
  { name: "parentFlowId", value: "p" },
  { name: "zebra", value: 1 },
];

/** What is refused of a child, alone or for all of them. */
const BAD_CHILD: readonly BadArgument[] = [
  ...badTexts("type", "state", "correlationId"),
  { name: "type", value: undefined },
  ...badIntegers("runAtMs", 0, INSTANT_MS_MAX),
  ...badIntegers("priority", 0, 2),
  ...badValues("payload"),
  { name: "payloadRef", value: "none" },
  ...badNamedValues({ changes: false }),
  { name: "attributes", value: { x: null }, field: "attributes.x" },
  ...badBooleans("idempotent"),
  ...badIntegers("retentionTtlMs", 1, DURATION_MS_MAX),
  ...badCounts("historyMaxEvents", 1_000_000),
  { name: "state", value: "running", code: "running_reserved" },
  { name: "state", value: "failed", code: "terminal_target" },
];

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
    name: "spawnChildren() with a wait needs a waitState and a failure",
    async run({ store }) {
      await create(store, "p");
      for (const wait of ["all", "any", undefined] as const) {
        await refused(
          () => spawn(store, "p", ["a"], { wait, waitState: undefined }),
          "wait_state_required",
          { field: "waitState" },
        );
        await refused(
          () => spawn(store, "p", ["a"], { wait, failure: undefined }),
          "invalid_argument",
          { field: "failure" },
        );
      }
      await refused(() => spawn(store, "p", ["a"], { wait: "none" }), "invalid_argument", {
        field: "waitState",
      });
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
    name:
      "spawnChildren() of a group that is there, by another request, is refused with group_conflict",
    async run({ store }) {
      const values = { x: 1 };
      const parent = await family(store, "p", ["a", "b"], { values });
      const others: readonly Partial<SpawnChildrenOptions>[] = [
        { wait: "any" },
        { waitState: "other" },
        { success: "other" },
        { failure: "other" },
        { onChildFailed: "ignore" },
        { onParentClosed: "abandon_children" },
        { values: { x: 2 } },
        { payload: 1 },
        { priority: 1 },
        { runAtMs: 1 },
        { type: "other" },
        { correlationId: "other" },
        { retentionTtlMs: 1 },
      ];
      const details = { field: "groupId", id: "p", groupId: "g" };
      for (const other of others) {
        await refused(
          () => spawn(store, "p", ["a", "b"], { values, ...other }),
          "group_conflict",
          details,
        );
      }
      await refused(() => spawn(store, "p", ["a"], { values }), "group_conflict", details);
      await refused(
        () => spawn(store, "p", ["a", "b", "c"], { values }),
        "group_conflict",
        details,
      );
      same([await store.get("p"), await store.get("c")], [parent, null]);
    },
  },
  {
    name:
      "spawnChildren() takes the state from, running or the one the parent was claimed from, and its lease",
    async run({ store }) {
      const flow = await leased(store, "p", { state: "begun" });
      const call = (options: Partial<SpawnChildrenOptions>) => () =>
        spawn(store, "p", ["a"], options);
      await refused(call({ from: "other", ...owner(flow) }), "wrong_state", { expected: "other" });
      await refused(call({ from: "begun", fencingToken: 1 }), "wrong_state", { state: "running" });
      await refused(call({ fencingToken: 1 }), "stale_lease", { id: "p" });
      await refused(call({ ...owner(flow), fencingToken: 0 }), "stale_lease");
      await refused(call({ ...owner(flow), leaseToken: "1-1" }), "stale_lease");
      shows(await store.get("p"), { version: 2 });
      shows(await call({ from: "running", ...owner(flow) })(), { state: "waiting" });
      await refused(
        () => spawn(store, "p", ["b"], { groupId: "h", fencingToken: 1, leaseToken: "1-1" }),
        "stale_lease",
      );
      await refused(() => store.complete(flow, owner(flow)), "stale_lease");
    },
  },
  {
    name:
      "spawnChildren() of a parent that has ended is refused with parent_terminal, of none with not_found",
    async run({ store }) {
      await create(store, "p");
      await store.cancel("p");
      await refused(() => spawn(store, "p", ["a"]), "parent_terminal", {
        id: "p",
        state: "cancelled",
      });
      await refused(() => spawn(store, "none", ["a"]), "not_found", { id: "none" });
      same(await store.get("a"), null);
    },
  },
  {
    name: "a child is not its own parent, and is there once: child_is_parent, duplicate_id",
    async run({ store }) {
      await create(store, "p");
      await refused(() => spawn(store, "p", ["a", "p"]), "child_is_parent", {
        field: "children[1].id",
        value: "p",
      });
      await refused(() => spawn(store, "p", ["a", "b", "a"]), "duplicate_id", {
        field: "children[2].id",
        index: 2,
      });
      const twins = ["q", "r"].map((partitionKey) => ({ id: "a", partitionKey }));
      await refused(() => store.spawnChildren("p", twins, GROUP), "duplicate_id", { index: 1 });
      shows(await store.get("p"), { version: 1 });
    },
  },
  {
    name:
      "a child that is there already refuses all: already_exists, or idempotency_conflict for another request",
    async run({ store }) {
      const there = { state: "a", parentFlowId: "p", rootFlowId: "p", partitionKey: "here" };
      await create(store, "p", { partitionKey: "here" });
      await create(store, "a", there);
      await refused(() => spawn(store, "p", ["b", "a"]), "already_exists", { id: "a" });
      await refused(
        () => spawn(store, "p", ["b", "a"], { idempotent: true, priority: 1 }),
        "idempotency_conflict",
        { id: "a" },
      );
      same([await store.get("b"), (await store.get("p"))?.version], [null, 1]);
      shows(await spawn(store, "p", ["b", "a"], { idempotent: true }), { state: "waiting" });
      shows(await store.get("a"), { parentGroupId: "g", parentPartitionKey: "here" });
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
    name: "a group has 1 to 1,000 children, and a flow as many groups as childGroupsMax",
    needs: ["limits"],
    settings: { limits: { childGroupsMax: 1, batchItemsMax: 2 } },
    async run({ store }) {
      await create(store, "p");
      await refused(untyped(store, "p", [], GROUP), "invalid_argument", { field: "children" });
      await refused(untyped(store, "p", "a", GROUP), "invalid_argument", { field: "children" });
      await refused(() => spawn(store, "p", ["a", "b", "c"]), "limit_exceeded", {
        field: "children.length",
        value: 3,
        limit: 2,
      });
      await spawn(store, "p", ["a", "b"]);
      await refused(() => spawn(store, "p", ["d"], { groupId: "h" }), "limit_exceeded", {
        limit: 1,
      });
    },
  },
  {
    name: "spawnChildren() refuses options that are not what they must be, and names each",
    async run({ store }) {
      const before = await create(store, "p");
      for (const { name, value, code = "invalid_argument", field = name, limit } of BAD) {
        await refused(untyped(store, "p", ["a"], { ...GROUP, [name]: value }), code, {
          field,
          ...limit === undefined ? {} : { limit },
        });
      }
      for (const { name, value, code = "invalid_argument", field = name } of BAD_CHILD) {
        const children = [{ id: "a" }, { id: "b", [name]: value }];
        const common = { ...GROUP, ...name === "type" ? { type: undefined } : {} };
        const good = name === "type" ? [{ id: "a", type: JOB }, children[1]] : children;
        await refused(untyped(store, "p", good, common), code, { field: `children[1].${field}` });
      }
      await refused(untyped(store, "p", ["a", ""], GROUP), "invalid_argument", {
        field: "children[1].id",
      });
      await refused(untyped(store, "p", ["a", 7], GROUP), "invalid_argument", {
        field: "children[1]",
      });
      await refused(untyped(store, "p", ["a"], null), "invalid_argument", { field: "options" });
      await refused(untyped(store, "", ["a"], GROUP), "invalid_argument", { field: "id" });
      same([await store.get("p"), await store.get("a")], [before, null]);
    },
  },
  {
    name:
      "rewind() of a parent that has spawned children, and of a child, is refused with rewind_family",
    async run({ store }) {
      await family(store, "p", ["a"]);
      for (const id of ["p", "a"]) {
        const [created] = await store.history(id);
        await refused(() => store.rewind(id, { toEvent: created!.eventId }), "rewind_family", {
          id,
        });
      }
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
