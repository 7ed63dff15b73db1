import type {
  BatchOutcome,
  FlowLimits,
  FlowRecord,
  SpawnChildrenOptions,
} from "../../src/flow/mod.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertObjectMatch,
  assertStringIncludes,
} from "../assert.ts";
import { test } from "../harness.ts";
import { proof, refused } from "./cases.ts";
import { CoreStore } from "./core_store.ts";

const PARTITION = "p";

type Spawned = Partial<SpawnChildrenOptions>;

/** A parent that a worker holds, and its store. */
function leasedParent(store = new CoreStore()): { store: CoreStore; parent: FlowRecord } {
  store.create("parent", { type: "t", partitionKey: PARTITION });
  const [parent] = store.claimDue("t", { worker: "w", states: ["queued"] });
  return { store, parent: parent! };
}

function optionsOf(parent: FlowRecord, options: Spawned = {}): SpawnChildrenOptions {
  return {
    groupId: "g",
    waitState: "waiting",
    success: "done",
    failure: "broken",
    type: "c",
    leaseToken: parent.leaseToken ?? undefined,
    fencingToken: parent.fencingToken,
    ...options,
  };
}

/** A parent that waits for children `a`, `b` and so on, all of them leased. */
function family(
  { count = 2, ...options }: Spawned & { count?: number } = {},
): { store: CoreStore; spawned: FlowRecord; children: FlowRecord[] } {
  const { store, parent } = leasedParent();
  const ids = Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index));
  const spawned = store.spawnChildren(parent, ids, optionsOf(parent, options));
  const children = store.claimDue("c", { worker: "w", limit: count });
  return { store, spawned, children };
}

function parentOf(store: CoreStore): FlowRecord {
  return store.get("parent")!;
}

function eventsOf(store: CoreStore, id: string): string[] {
  return store.history(id).map(({ event }) => event);
}

test("spawnChildren() parks the parent and creates children that know it", () => {
  const { store, parent } = leasedParent();
  const spawned = store.spawnChildren(
    parent,
    ["a", { id: "b", partitionKey: "q", payload: 1, priority: 2 }],
    optionsOf(parent, { from: "queued" }),
  );
  assertObjectMatch(spawned, {
    state: "waiting",
    runState: null,
    leaseOwner: null,
    leaseToken: null,
    nextRunAtMs: null,
    fencingToken: 1,
    version: 3,
    childGroups: {
      g: {
        wait: "all",
        waitState: "waiting",
        success: "done",
        failure: "broken",
        onChildFailed: "fail_parent",
        onParentClosed: "cancel_children",
        summary: { total: 2, completed: 0, failed: 0, cancelled: 0 },
        resolved: null,
      },
    },
  });
  assertObjectMatch(store.get({ id: "a", partitionKey: PARTITION })!, {
    state: "queued",
    version: 1,
    parentFlowId: "parent",
    parentPartitionKey: PARTITION,
    parentGroupId: "g",
    rootFlowId: "parent",
    nextRunAtMs: store.nowMs,
  });
  assertObjectMatch(store.get({ id: "b", partitionKey: "q" }, { payload: true })!, {
    payload: 1,
    priority: 2,
    parentPartitionKey: PARTITION,
  });
  assertObjectMatch(store.history("parent").at(-1)!, {
    event: "children_spawned",
    groupId: "g",
    state: "waiting",
  });
});

test("spawnChildren() of the same request changes nothing, whatever it quotes by then", () => {
  const { store, spawned } = family();
  const again = { ...spawned, leaseToken: null };
  const options = optionsOf(again, { from: "elsewhere", fencingToken: 99 });
  assertEquals(store.spawnChildren("parent", ["b", "a"], options), spawned);
  refused(store, "group_conflict", () => store.spawnChildren("parent", ["a"], options));
});

test("spawnChildren() refuses what the parent does not allow", () => {
  const { store, parent } = leasedParent();
  const spawn = (options: Spawned) => () =>
    store.spawnChildren("parent", ["a"], optionsOf(parent, options));
  refused(store, "wrong_state", spawn({ from: "elsewhere" }));
  refused(store, "stale_lease", spawn({ fencingToken: 7 }));
  refused(store, "stale_lease", spawn({ leaseToken: undefined }));
  refused(store, "wait_state_required", spawn({ waitState: undefined }));
  refused(store, "running_reserved", spawn({ waitState: "running" }));
  refused(store, "terminal_target", spawn({ waitState: "failed" }));
  refused(store, "invalid_argument", spawn({ failure: undefined }));
  assertEquals(store.get("a"), null);
  store.complete(parent, proof(parent));
  refused(store, "parent_terminal", spawn({ leaseToken: undefined, fencingToken: 1 }));
});

