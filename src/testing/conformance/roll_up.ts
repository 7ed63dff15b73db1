/**
 * How the ends of children decide their group, and send their parent on.
 *
 * @module
 */
import type {
  ChildFailurePolicy,
  ChildWait,
  GroupResolution,
  TerminalState,
} from "../../flow/mod.ts";
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { end, family, spawn, statesOf } from "./family.ts";
import { claimedIds, claimOne, create, eventsOf, owner, WEEK_MS } from "./leasing.ts";

type Ends = readonly [how: TerminalState, resolved: GroupResolution | null][];

/** What two children come to, one after the other, and what that makes of their group. */
const RULES: readonly [ChildWait, ChildFailurePolicy, Ends][] = [
  ["all", "fail_parent", [["completed", null], ["completed", "success"]]],
  ["all", "fail_parent", [["failed", "failure"]]],
  ["all", "fail_parent", [["cancelled", "failure"]]],
  ["all", "fail_parent", [["completed", null], ["failed", "failure"]]],
  ["all", "ignore", [["completed", null], ["failed", "success"]]],
  ["all", "ignore", [["failed", null], ["cancelled", "success"]]],
  ["any", "fail_parent", [["completed", "success"]]],
  ["any", "fail_parent", [["failed", "failure"]]],
  ["any", "fail_parent", [["cancelled", "failure"]]],
  ["any", "ignore", [["failed", null], ["completed", "success"]]],
  ["any", "ignore", [["failed", null], ["cancelled", "failure"]]],
  ["any", "ignore", [["completed", "success"]]],
];

function rule([wait, onChildFailed, ends]: typeof RULES[number]): ConformanceCase {
  const said = ends.map(([how, resolved]) => `${how} ${resolved ?? "(undecided)"}`).join(", ");
  return {
    name: `a parent that waits for ${wait} of two children, ${onChildFailed}: ${said}`,
    async run({ store }) {
      const options = { wait, onChildFailed, onParentClosed: "abandon_children" } as const;
      await family(store, "p", ["a", "b"], options);
      const counts = { completed: 0, failed: 0, cancelled: 0 };
      for (const [n, [how, resolved]] of ends.entries()) {
        await end(store, n === 0 ? "a" : "b", how);
        counts[how]++;
        const parent = await store.get("p");
        const state = { success: "joined", failure: "broken" }[resolved ?? "none" as "success"];
        shows(parent, { state: state ?? "waiting", version: 3 + n });
        shows(
          parent?.childGroups["g"],
          { resolved, summary: { total: 2, ...counts } },
          "The group",
        );
        shows((await store.history("p")).at(-1), {
          event: `child_${how}`,
          groupId: "g",
          childId: n === 0 ? "a" : "b",
          state: state ?? "waiting",
        }, "The event");
      }
      // One that goes where something went wrong says by which child.
      const [how, resolved] = ends.at(-1)!;
      const childId = ends.length === 1 ? "a" : "b";
      const error = (await store.get("p", { full: true }))?.error ?? null;
      if (resolved === "failure") shows(error, { code: `child_${how}`, groupId: "g", childId });
      else same(error, null, "The error");
    },
  };
}

