/**
 * A group of children, as its parent knows it.
 *
 * @module
 */
import type { Hash64 } from "../../../codec/mod.ts";
import type {
  ChildCounts,
  ChildFailurePolicy,
  ChildWait,
  GroupResolution,
  ParentClosedPolicy,
  TerminalState,
} from "../../mod.ts";

/** Which group a flow was spawned into. */
export interface Membership {
  /** The partition of the parent. */
  readonly parentPartitionKey: string;
  /** The name of the group. */
  readonly groupId: string;
  /** The number of the group: the LSN of its first record. A later group of that name has another. */
  readonly group: number;
}

/** A group of children. Never changed: the end of a child makes another one of it. */
export interface Group extends ChildCounts {
  /** The name, unique within the parent. */
  readonly id: string;
  /** The LSN of its first record. Children name their group by it. */
  readonly number: number;
  /** A hash of the request that made it, by which a repetition is known. */
  readonly digest: Hash64;
  /** What the parent waits for. */
  readonly wait: ChildWait;
  /** The state in which it waits; null if it does not. */
  readonly waitState: string | null;
  /** Where it goes when the group succeeds. */
  readonly success: string;
  /** Where it goes when the group fails; null if nobody waits for that. */
  readonly failure: string | null;
  /** What a child that fails or is cancelled means. */
  readonly onChildFailed: ChildFailurePolicy;
  /** What becomes of children that have not ended when the group is decided or the parent ends. */
  readonly onParentClosed: ParentClosedPolicy;
  /** The other shards that have children of the group: bit n stands for shard n. */
  readonly elsewhere: number;
  /** How the group ended; null: it is undecided. From then on nothing in it changes. */
  readonly resolved: GroupResolution | null;
  /** Whether its parent was elsewhere when it was decided, and has not gone on by it since. */
  readonly isUnheeded: boolean;
}

/** The groups of a flow that has spawned nothing. */
export const NO_GROUPS: readonly Group[] = [];

/** Groups with some of them replaced by what has become of them, or added; in the order of numbers. */
export function withGroups(groups: readonly Group[], changed: readonly Group[]): readonly Group[] {
  const after = [...groups];
  for (const group of changed) {
    // A new one is the last, unless the log has forgotten how an older one began.
    const before = after.findLastIndex(({ number }) => number <= group.number);
    const isKnown = after[before]?.number === group.number;
    after.splice(isKnown ? before : before + 1, isKnown ? 1 : 0, group);
  }
  return after;
}

/** The numbers of the other shards that have children of a group. */
export function shardsOf({ elsewhere }: Group): number[] {
  const shards: number[] = [];
  for (let shard = 0, left = elsewhere; left > 0; shard++, left >>>= 1) {
    if (left & 1) shards.push(shard);
  }
  return shards;
}

/** How many children of an undecided group have not ended. */
export function openCount({ total, completed, failed, cancelled }: Group): number {
  return total - completed - failed - cancelled;
}

/** A group after one of its children has ended. */
export function withEnd(group: Group, end: TerminalState): Group {
  const counted = { ...group, [end]: group[end] + 1 };
  return { ...counted, resolved: group.resolved ?? resolution(counted, end) };
}

/** A group whose open children are cancelled with it. */
export function withoutOpen(group: Group): Group {
  return {
    ...group,
    cancelled: group.cancelled + openCount(group),
    resolved: group.resolved ?? "failure",
  };
}

/** Whether nobody counts how the children end, since nobody has ever waited for them. */
export function isFrozen({ wait }: Group): boolean {
  return wait === "none";
}

/** What a group has come to with the end of a child; null: it stays undecided. */
function resolution(group: Group, end: TerminalState): GroupResolution | null {
  if (group.wait === "any" && end === "completed") return "success";
  if (end !== "completed" && group.onChildFailed === "fail_parent") return "failure";
  if (openCount(group) > 0) return null;
  // All have ended. Who waits for any has had none; who waits for all does not mind how.
  return group.wait === "any" ? "failure" : "success";
}