test("spawnChildren() refuses children that cannot be, and creates none then", () => {
  const { store, parent } = leasedParent();
  store.create("old", { type: "c", partitionKey: PARTITION });
  const spawn = (...children: unknown[]) => () =>
    store.spawnChildren(parent, children, optionsOf(parent));
  refused(store, "invalid_argument", spawn());
  refused(store, "child_is_parent", spawn("a", "parent"));
  const twins = refused(store, "duplicate_id", spawn("a", { id: "a", partitionKey: "q" }));
  assertStringIncludes(twins.message, "different ids, also in different partitions");
  assert(!twins.message.includes("independent"), twins.message);
  refused(store, "already_exists", spawn("a", "old"));
  refused(store, "idempotency_conflict", spawn("a", { id: "old", idempotent: true }));
  assertEquals(store.get("a"), null);
  assertEquals(parentOf(store), parent);
});

test("a group of all succeeds with the last child that completes", () => {
  const { store, children: [a, b] } = family();
  store.nowMs += 5;
  store.complete(a!, proof(a!));
  assertObjectMatch(parentOf(store), { state: "waiting", nextRunAtMs: null, version: 4 });
  store.complete(b!, proof(b!));
  assertObjectMatch(parentOf(store), {
    state: "done",
    nextRunAtMs: store.nowMs,
    fencingToken: 1,
    childGroups: { g: { summary: { total: 2, completed: 2 }, resolved: "success" } },
  });
  assertEquals(store.history("parent").slice(-2).map(({ event, childId }) => [event, childId]), [
    ["child_completed", "a"],
    ["child_completed", "b"],
  ]);
  assertEquals(store.claimDue("t", { worker: "w", states: ["done"] }).length, 1);
});

test("a group fails with the first child that fails, and takes the others with it", () => {
  const { store, children: [a, b] } = family({ count: 3 });
  store.fail(a!, { ...proof(a!), error: "no" });
  assertObjectMatch(parentOf(store), {
    state: "broken",
    childGroups: { g: { summary: { failed: 1, cancelled: 2 }, resolved: "failure" } },
  });
  assertEquals(eventsOf(store, "parent").slice(-2), ["child_failed", "children_cancelled"]);
  assertObjectMatch(store.get("b")!, { state: "cancelled", leaseOwner: null });
  assertEquals(eventsOf(store, "c"), ["created", "claimed", "cancelled"]);
  refused(store, "stale_lease", () => store.complete(b!, proof(b!)));
});

test("a group that ignores failures waits for all, and succeeds even if all of them failed", () => {
  const { store, children: [a, b] } = family({ onChildFailed: "ignore" });
  store.fail(a!, proof(a!));
  assertEquals(parentOf(store).state, "waiting");
  store.cancel("b");
  assertObjectMatch(parentOf(store), {
    state: "done",
    childGroups: { g: { summary: { failed: 1, cancelled: 1 }, resolved: "success" } },
  });
  refused(store, "stale_lease", () => store.complete(b!, proof(b!)));
});

test("a group of any succeeds with the first child, and the others are cancelled", () => {
  const { store, children: [, b] } = family({ wait: "any", count: 3 });
  store.complete(b!, proof(b!));
  assertObjectMatch(parentOf(store), {
    state: "done",
    childGroups: { g: { summary: { completed: 1, cancelled: 2 }, resolved: "success" } },
  });
});

test("a group of any that ignores failures fails when nobody is left", () => {
  const { store, children: [a, b] } = family({ wait: "any", onChildFailed: "ignore" });
  store.fail(a!, proof(a!));
  store.fail(b!, proof(b!));
  assertObjectMatch(parentOf(store), {
    state: "broken",
    childGroups: { g: { resolved: "failure" } },
  });
});

test("a group that nobody waits for sends the parent on at once, and changes no more", () => {
  const { store, spawned, children: [a, b] } = family({
    wait: "none",
    waitState: undefined,
    failure: undefined,
  });
  assertObjectMatch(spawned, { state: "done", nextRunAtMs: store.nowMs });
  store.complete(a!, proof(a!));
  assertEquals(parentOf(store), spawned);
  store.cancel("parent");
  assertEquals(eventsOf(store, "parent").slice(-2), ["cancelled", "children_cancelled"]);
  assertEquals(store.get("b")!.state, "cancelled");
  refused(store, "stale_lease", () => store.complete(b!, proof(b!)));
});