/** Roll-up. */
export const rollUpCases: readonly ConformanceCase[] = [
  ...RULES.map(rule),
  {
    name: "a parent whose group is decided is due at once, with its fencing number and new retries",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await create(store, "p", { state: "begun" });
      const first = await claimOne(store);
      await store.retry(first, { ...owner(first), runAtMs: 0 });
      const flow = await claimOne(store);
      shows(await spawn(store, "p", ["a"], owner(flow)), { attempts: 0, attemptsTotal: 1 });
      await context.advance(5);
      await end(store, "a", "completed");
      shows(await store.get("p"), {
        state: "joined",
        nextRunAtMs: context.nowMs,
        updatedAtMs: context.nowMs,
        fencingToken: 2,
        attempts: 0,
        attemptsTotal: 1,
      });
      shows(await claimOne(store, { state: "joined" }), { id: "p", fencingToken: 3 });
    },
  },
  {
    name: "a parent may end with its group, and is kept for its retention from then on",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await family(store, "p", ["a"], { success: "completed", failure: "failed" });
      await family(store, "q", ["b"], { success: "completed", failure: "failed" });
      await context.advance(5);
      await end(store, "a", "completed");
      await end(store, "b", "failed");
      const until = context.nowMs + WEEK_MS;
      shows(await store.get("p"), { state: "completed", terminalRetentionUntilMs: until });
      shows(await store.get("q"), { state: "failed", nextRunAtMs: null });
    },
  },
  {
    name:
      "a child counts by whatever ends it: retries spent, leases lost, its own children, a batch",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      const group = { onChildFailed: "ignore" } as const;
      await store.policySet("job", { states: { lost: { maxReclaims: 0 } } });
      await family(store, "p", ["tired", "lost", "nested", "one", "two"], group);
      const tired = await claimOne(store, { state: "tired" });
      await store.retry(tired, { ...owner(tired), retry: { maxRetries: 0 } });
      await claimOne(store, { state: "lost", leaseMs: 1 });
      await context.advance(1);
      same(await claimedIds(store, { state: "lost" }), []);
      await spawn(store, "nested", ["deep"], { success: "completed" });
      await end(store, "deep", "completed");
      const flows = await store.claimDue("job", { worker: "w", states: ["one", "two"], limit: 2 });
      const items = flows.map((flow) => ({ id: flow.id, ...owner(flow) }));
      await store.completeMany(items);
      const parent = await store.get("p");
      same(parent?.childGroups["g"], {
        ...parent!.childGroups["g"]!,
        summary: { total: 5, completed: 3, failed: 2, cancelled: 0 },
        resolved: "success",
      });
      same(await eventsOf(store, "p"), [
        "created",
        "children_spawned",
        "child_failed",
        "child_failed",
        "child_completed",
        "child_completed",
        "child_completed",
      ]);
    },
  },
  {
    name: "a child that is taken into a group when it has ended counts at once",
    async run({ store }) {
      const there = { parentFlowId: "p", rootFlowId: "p", state: "a", partitionKey: "here" };
      await create(store, "a", there);
      await end(store, "a", "completed");
      await create(store, "p", { partitionKey: "here" });
      await spawn(store, "p", ["a"], { idempotent: true });
      const parent = shows(await store.get("p"), { state: "joined" });
      shows(parent.childGroups["g"]?.summary, { total: 1, completed: 1 }, "The summary");
    },
  },
  {
    name: "what does not end a child is nothing to its parent",
    async run({ store }) {
      const parent = await family(store, "p", ["a"]);
      const flow = await claimOne(store);
      await store.extendLease(flow, owner(flow));
      await store.signal("a", { signal: "x" });
      await store.valuePut(1, { ownerFlowId: "a", name: "x" });
      await store.retry(flow, owner(flow));
      same(await store.get("p"), parent);
    },
  },
  {
    name: "the roll-up goes up through every generation, in the same command",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await spawn(store, "a", ["b"], { success: "completed", failure: "failed" });
      await spawn(store, "b", ["c"], { success: "completed", failure: "failed" });
      await end(store, "c", "failed");
      same(await statesOf(store, "b", "a", "p"), ["failed", "failed", "broken"]);
    },
  },
  {
    name: "children in other partitions are counted, too",
    needs: ["blocking"],
    async run({ store }) {
      await create(store, "p", { partitionKey: "here" });
      const children = ["q", "r"].map((key) => ({ id: key, state: key, partitionKey: key }));
      const options = { groupId: "g", type: "job", waitState: "w", success: "s", failure: "f" };
      await store.spawnChildren("p", children, { ...options, fencingToken: 0 });
      shows(await store.get("q"), { partitionKey: "q", parentPartitionKey: "here" });
      await end(store, "q", "completed");
      await end(store, "r", "completed");
      // In a store of several shards the parent hears of it a little later.
      const parent = await claimOne(store, { state: "s", blockMs: 0 });
      shows(parent.childGroups["g"]?.summary, { total: 2, completed: 2 }, "The summary");
    },
  },
  {
    name:
      "a parent that has left its wait state stays where it is: the end of its group is an event only",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await store.transition("p", { from: "waiting", to: "elsewhere", fencingToken: 0 });
      await end(store, "a", "completed");
      const parent = shows(await store.get("p"), { state: "elsewhere", version: 4 });
      shows(parent.childGroups["g"], { resolved: "success" }, "The group");
      same((await eventsOf(store, "p")).at(-1), "child_completed");
    },
  },
  {
    name:
      "a parent that is parked in its wait state goes on by its group if that is decided already: children_resolved",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await family(store, "q", ["b"]);
      for (const id of ["p", "q"]) {
        await store.signal(id, { signal: "late", ifState: "waiting", transitionTo: "late" });
      }
      await end(store, "a", "completed");
      await end(store, "b", "failed");
      // A handler, and somebody from outside.
      const late = await claimOne(store, { state: "late" });
      const back = { from: "running", to: "waiting", runAtMs: null, ...owner(late) };
      shows(await store.transition(late, back), { id: "p", state: "joined", leaseOwner: null });
      shows(
        await store.signal("q", {
          ...{ signal: "wait", ifState: "late", transitionTo: "waiting", runAtMs: null },
        }),
        { state: "broken" },
      );
      shows((await store.get("q", { full: true }))?.error as object, {
        ...{ code: "child_failed", groupId: "g", childId: null },
      }, "The error");
      same((await eventsOf(store, "p")).slice(3), [
        ...["child_completed", "claimed", "transitioned", "children_resolved"],
      ]);
      shows((await store.history("p")).at(-1), { groupId: "g", state: "joined" }, "The event");
      shows(await claimOne(store, { state: "joined" }), { id: "p" });
    },
  },
  {
    name: "a group that was decided while its parent had a lease sends it on when it is parked",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await store.transition("p", { from: "waiting", to: "waiting", fencingToken: 0 });
      const flow = await claimOne(store, { state: "waiting" });
      await end(store, "a", "failed");
      const park = { from: "waiting", to: "waiting", runAtMs: null, ...owner(flow) };
      shows(await store.transition(flow, park), { state: "broken", version: 7 });
    },
  },
  {
    name:
      "a parent may end where a group sends it that was decided before, and its parent hears it",
    async run({ store }) {
      await family(store, "top", ["p"]);
      await spawn(store, "p", ["a"], { success: "completed" });
      await store.transition("p", { from: "waiting", to: "late", fencingToken: 0 });
      await end(store, "a", "completed");
      const back = { from: "late", to: "waiting", runAtMs: null, fencingToken: 0 };
      shows(await store.transition("p", back), { state: "completed" });
      same(await statesOf(store, "top"), ["joined"]);
    },
  },
  {
    name: "a group sends its parent on once, and not after a later group that it waits for there",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await end(store, "a", "completed");
      const park = { from: "joined", to: "waiting", runAtMs: null, fencingToken: 0 };
      shows(await store.transition("p", park), { state: "waiting", nextRunAtMs: null });
      await spawn(store, "p", ["b"], { groupId: "h", success: "joined-h" });
      await store.transition("p", { from: "waiting", to: "late", fencingToken: 0 });
      await end(store, "b", "completed");
      const again = await spawn(store, "p", ["c"], { groupId: "i", success: "joined-i" });
      shows(again, { state: "waiting", nextRunAtMs: null });
      await store.transition("p", { from: "waiting", to: "waiting", fencingToken: 0 });
      shows(await store.transition("p", { ...park, from: "waiting" }), { state: "waiting" });
      await end(store, "c", "completed");
      same(await statesOf(store, "p"), ["joined-i"]);
    },
  },
  {
    name: "a parent that is leased meanwhile keeps its lease",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await store.transition("p", { from: "waiting", to: "waiting", fencingToken: 0 });
      const flow = await claimOne(store, { state: "waiting" });
      await end(store, "a", "completed");
      const parent = shows(await store.get("p"), {
        state: "running",
        runState: "waiting",
        leaseToken: flow.leaseToken,
        leaseDeadlineMs: flow.leaseDeadlineMs,
        version: 5,
      });
      shows(parent.childGroups["g"], { resolved: "success" }, "The group");
      shows(await store.complete(flow, owner(flow)), { state: "completed" });
    },
  },
  {
    name: "a parent that is given a time in its wait state can be claimed there when it has come",
    needs: ["manualClock"],
    async run(context) {
      const { store, nowMs } = context;
      await family(store, "p", ["a"]);
      await family(store, "q", ["b"]);
      for (const id of ["p", "q"]) {
        const wait = { from: "waiting", to: "waiting", fencingToken: 0, runAtMs: nowMs + 9 };
        shows(await store.transition(id, wait), { state: "waiting", nextRunAtMs: nowMs + 9 });
      }
      // A group that is decided before that sends its parent on at once.
      await end(store, "a", "completed");
      shows(await store.get("p"), { state: "joined", nextRunAtMs: context.nowMs });
      same(await claimedIds(store, { state: "waiting" }), []);
      await context.advance(9);
      const late = await claimOne(store, { state: "waiting" });
      shows(late, { id: "q", runState: "waiting" });
      await store.fail(late, owner(late));
      same(await statesOf(store, "p", "q", "b"), ["joined", "failed", "cancelled"]);
    },
  },
  {
    name: "a signal takes a parent out of its wait state, and its children go on until it ends",
    async run({ store }) {
      await family(store, "p", ["a", "b"]);
      const late = { signal: "late", ifState: "waiting", transitionTo: "late" };
      await store.signal("p", late);
      same(await statesOf(store, "p", "a", "b"), ["late", "a", "b"]);
      await end(store, "a", "completed");
      const parent = await claimOne(store, { state: "late" });
      await store.fail(parent, owner(parent));
      same(await statesOf(store, "p", "a", "b"), ["failed", "completed", "cancelled"]);
      await refused(() => store.signal("p", late), "flow_terminal");
    },
  },
  {
    name: "a parent that has ended is not brought back by its children",
    async run({ store }) {
      await family(store, "p", ["a"], { onParentClosed: "abandon_children" });
      await store.cancel("p");
      await end(store, "a", "completed");
      const parent = shows(await store.get("p"), { state: "cancelled" });
      shows(parent.childGroups["g"]?.summary, { completed: 1 }, "The summary");
    },
  },
  {
    name: "a group that is decided does not change any more",
    async run({ store }) {
      const options = { wait: "any", onParentClosed: "abandon_children" } as const;
      await family(store, "p", ["a", "b"], options);
      await end(store, "a", "completed");
      const parent = await store.get("p");
      await end(store, "b", "failed");
      same(await store.get("p"), parent);
    },
  },
  {
    name: "each group decides for itself, and the first that does sends the parent on",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await spawn(store, "p", ["b"], { groupId: "h", success: "joined-h" });
      await end(store, "b", "completed");
      same(await statesOf(store, "p"), ["joined-h"]);
      await end(store, "a", "completed");
      const parent = shows(await store.get("p"), { state: "joined-h" });
      same(
        Object.values(parent.childGroups).map(({ resolved }) => resolved),
        ["success", "success"],
      );
    },
  },
  {
    name: "a group that is decided wakes claims that wait for its parent",
    needs: ["blocking"],
    async run({ store }) {
      await family(store, "p", ["a"]);
      const claim = claimOne(store, { state: "joined", blockMs: 0 });
      await end(store, "a", "completed");
      shows(await claim, { id: "p" });
    },
  },
  {
    name: "a child whose parent is gone ends all the same",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await family(store, "p", ["a"], { onParentClosed: "abandon_children" });
      await store.cancel("p", { ttlMs: 1 });
      await context.advance(1);
      shows(await end(store, "a", "completed"), { state: "completed", parentFlowId: "p" });
      await refused(() => spawn(store, "p", ["b"]), "not_found");
    },
  },
];
