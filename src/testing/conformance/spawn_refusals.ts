/**
 * What `spawnChildren()` refuses.
 *
 * @module
 */
import type { FlowStore, SpawnChildrenOptions } from "../../flow/mod.ts";
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
import { family, GROUP, spawn } from "./family.ts";
import { create, JOB, leased, owner } from "./leasing.ts";

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

/** Refusals of `spawnChildren()`, and what it takes without one. */
export const spawnRefusalCases: readonly ConformanceCase[] = [
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
        index: 1,
      });
      const long = ["a", "x".repeat(1_025)];
      await refused(() => spawn(store, "p", long), "too_large", {
        field: "children[1].id",
        index: 1,
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
    name: "a flow is not taken in that is an ancestor of its parent: child_is_parent",
    async run({ store }) {
      const there = { parentFlowId: "c", rootFlowId: "r", state: "p", partitionKey: "here" };
      await create(store, "p", there);
      await spawn(store, "p", ["c"]);
      await refused(() => spawn(store, "c", ["p"], { idempotent: true }), "child_is_parent", {
        id: "p",
      });
      shows(await store.get("c"), { version: 1, childGroups: {} });
    },
  },
  {
    name: "a child of one group is not taken into another: idempotency_conflict",
    async run({ store }) {
      await create(store, "p");
      await spawn(store, "p", ["a"]);
      const other = { groupId: "h", idempotent: true } as const;
      await refused(() => spawn(store, "p", ["a"], other), "idempotency_conflict", { id: "a" });
      shows(await store.get("a"), { version: 1, parentGroupId: "g" });
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
];