test("a group never moves a parent that has left, or ended", () => {
  const { store, children: [a, b] } = family({ onParentClosed: "abandon_children" });
  store.signal("parent", { signal: "go", ifState: "waiting", transitionTo: "elsewhere" });
  store.complete(a!, proof(a!));
  store.complete(b!, proof(b!));
  assertObjectMatch(parentOf(store), {
    state: "elsewhere",
    childGroups: { g: { resolved: "success" } },
  });
  const other = family({ onParentClosed: "abandon_children" });
  other.store.cancel("parent");
  for (const child of other.children) other.store.complete(child, proof(child));
  assertObjectMatch(parentOf(other.store), {
    state: "cancelled",
    childGroups: { g: { summary: { completed: 2 }, resolved: "success" } },
  });
});

test("a decided group sends a parent into an end that its own parent hears of", () => {
  const { store, parent } = leasedParent();
  store.spawnChildren(parent, [{ id: "middle", type: "m" }], optionsOf(parent));
  const [middle] = store.claimDue("m", { worker: "w" });
  store.spawnChildren(middle!, ["leaf"], optionsOf(middle!, { success: "completed" }));
  const [leaf] = store.claimDue("c", { worker: "w" });
  store.complete(leaf!, proof(leaf!));
  assertEquals(store.get("middle")!.state, "completed");
  assertEquals(store.get("leaf")!.rootFlowId, "parent");
  assertEquals(parentOf(store).state, "done");
  assertEquals(eventsOf(store, "middle").at(-1), "child_completed");
});

/** A family of `count` children, each with `count` children of its own. */
function threeGenerations(count: number, limits: Partial<FlowLimits> = {}): CoreStore {
  const { store, parent } = leasedParent(new CoreStore({ limits }));
  const names = (prefix: string) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  store.spawnChildren(parent, names("c"), optionsOf(parent));
  for (const child of store.claimDue("c", { worker: "w", limit: count })) {
    store.spawnChildren(child, names(`${child.id}.`), optionsOf(child, { type: "leaf" }));
  }
  return store;
}

test("the end of a flow reaches all that descend from it", () => {
  const store = threeGenerations(3);
  const ended = store.cancel("parent");
  assertObjectMatch(ended, {
    state: "cancelled",
    childGroups: { g: { summary: { cancelled: 3 }, resolved: "failure" } },
  });
  assertEquals(eventsOf(store, "parent").slice(-2), ["cancelled", "children_cancelled"]);
  assertEquals(store.state.hasClosings, false);
  const family = store.byRoot("parent");
  assertEquals(family.map(({ state }) => state), Array(13).fill("cancelled"));
  assertEquals(eventsOf(store, "c1").slice(-2), ["cancelled", "children_cancelled"]);
  assertEquals(eventsOf(store, "c1.1"), ["created", "cancelled"]);
});

test("the end of a flow with many descendants is written in bounded commands, and seen at once", () => {
  const limits = { commandBytesMax: 16_384 };
  const store = threeGenerations(6, limits);
  const [leaf] = store.claimDue("leaf", { worker: "w" });
  const before = store.log.length;
  store.cancel("parent");
  assertLessOrEqual(store.log.length - before, 40);
  assertEquals(store.state.hasClosings, true);
  refused(store, "stale_lease", () => store.complete(leaf!, proof(leaf!)));
  assertEquals(store.get(leaf!)!.state, "cancelled");
  assertEquals(eventsOf(store, "c5").slice(-2), ["cancelled", "children_cancelled"]);
  assertEquals(store.claimDue("leaf", { worker: "w", limit: 3 }), []);
  const again = store.recovered();
  assertEquals(again.hasClosings, true);
  assertEquals(again.closings, store.state.closings);
  let slices = 0;
  for (; store.state.hasClosings; slices++) {
    const length = store.log.length;
    store.close(1);
    assertLessOrEqual(store.log.length - length, 40);
  }
  assertGreaterOrEqual(slices, 5);
  const family = store.byRoot("parent", { count: 100 });
  assertEquals(family.map(({ state }) => state), Array(43).fill("cancelled"));
  assertEquals(store.info("leaf").states, { cancelled: 36 });
});

