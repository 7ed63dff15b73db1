/**
 * What is true of families that are spread over shards, at any moment and when nobody has anything
 * left to tell.
 *
 * @module
 */

import type { Shards } from "../../../src/engine/shards.ts";
import { openCount } from "../../../src/flow/core/families/group.ts";
import { type Flow, hasEnded } from "../../../src/flow/core/flow.ts";
import { Violation } from "../log_oracle.ts";

type Group = Flow["groups"][number];

/** When families are looked at. */
export interface FamilyMoment {
  /** Whether everything has been told that there was to tell. */
  readonly isQuiet: boolean;
  /** Whether no flow is ever removed. */
  readonly keepsAll?: boolean;
}

/**
 * Asserts what may never be seen: children that are nobody's or are there twice, a group that has
 * counted more than there is, or that was decided too early. Returns how many groups there are.
 */
export function checkFamilies(
  { all }: Shards,
  { isQuiet, keepsAll = false }: FamilyMoment,
): { readonly groupCount: number } {
  const flows = all.flatMap(({ state }) => [...state.flows.table]);
  const children = new Map<number, Flow[]>();
  for (const flow of flows) {
    const { membership } = flow.identity;
    if (membership === null) continue;
    const siblings = children.get(membership.group);
    if (siblings === undefined) children.set(membership.group, [flow]);
    else siblings.push(flow);
  }
  let groupCount = 0;
  for (const flow of flows) {
    for (const group of flow.groups) {
      const members = children.get(group.number) ?? [];
      checkCounts(flow, group, members);
      if (isQuiet) checkSettled(flow, group, members);
      if (isQuiet && keepsAll) {
        requirer(flow, group, members)(members.length === group.total, "is not whole");
      }
      children.delete(group.number);
      groupCount += 1;
    }
  }
  if (keepsAll && children.size > 0) throw new Violation("There are children without a parent");
  if (!isQuiet) return { groupCount };
  for (const { number, state } of all) {
    const { mail, closings } = state.flows;
    for (const to of mail.receivers) {
      throw new Violation(`Shard ${number} still has mail for ${to}`);
    }
    if (closings.size > 0) throw new Violation("A group is closing for ever");
  }
  return { groupCount };
}

function checkCounts(parent: Flow, group: Group, members: readonly Flow[]): void {
  const require = requirer(parent, group, members);
  const { total, completed, failed, cancelled, wait, resolved, onChildFailed } = group;
  const counted = completed + failed + cancelled;
  require(members.length <= total, "has more children than it was to have");
  const names = members.map(({ identity: { id, partitionKey } }) => `${partitionKey}/${id}`);
  require(new Set(names).size === names.length, "has a child twice");
  require(counted <= total, "has counted more children than it has");
  // What is not there any more may have been anything.
  const gone = total - members.length;
  const ended = (state: string) => members.filter(({ control }) => control.state === state).length;
  require(completed <= ended("completed") + gone, "has counted a child as completed that is not");
  require(failed <= ended("failed") + gone, "has counted a child as failed that has not");
  if (wait === "none") return;
  const isFailure = onChildFailed === "fail_parent" && failed + cancelled > 0;
  const isSuccess = wait === "any" && completed > 0;
  if (resolved === null) {
    require(counted < total && !isFailure && !isSuccess, "is not decided");
  } else require(counted === total || isFailure || isSuccess, "was decided too early");
}

function checkSettled(parent: Flow, group: Group, members: readonly Flow[]): void {
  const require = requirer(parent, group, members);
  const open = members.filter(({ control }) => !hasEnded(control)).length;
  const { wait, resolved, onParentClosed } = group;
  if (wait !== "none" && resolved === null && !hasEnded(parent.control)) {
    require(open === openCount(group), "has not heard of all its children");
  }
  const isShut = hasEnded(parent.control) || (wait !== "none" && resolved !== null);
  if (isShut && onParentClosed === "cancel_children") {
    require(open === 0, "has left children behind");
  }
}

/** What to call when something is to be true of a group. */
function requirer(
  { identity, control }: Flow,
  group: Group,
  members: readonly Flow[],
): (isTrue: boolean, what: string) => void {
  return (isTrue, what) => {
    if (isTrue) return;
    const there = members.map(({ identity, control }) => `${identity.id} ${control.state}`);
    const name = `The group ${JSON.stringify(group.id)} of ${identity.partitionKey}/${identity.id}`;
    const { total, completed, failed, cancelled, resolved } = group;
    const counts = JSON.stringify({ total, completed, failed, cancelled, resolved });
    throw new Violation(`${name} (${control.state}) ${what}: ${counts}, ${there.join(", ")}`);
  };
}
