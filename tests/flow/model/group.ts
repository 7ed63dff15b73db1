/**
 * What the model knows of groups of children, and what it is asked.
 *
 * @module
 */

import type { ModelCreate, ModelItem } from "./flow.ts";

/** What a request says about its group. */
export interface ModelGroupAsked {
  readonly groupId: string;
  readonly wait: "all" | "any" | "none";
  readonly waitState: string | null;
  readonly success: string;
  readonly failure: string | null;
  readonly onChildFailed: "fail_parent" | "ignore";
  readonly onParentClosed: "cancel_children" | "abandon_children";
}

/** A group of children. */
export interface ModelGroup extends ModelGroupAsked {
  /** No other group has it, whatever its name. */
  readonly number: number;
  /** The request that made it. */
  readonly request: string;
  /** Whether some of its children are kept in another place than their parent. */
  readonly isSpread: boolean;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly resolved: "success" | "failure" | null;
  /** Whether its parent was elsewhere when it was decided, and has not gone on by it since. */
  readonly isUnheeded: boolean;
}

/** The group that a flow is in. */
export interface ModelMembership {
  readonly partitionKey: string;
  readonly groupId: string;
  readonly number: number;
  /** The place among its siblings. */
  readonly place: number;
}

/** Children to create. */
export interface ModelSpawn extends ModelItem {
  readonly group: ModelGroupAsked;
  readonly from?: string | undefined;
  readonly children: readonly ModelChild[];
}

/** A child to create. Without a partition it has its parent's. */
export type ModelChild = Omit<ModelCreate, "partitionKey" | "parentFlowId" | "rootFlowId"> & {
  readonly partitionKey?: string | undefined;
};

/** Which flows are asked for by what they have in common. */
export interface ModelLineage {
  readonly relation: "parent" | "root" | "correlation";
  readonly id: string;
  readonly partitionKey?: string | undefined;
  readonly parentPartitionKey?: string | undefined;
  readonly groupId?: string | undefined;
  readonly state?: string | undefined;
  readonly terminalOnly?: boolean | undefined;
  readonly activeOnly?: boolean | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly rev?: boolean | undefined;
}

/** What the end of a child decides; null: nothing yet. */
export function verdictOn(
  { wait, onChildFailed, total, completed, failed, cancelled }: ModelGroup,
  end: "completed" | "failed" | "cancelled",
): "success" | "failure" | null {
  if (end === "completed" && wait === "any") return "success";
  if (end !== "completed" && onChildFailed === "fail_parent") return "failure";
  if (completed + failed + cancelled < total) return null;
  return wait === "all" ? "success" : "failure";
}
