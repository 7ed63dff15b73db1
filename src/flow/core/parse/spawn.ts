/**
 * The arguments of `spawnChildren`.
 *
 * @module
 */
import { checkObject, contradiction, invalid, missing, ofItems, show } from "../../../argument.ts";
import { FlowError } from "../../../errors.ts";
import { type ChildWait, isTerminalState } from "../../mod.ts";
import type { ChildRequest, SpawnCommand, SpawnedGroup } from "../families/family_command.ts";
import type { Value } from "../values/value.ts";
import { CLOSED_POLICIES, FAILURE_POLICIES, WAITS } from "../words.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import { checkItems } from "./batch.ts";
import { childRequestOf, OF_CHILD } from "./create.ts";
import { parseTarget } from "./target.ts";

const CHILD: ReadonlySet<string> = new Set(["id", "partitionKey", ...OF_CHILD]);
const SPAWN: ReadonlySet<string> = new Set([
  "groupId",
  "wait",
  "waitState",
  "success",
  "failure",
  "onChildFailed",
  "onParentClosed",
  "from",
  "leaseToken",
  "fencingToken",
  "nowMs",
  ...OF_CHILD,
]);

/** Checks the arguments of `spawnChildren`. */
export function parseSpawn(
  parent: unknown,
  children: unknown,
  options: unknown,
  context: ParseContext,
): SpawnCommand {
  const target = parseTarget(parent, context);
  const given = checkItems("children", children, context);
  const common = new Arguments(checkObject("options", options), { context, known: SPAWN });
  const group = parseGroup(common);
  const guards = {
    from: common.optionalText("from"),
    leaseToken: common.optionalText("leaseToken"),
    fencingToken: common.requiredFencing(),
  };
  const nowMs = common.nowMs();
  const largeValues: Value[] = [];
  const readChild = (child: unknown, index: number): ChildRequest => {
    const at = `children[${index}]`;
    const own = typeof child === "string" ? { id: child } : checkObject(at, child);
    const args = new Arguments(own, { context, known: CHILD, at: `${at}.`, common });
    const request = childRequestOf(args.text("id", "give every child an id"), args);
    largeValues.push(...args.largeValues);
    return request;
  };
  const requests = ofItems(() => given.map(readChild));
  largeValues.push(...common.largeValues);
  ofItems(() => refuseTwins(requests, target.id));
  return { kind: "spawn", target, group, ...guards, children: requests, nowMs, largeValues };
}

function parseGroup(args: Arguments): SpawnedGroup {
  const group = {
    id: args.text("groupId", "name the group"),
    wait: givenWord(args, "wait", WAITS),
    onChildFailed: givenWord(args, "onChildFailed", FAILURE_POLICIES),
    onParentClosed: givenWord(args, "onParentClosed", CLOSED_POLICIES),
    waitState: args.liveState("waitState") ?? null,
    success: args.targetState("success") ??
      args.text("success", "name the state that the parent goes to when the group succeeds"),
    failure: args.targetState("failure") ?? null,
  };
  if (group.wait === "none") checkUnawaited(group);
  else if (group.waitState === null) throw waitStateRequired(group.wait);
  else if (group.failure === null) {
    throw missing("failure", "name the state that the parent goes to when the group fails");
  }
  return group;
}

/** Refuses what makes no sense if nobody waits. */
function checkUnawaited({ waitState, success, onParentClosed }: SpawnedGroup): void {
  if (waitState !== null) {
    throw contradiction("waitState", 'is given, but with wait "none" the parent does not wait');
  }
  if (isTerminalState(success) && onParentClosed === "cancel_children") {
    throw contradiction(
      "onParentClosed",
      `is "cancel_children", but with wait "none" the parent ends at once in state ` +
        `${show(success)}, and its children with it: use "abandon_children"`,
    );
  }
}

function waitStateRequired(wait: ChildWait): FlowError {
  return new FlowError("wait_state_required", `waitState is missing: wait is ${show(wait)}`, {
    details: { field: "waitState" },
  });
}

/** One of a few words; the first one if nothing was given. */
function givenWord<Word extends string>(
  args: Arguments,
  name: string,
  words: readonly Word[],
): Word {
  const given = args.raw(name);
  const word = given === undefined ? words[0] : words.find((word) => word === given);
  if (word === undefined) throw invalid(name, given, words.map(show).join(" or "));
  return word;
}

/** Refuses ids that stand there twice, also in different partitions, and that of the parent. */
function refuseTwins(children: readonly ChildRequest[], parentId: string): void {
  const seen = new Set<string>();
  for (const [index, { id }] of children.entries()) {
    const field = `children[${index}].id`;
    if (id === parentId) {
      throw new FlowError("child_is_parent", `${field} is ${show(id)}, as that of the parent`, {
        details: { field, value: id },
      });
    }
    if (seen.has(id)) {
      const message = `${field} ${show(id)} stands there twice, but the children of a group have ` +
        "different ids, also in different partitions";
      throw new FlowError("duplicate_id", message, { details: { field, value: id } });
    }
    seen.add(id);
  }
}
