/**
 * Children of a flow: what they are created with, and what becomes of their parent.
 *
 * @module
 */
import type { CommandOptions, CreateItem } from "./commands.ts";

/** What a parent waits for: every child, the first one that completes, or none of them. */
export type ChildWait = "all" | "any" | "none";

/** What a child that fails or is cancelled means: the group has failed, or nothing yet. */
export type ChildFailurePolicy = "fail_parent" | "ignore";

/** What becomes of children that have not ended when their group is decided or their parent ends. */
export type ParentClosedPolicy = "cancel_children" | "abandon_children";

/** How a group of children ended for its parent. */
export type GroupResolution = "success" | "failure";

/** How many children of a group there are, and how they ended while the group was undecided. */
export interface ChildCounts {
  /** All children. */
  readonly total: number;
  /** Children that completed. */
  readonly completed: number;
  /** Children that failed. */
  readonly failed: number;
  /** Children that were cancelled, by somebody or because the group was decided without them. */
  readonly cancelled: number;
}

/** A group of children, as its parent's record shows it. */
export interface ChildGroup {
  /** What the parent waits for. */
  readonly wait: ChildWait;
  /** What a child that fails or is cancelled means. */
  readonly onChildFailed: ChildFailurePolicy;
  /** What becomes of children that have not ended when the group is decided or the parent ends. */
  readonly onParentClosed: ParentClosedPolicy;
  /** The state in which the parent waits; null if it does not. */
  readonly waitState: string | null;
  /** The state that the parent goes to when the group succeeds. */
  readonly success: string;
  /** The state that the parent goes to when the group fails; null if nobody waits for that. */
  readonly failure: string | null;
  /** How many children there are. */
  readonly summary: ChildCounts;
  /** How the group ended; null: it is undecided. A group without a wait is decided from the start. */
  readonly resolved: GroupResolution | null;
}

/** One child of `spawnChildren`: `create`'s options and the id. */
export interface ChildItem
  extends Omit<CreateItem, "type" | "partitionKey" | "parentFlowId" | "rootFlowId"> {
  /** The workflow type. Default: the common one. */
  readonly type?: string | undefined;
  /** The partition. Default: the parent's. */
  readonly partitionKey?: string | undefined;
}

/**
 * Options of `spawnChildren`: the group, what proves that the caller may move the parent, and what
 * every child has that does not say otherwise itself.
 */
export interface SpawnChildrenOptions
  extends CommandOptions, Omit<ChildItem, "id" | "partitionKey"> {
  /**
   * The name of the group within its parent, 1 to 1,024 bytes. It makes the command safe to send
   * again: the same request under the same name changes nothing, another one is refused with
   * `group_conflict`.
   */
  readonly groupId: string;
  /** What the parent waits for. Default `"all"`. */
  readonly wait?: ChildWait | undefined;
  /**
   * The state in which the parent waits, not due until the group is decided. Needed unless `wait` is
   * `"none"`. Not `running`, not a terminal state.
   */
  readonly waitState?: string | undefined;
  /**
   * Where the parent goes when the group succeeds, due at once or ended; with `wait: "none"` it goes
   * there now. Not `running`.
   */
  readonly success: string;
  /**
   * Where the parent goes when the group fails: its error then has the `code` `"child_failed"` or
   * `"child_cancelled"`, the `groupId`, and the `childId` of the one that decided (null if the parent
   * was elsewhere then). Needed unless `wait` is `"none"`. Not `running`.
   */
  readonly failure?: string | undefined;
  /** What a child that fails or is cancelled means. Default `"fail_parent"`. */
  readonly onChildFailed?: ChildFailurePolicy | undefined;
  /**
   * What becomes of children that have not ended when the group is decided or the parent ends.
   * Default `"cancel_children"`.
   */
  readonly onParentClosed?: ParentClosedPolicy | undefined;
  /** The state the parent must be in: `"running"` or the logical state while leased. Default: any. */
  readonly from?: string | undefined;
  /** The lease token. Needed if the parent is leased, refused if not. */
  readonly leaseToken?: string | undefined;
  /** The fencing number of the parent. */
  readonly fencingToken: number;
}