function transitionOf(record: FlowRecord): object {
  return { from: "running", to: "other", ...proof(record) };
}

/** A family of three, all leased, in a store whose commands write one end of a descendant each. */
function narrowFamily(): { store: CoreStore; children: FlowRecord[] } {
  const { store, parent } = leasedParent(new CoreStore({ limits: { commandBytesMax: 4_096 } }));
  store.spawnChildren(parent, ["a", "b", "c"], optionsOf(parent));
  const children = store.claimDue("c", { worker: "w", limit: 3 });
  return { store, children };
}

test("claimDue() leases nothing that counts as cancelled since the same claim gave a flow up", () => {
  const { store } = narrowFamily();
  store.policySet("c", { states: { queued: { maxReclaims: 0 } } });
  for (const id of ["b", "c"]) store.transition(id, transitionOf(store.get(id)!));
  store.nowMs += 60_000;
  // The end of "a" ends the group; its command writes one of the two ends that follow from that.
  assertEquals(store.claimDue("c", { worker: "w", limit: 3 }), []);
  assertEquals(["b", "c"].map((id) => store.get(id)!.state), ["cancelled", "cancelled"]);
});

test("retryMany() shows flows as cancelled that count as such since one of them ended", () => {
  const { store, children } = narrowFamily();
  const items = children.map((child) => ({ id: child.id, ...proof(child) }))
    .map((item) => item.id === "a" ? { ...item, retry: { maxRetries: 0 } } : item);
  const shown = store.retryMany(items, { independent: true }) as unknown as BatchOutcome[];
  assertEquals(
    shown.map((outcome) => outcome.ok && outcome.record.state),
    ["failed", "cancelled", "cancelled"],
  );
});

test("children of a group that is spared go on when everybody else ends", () => {
  const { store, children: [a] } = family();
  store.spawnChildren(a!, ["a1"], optionsOf(a!, { onParentClosed: "abandon_children" }));
  store.cancel("parent");
  assertEquals(store.get("a1")!.state, "queued");
  const [a1] = store.claimDue("c", { worker: "w" });
  store.complete(a1!, proof(a1!));
  assertObjectMatch(store.get("a")!, {
    state: "cancelled",
    childGroups: { g: { summary: { completed: 1 }, resolved: "success" } },
  });
});

test("a child whose lease is lost too often counts as failed", () => {
  const { store, spawned } = family({ count: 1 });
  store.policySet("c", { maxReclaims: 0 });
  store.nowMs += 60_000;
  assertEquals(store.claimDue("c", { worker: "w" }), []);
  assertEquals(parentOf(store).state, "broken");
  assertEquals(spawned.state, "waiting");
});

test("a claim that gives up a flow leaves its siblings alone that ended with it", () => {
  const { store } = family({ count: 3 });
  store.policySet("c", { states: { queued: { maxReclaims: 0 } } });
  store.extendLease("b", { ...proof(store.get("b")!), leaseMs: 40_000 });
  store.nowMs += 35_000;
  assertEquals(store.claimDue("c", { worker: "w", limit: 3 }), []);
  assertEquals(store.get("b")!.state, "cancelled");
});

test("siblings that fail in one batch have both failed", () => {
  const { store, children } = family({ count: 3 });
  store.failMany(children.slice(0, 2).map((child) => ({ id: child.id, ...proof(child) })));
  assertObjectMatch(parentOf(store), {
    state: "broken",
    childGroups: { g: { summary: { failed: 2, cancelled: 1 } } },
  });
  assertEquals(
    eventsOf(store, "parent").slice(-3),
    ["child_failed", "child_failed", "children_cancelled"],
  );
});

test("a child that is there already is taken in if the same request made it", () => {
  const { store, parent } = leasedParent();
  const child = { type: "c", partitionKey: PARTITION, payload: 1 };
  store.create("a", { ...child, parentFlowId: "parent", rootFlowId: "parent" });
  store.create("b", { ...child, parentFlowId: "parent", rootFlowId: "parent" });
  const [a] = store.claimDue("c", { worker: "w" });
  store.complete(a!, proof(a!));
  const spawned = store.spawnChildren(
    parent,
    ["a", "b"],
    optionsOf(parent, { payload: 1, idempotent: true }),
  );
  assertObjectMatch(spawned, { childGroups: { g: { summary: { total: 2, completed: 1 } } } });
  assertObjectMatch(store.get("b")!, { version: 1, parentGroupId: "g" });
  store.cancel("b");
  assertEquals(parentOf(store).state, "broken");
});

