import { test } from "../harness.ts";
import { badBooleans, badNumbers, badTexts, refuses } from "./bad_calls.ts";

test("spawnChildren() names what is wrong with its arguments", () => {
  const good = { groupId: "g", waitState: "w", success: "s", failure: "f", type: "c" };
  const options = (more: object) => ["p", ["a"], { ...good, fencingToken: 1, ...more }];
  const of = (name: string) => (value: unknown) => options({ [name]: value });
  const child = (name: string) => (value: unknown) => [
    "p",
    [{ id: "a", [name]: value }],
    { ...good, fencingToken: 1 },
  ];
  refuses("spawnChildren", [
    ...badTexts("id", (id) => [{ id }, ["a"], options({})[2]]),
    ...badTexts("groupId", of("groupId")),
    ...badTexts("success", of("success")),
    ...badTexts("failure", of("failure")),
    ...badTexts("waitState", of("waitState")),
    ...badTexts("from", of("from")),
    ...badTexts("leaseToken", of("leaseToken")),
    ...badTexts("type", of("type")),
    ...badTexts("children[0].type", child("type")),
    ...badTexts("children[0].partitionKey", child("partitionKey")),
    ...badNumbers("fencingToken", of("fencingToken")),
    ...badNumbers("children[0].runAtMs", child("runAtMs")),
    ...badBooleans("children[0].idempotent", child("idempotent")),
    { args: options({ wait: "most" }), field: "wait", says: '"all" or "any" or "none"' },
    { args: options({ wait: null }), field: "wait" },
    { args: options({ onChildFailed: "fail" }), field: "onChildFailed", says: '"fail_parent"' },
    { args: options({ onParentClosed: 1 }), field: "onParentClosed", says: '"cancel_children"' },
    { args: options({ success: "Running" }), field: "success", code: "running_reserved" },
    { args: options({ failure: "any" }), field: "failure", says: "reserved" },
    { args: options({ waitState: "completed" }), field: "waitState", code: "terminal_target" },
    {
      args: options({ waitState: undefined }),
      field: "waitState",
      code: "wait_state_required",
    },
    { args: options({ failure: undefined }), field: "failure", says: "failure is missing" },
    { args: options({ success: undefined }), field: "success", says: "success is missing" },
    { args: options({ groupId: undefined }), field: "groupId", says: "name the group" },
    { args: options({ fencingToken: undefined }), field: "fencingToken", says: "missing" },
    { args: options({ wait: "none" }), field: "waitState", says: "does not wait" },
    {
      args: options({ wait: "none", waitState: undefined, success: "completed" }),
      field: "onParentClosed",
      says: "abandon_children",
    },
    { args: options({ nowMs: 1 }), field: "nowMs", says: "manual clock" },
    { args: options({ fromState: "a" }), field: "fromState", says: "is not an option" },
    { args: options({ parentFlowId: "a" }), field: "parentFlowId", says: "is not an option" },
    { args: ["p", [], options({})[2]], field: "children", says: "non-empty array" },
    { args: ["p", "a", options({})[2]], field: "children", says: "non-empty array" },
    { args: ["p", [7], options({})[2]], field: "children[0]", says: "an object" },
    { args: ["p", [{}], options({})[2]], field: "children[0].id", says: "missing" },
    { args: ["p", ["a", "a"], options({})[2]], field: "children[1].id", code: "duplicate_id" },
    { args: ["p", ["a", "p"], options({})[2]], field: "children[1].id", code: "child_is_parent" },
    {
      args: ["p", ["a", "b", "c", "d"], options({})[2]],
      field: "children.length",
      code: "limit_exceeded",
      says: "the limit is 3",
    },
    { args: ["p", [{ id: "a", wait: "all" }], options({})[2]], field: "children[0].wait" },
    { args: ["p", ["a"], undefined], field: "options", says: "an object" },
  ]);
});

for (const command of ["byParent", "byRoot", "byCorrelation"] as const) {
  test(`${command}() names what is wrong with its arguments`, () => {
    const of = (name: string) => (value: unknown) => ["x", { [name]: value }];
    refuses(command, [
      ...badTexts("id", (id) => [id]),
      ...badTexts("partitionKey", of("partitionKey")),
      ...badTexts("state", of("state")),
      ...badBooleans("terminalOnly", of("terminalOnly")),
      ...badBooleans("activeOnly", of("activeOnly")),
      ...badBooleans("rev", of("rev")),
      ...badBooleans("consistent", of("consistent")),
      ...badNumbers("fromMs", of("fromMs")),
      ...badNumbers("toMs", of("toMs")),
      { args: ["x", { count: 21 }], field: "count", code: "limit_exceeded" },
      { args: ["x", { fromMs: 2, toMs: 1 }], field: "fromMs", says: "swap them" },
      { args: ["x", { cursor: "?" }], field: "cursor" },
      { args: ["x", { terminalOnly: true, activeOnly: true }], field: "activeOnly" },
      { args: ["x", { parent: "p" }], field: "parent", says: "is not an option" },
    ]);
  });
}
