/**
 * How the end of a flow, or of its group, reaches its open children.
 *
 * @module
 */
import { refused, same, shows } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { end, family, spawn, statesOf } from "./family.ts";
import { claimedIds, claimOne, create, eventsOf, JOB, owner, WEEK_MS } from "./leasing.ts";

/** Cascades. */
export const cascadeCases: readonly ConformanceCase[] = [
  {
    name:
      "a flow that ends cancels its open children, whatever their lease: events cancelled and children_cancelled",
    needs: ["manualClock"],
    async run(context) {
      const { store } = context;
      await family(store, "p", ["open", "held", "done"], { onChildFailed: "ignore", payload: 1 });
      await end(store, "done", "completed");
      const held = await claimOne(store, { state: "held" });
      await context.advance(5);
      await store.cancel("p", { reason: "stop" });
      same(await statesOf(store, "p", "open", "held", "done"), [
        "cancelled",
        "cancelled",
        "cancelled",
        "completed",
      ]);
      shows(await store.get("held", { payload: true }), {
        version: 3,
        updatedAtMs: context.nowMs,
        nextRunAtMs: null,
        leaseToken: null,
        errorRef: null,
        fencingToken: 1,
        payload: 1,
        terminalRetentionUntilMs: context.nowMs + WEEK_MS,
      });
      await refused(() => store.complete(held, owner(held)), "stale_lease", { state: "cancelled" });
      same(await eventsOf(store, "open"), ["created", "cancelled"]);
      same((await eventsOf(store, "p")).slice(2), [
        "child_completed",
        "cancelled",
        "children_cancelled",
      ]);
      shows((await store.history("p")).at(-1), { groupId: "g", childId: undefined }, "The event");
      shows((await store.get("p"))?.childGroups["g"], {
        summary: { total: 3, completed: 1, failed: 0, cancelled: 2 },
        resolved: "failure",
      }, "The group");
      same(await claimedIds(store), []);
    },
  },
  ...(["complete", "fail", "retry"] as const).map((command): ConformanceCase => ({
    name: `a parent that ends by ${command}() cancels its open children`,
    async run({ store }) {
      await family(store, "p", ["a"]);
      await store.transition("p", { from: "waiting", to: "again", fencingToken: 0 });
      const flow = await claimOne(store, { state: "again" });
      const options = command === "retry" ? { retry: { maxRetries: 0 } } : {};
      await store[command](flow, { ...owner(flow), ...options });
      same(await statesOf(store, "a"), ["cancelled"]);
      same((await eventsOf(store, "p")).at(-1), "children_cancelled");
    },
  })),
  {
    name:
      "a group that is decided cancels its own open children: child_failed, then children_cancelled",
    async run({ store }) {
      await family(store, "p", ["a", "b", "c"]);
      await end(store, "b", "failed");
      same(await statesOf(store, "p", "a", "b", "c"), [
        "broken",
        "cancelled",
        "failed",
        "cancelled",
      ]);
      same((await eventsOf(store, "p")).slice(2), ["child_failed", "children_cancelled"]);
      shows((await store.get("p"))?.childGroups["g"], {
        summary: { total: 3, completed: 0, failed: 1, cancelled: 2 },
        resolved: "failure",
      }, "The group");
    },
  },
  {
    name: "the first of any that completes cancels the others",
    async run({ store }) {
      await family(store, "p", ["a", "b"], { wait: "any" });
      await end(store, "a", "completed");
      same(await statesOf(store, "p", "a", "b"), ["joined", "completed", "cancelled"]);
      shows((await store.get("p"))?.childGroups["g"], { resolved: "success" }, "The group");
    },
  },
  {
    name: "a group that is decided leaves the children of other groups alone",
    async run({ store }) {
      await family(store, "p", ["a", "b"]);
      await spawn(store, "p", ["c"], { groupId: "h" });
      const free = { wait: "none", waitState: undefined, failure: undefined } as const;
      await spawn(store, "p", ["d"], { ...free, groupId: "i", success: "waiting" });
      await end(store, "a", "failed");
      same(await statesOf(store, "b", "c", "d"), ["cancelled", "c", "d"]);
      const groups = (await store.get("p"))?.childGroups;
      same([groups?.["g"]?.resolved, groups?.["h"]?.resolved], ["failure", null]);
    },
  },
  {
    name:
      "abandon_children lets children go on when their group is decided, and when their parent ends",
    async run({ store }) {
      const options = { onParentClosed: "abandon_children" } as const;
      await family(store, "p", ["a", "b"], options);
      await end(store, "a", "failed");
      same(await statesOf(store, "p", "b"), ["broken", "b"]);
      await store.cancel("p");
      same(await eventsOf(store, "b"), ["created"]);
      shows(await end(store, "b", "completed"), { state: "completed" });
    },
  },
  {
    name:
      "a flow that ends cancels the children of every group that is to go with it, and of no other",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await spawn(store, "p", ["b"], { groupId: "h", onParentClosed: "abandon_children" });
      await spawn(store, "p", ["c"], { groupId: "i" });
      const free = { wait: "none", waitState: undefined, failure: undefined } as const;
      await spawn(store, "p", ["d"], { ...free, groupId: "j", success: "sent" });
      await store.cancel("p");
      same(await statesOf(store, "a", "b", "c", "d"), ["cancelled", "b", "cancelled", "cancelled"]);
    },
  },
  {
    name: "children that nobody waits for are cancelled with their parent, too: children_cancelled",
    async run({ store }) {
      const free = { wait: "none", waitState: undefined, failure: undefined } as const;
      await family(store, "p", ["a"], { ...free, success: "sent" });
      await store.cancel("p");
      same(await statesOf(store, "a"), ["cancelled"]);
      same((await eventsOf(store, "p")).slice(1), [
        "children_spawned",
        "cancelled",
        "children_cancelled",
      ]);
    },
  },
  {
    name: "a cascade goes down through every generation",
    async run({ store }) {
      await family(store, "p", ["a", "b"]);
      await spawn(store, "a", ["c"]);
      await spawn(store, "c", ["d"]);
      await store.cancel("p");
      same(await statesOf(store, "a", "b", "c", "d"), [
        "cancelled",
        "cancelled",
        "cancelled",
        "cancelled",
      ]);
      same((await eventsOf(store, "c")).slice(2), ["cancelled", "children_cancelled"]);
      same(await claimedIds(store), []);
    },
  },
  {
    name: "children that a cascade cancels are no child_cancelled of their parent",
    async run({ store }) {
      await family(store, "p", ["a", "b"]);
      await store.cancel("p");
      same((await eventsOf(store, "p")).filter((name) => name === "child_cancelled"), []);
    },
  },
  {
    name: "a flow whose children have all ended cancels nothing and has no such event",
    async run({ store }) {
      await family(store, "p", ["a"]);
      await end(store, "a", "completed");
      await store.cancel("p");
      same((await eventsOf(store, "p")).at(-1), "cancelled");
    },
  },
  {
    name: "two children that end in one command both count, also if the first decides the group",
    async run({ store }) {
      await family(store, "p", ["a", "b", "c"]);
      const flows = await store.claimDue(JOB, { worker: "w", states: ["a", "b"], limit: 2 });
      await store.failMany(flows.map((flow) => ({ id: flow.id, ...owner(flow) })));
      same(await statesOf(store, "a", "b", "c"), ["failed", "failed", "cancelled"]);
      same((await store.get("p"))?.childGroups["g"]?.summary, {
        total: 3,
        completed: 0,
        failed: 2,
        cancelled: 1,
      });
    },
  },
  {
    name: "a cascade over more flows than one command takes reaches all of them",
    async run({ store }) {
      const ids = Array.from({ length: 900 }, (_, n) => `${n}`);
      await create(store, "p");
      for (const groupId of ["g", "h"]) {
        const children = ids.map((id) => `${groupId}${id}`);
        const options = { groupId, type: JOB, waitState: "w", success: "s", failure: "f" };
        await store.spawnChildren("p", children, { ...options, fencingToken: 0 });
      }
      // Whoever asks in the same turn finds no child that is still open.
      const [, claimed, last] = await Promise.all([
        store.cancel("p"),
        claimedIds(store),
        store.get("h899"),
      ]);
      same([claimed, last?.state], [[], "cancelled"]);
      shows(await store.info(JOB), { cancelled: 1_801, queued: 0, due: 0 }, "info");
      same(await eventsOf(store, "h899"), ["created", "cancelled"]);
    },
  },
];