test("a flow does not become its own descendant", () => {
  const store = new CoreStore();
  const lineage = { parentFlowId: "child", rootFlowId: "root" };
  store.create("parent", { type: "t", partitionKey: PARTITION, ...lineage });
  const [parent] = store.claimDue("t", { worker: "w" });
  store.spawnChildren(parent!, ["child"], optionsOf(parent!));
  const [child] = store.claimDue("c", { worker: "w" });
  const options = optionsOf(child!, { idempotent: true, type: "t" });
  refused(store, "child_is_parent", () => store.spawnChildren(child!, ["parent"], options));
});

test("a flow may have a child with the id of a parent that is gone", () => {
  const { store, children: [a] } = family({ count: 1, onParentClosed: "abandon_children" });
  store.cancel("parent", { ttlMs: 1 });
  store.nowMs += 1;
  const root = { parentFlowId: "a", rootFlowId: "parent" };
  const foundling = { type: "c", partitionKey: PARTITION };
  const spawned = store.spawnChildren(a!, [{ id: "parent", ...foundling }], optionsOf(a!));
  store.create("b", { ...foundling, ...root });
  const options = optionsOf({ ...spawned, leaseToken: null }, { groupId: "k", idempotent: true });
  store.spawnChildren("a", [{ id: "b", ...foundling }], options);
  assertEquals(store.get("b")!.parentGroupId, "k");
  store.cancel("a");
  assertEquals(["b", "parent"].map((id) => store.get(id)!.state), ["cancelled", "cancelled"]);
});

test("a later flow with the id of a parent has nothing to do with its children", () => {
  const { store, children: [a] } = family({ onParentClosed: "abandon_children" });
  store.cancel("parent", { ttlMs: 1 });
  store.nowMs += 1;
  store.create("parent", { type: "t", partitionKey: PARTITION });
  const [parent] = store.claimDue("t", { worker: "w", states: ["queued"] });
  store.spawnChildren(parent!, ["x"], optionsOf(parent!));
  store.complete(a!, proof(a!));
  assertObjectMatch(parentOf(store), { childGroups: { g: { summary: { completed: 0 } } } });
});

test("byParent(), byRoot() and byCorrelation() find flows by what they have in common", () => {
  const { store, parent } = leasedParent();
  store.spawnChildren(
    parent,
    ["a", { id: "b", partitionKey: "q" }],
    optionsOf(parent, { correlationId: "x", onChildFailed: "ignore" }),
  );
  store.create("c", { type: "t", parentFlowId: "parent", partitionKey: "q" });
  store.nowMs += 1;
  store.cancel("a");
  const ids = (flows: readonly FlowRecord[]) => flows.map(({ id }) => id);
  assertEquals(ids(store.byParent("parent")), ["b", "c", "a"]);
  assertEquals(ids(store.byParent("parent", { rev: true, count: 2 })), ["a", "c"]);
  assertEquals(ids(store.byParent("parent", { parentPartitionKey: PARTITION })), ["b", "a"]);
  assertEquals(ids(store.byParent("parent", { groupId: "g" })), ["b", "a"]);
  assertEquals(ids(store.byParent("parent", { partitionKey: "q" })), ["b", "c"]);
  assertEquals(ids(store.byParent("parent", { terminalOnly: true })), ["a"]);
  assertEquals(ids(store.byParent("parent", { activeOnly: true })), ["b", "c"]);
  assertEquals(ids(store.byParent("parent", { state: "cancelled" })), ["a"]);
  assertEquals(ids(store.byParent("parent", { fromMs: store.nowMs })), ["a"]);
  assertEquals(ids(store.byParent("nobody")), []);
  assertEquals(ids(store.byRoot("parent")), ["b", "a", "parent"]);
  assertEquals(ids(store.byRoot("parent", { rev: true })), ["parent", "a", "b"]);
  assertEquals(ids(store.byCorrelation("x")), ["b", "a"]);
});

test("byRoot() finds a flow once that has the id of its root", () => {
  const store = new CoreStore();
  store.create("a", { type: "t", partitionKey: "p", parentFlowId: "b", rootFlowId: "a" });
  assertEquals(store.byRoot("a").length, 1);
});

test("rewind() is refused for a flow with children", () => {
  const { store, spawned } = family();
  const [created] = store.history("parent");
  refused(store, "rewind_family", () => store.rewind(spawned, { toEvent: created!.eventId }));
});
