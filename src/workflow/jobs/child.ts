/**
 * Flows to be created as children of another one.
 *
 * @module
 */
import { checkObject, invalid } from "../../argument.ts";
import type { ChildItem } from "../../flow/mod.ts";
import {
  type CreateCommand,
  createCommand,
  type CreateFacts,
  type PayloadMember,
  type StartState,
} from "../create.ts";
import type { CheckedDefinition } from "../definition/definition.ts";
import type { Partition } from "../definition/partition_key.ts";
import type { Eventually } from "../definition/schema.ts";
import type { LiveName } from "../definition/state.ts";

const SPAWNED = "left out: whoever spawns the child is its parent";

/** What a child is created with, besides its partition, state and payload. */
export interface ChildFacts extends Omit<CreateFacts, "parentFlowId" | "rootFlowId"> {}

/** Where a child is created: its partition fields, or any key where its workflow has none. */
export type ChildPartition<P extends readonly string[]> = P extends readonly [] ? {
    /** The partition. Default: the parent's. */
    readonly partitionKey?: string | undefined;
  }
  : Partition<P>;

/** What `child()` takes: the same as `create()`, apart from the parent. */
export type ChildAttributes<
  P extends readonly string[],
  S,
  I extends LiveName<S>,
  K extends LiveName<S> = LiveName<S>,
> = K extends LiveName<S> ? ChildFacts & ChildPartition<P> & StartState<K, I> & PayloadMember<S[K]>
  : never;

/** The item of a child. Refuses as `create()` does, and whatever names another parent. */
export function childItem(
  definition: CheckedDefinition,
  attributes: unknown,
  newId: () => string,
): Eventually<ChildItem> {
  const { parentFlowId, rootFlowId } = checkObject("attributes", attributes);
  if (parentFlowId !== undefined) throw invalid("parentFlowId", parentFlowId, SPAWNED);
  if (rootFlowId !== undefined) throw invalid("rootFlowId", rootFlowId, SPAWNED);
  const command = createCommand(definition, attributes, { at: "", newId });
  if (!(command instanceof Promise)) return itemOf(command);
  const item = command.then(itemOf);
  // A child that does not fit is whoever spawns it to hear of. If nobody does, nothing is lost.
  item.catch(() => {});
  return item;
}

function itemOf({ id, options }: CreateCommand): ChildItem {
  return { id, ...options };
}

/** The items of all children of a call; a promise only if one of them is. */
export function childItems(children: unknown): Eventually<readonly ChildItem[]> {
  if (!Array.isArray(children)) {
    throw invalid("children", children, "a list of what child() returns");
  }
  const items = children as readonly Eventually<ChildItem>[];
  const isLater = items.some((item) => item instanceof Promise);
  return isLater ? Promise.all(items) : items as readonly ChildItem[];
}
