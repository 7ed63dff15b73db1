/**
 * Which shards a command concerns.
 *
 * @module
 */
import type {
  CancelCommand,
  CancelRequest,
  ClaimCommand,
  Command,
  CompleteCommand,
  CompleteRequest,
  CreateCommand,
  CreateRequest,
  FailCommand,
  FailRequest,
  FlowTarget,
  RetentionCleanupCommand,
  RetryCommand,
  RetryRequest,
  TransitionCommand,
  TransitionRequest,
} from "./command.ts";

/** What one item of a command over flows asks for. */
export type ItemRequest =
  | CreateRequest
  | CompleteRequest
  | TransitionRequest
  | RetryRequest
  | FailRequest
  | CancelRequest;

/** A command over flows that its items name. */
export type ItemsCommand =
  | CreateCommand
  | CompleteCommand
  | TransitionCommand
  | RetryCommand
  | FailCommand
  | CancelCommand;

/** A command over flows that nobody names, in all shards that may have some. */
export type SpreadCommand = ClaimCommand | RetentionCleanupCommand;

/** The shards that a command concerns. */
export type Route =
  /** The one that has the flow; without a flow, that of the partition. */
  | { readonly to: "flow"; readonly target: FlowTarget }
  /** The one of a partition. */
  | { readonly to: "partition"; readonly partitionKey: string }
  /** Those that have the flows of its items. */
  | { readonly to: "items" }
  /** All that have some of the flows that it is about. */
  | { readonly to: "many" }
  /** The first one, which keeps what belongs to the whole store. */
  | { readonly to: "first" };

/** Finds out where a command goes. */
export function routeOf(command: Command): Route {
  switch (command.kind) {
    case "create":
    case "complete":
    case "transition":
    case "retry":
    case "fail":
    case "cancel": {
      const [item] = command.items;
      const isOne = command.mode === "single" && item !== undefined;
      return isOne ? { to: "flow", target: targetOf(item) } : { to: "items" };
    }
    case "extend_lease":
    case "signal":
    case "rewind":
    case "spawn":
      return { to: "flow", target: command.target };
    case "value_put":
      return routeOfValue(command.owner?.target, command.partitionKey);
    case "claim":
    case "retention_cleanup":
      return { to: "many" };
    case "kv_set":
    case "kv_delete":
    case "atomic":
      return { to: "partition", partitionKey: command.partitionKey };
    case "close":
      return command.target === null ? { to: "many" } : { to: "flow", target: command.target };
    case "policy_set":
    // Whoever sends it knows the shard that it is for.
    case "deliver":
      return { to: "first" };
  }
}

/** The flow that an item of a command is about. */
export function targetOf(request: ItemRequest): FlowTarget {
  return "target" in request ? request.target : request;
}

function routeOfValue(owner: FlowTarget | undefined, partitionKey: string | undefined): Route {
  if (owner !== undefined) return { to: "flow", target: owner };
  return partitionKey === undefined ? { to: "first" } : { to: "partition", partitionKey };
}
