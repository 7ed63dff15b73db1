/**
 * Commands about parents and children, after their arguments were checked.
 *
 * @module
 */
import type { CommandBase, CreateRequest, FlowTarget } from "../command.ts";
import type { Group } from "./group.ts";
import type { SentMessage } from "./message.ts";

/** A child to create. Where it has no partition, it has its parent's. */
export type ChildRequest = Omit<CreateRequest, "partitionKey"> & {
  /** The partition; undefined: the parent's. */
  readonly partitionKey: string | undefined;
};

/** `spawnChildren`. */
export interface SpawnCommand extends CommandBase {
  /** The command. */
  readonly kind: "spawn";
  /** The parent. */
  readonly target: FlowTarget;
  /** The token of its lease, if it has one. */
  readonly leaseToken: string | undefined;
  /** Its fencing number. */
  readonly fencingToken: number;
  /** The state that it is to be in; undefined: whichever. */
  readonly from: string | undefined;
  /** The group. */
  readonly group: SpawnedGroup;
  /** Its children. */
  readonly children: readonly ChildRequest[];
}

/** What a request says about a new group. */
export type SpawnedGroup = Pick<
  Group,
  "id" | "wait" | "waitState" | "success" | "failure" | "onChildFailed" | "onParentClosed"
>;

/** Writes ends of flows that count as cancelled already. The store sends it itself. */
export interface CloseCommand extends CommandBase {
  /** The command. */
  readonly kind: "close";
  /** The one flow that somebody wants to see; null: as many as one command takes. */
  readonly target: FlowTarget | null;
}

/** Lets messages of another shard take effect. The store sends it itself. */
export interface DeliverCommand extends CommandBase {
  /** The command. */
  readonly kind: "deliver";
  /** The number of the other shard. */
  readonly from: number;
  /** The messages, in the order of sending. */
  readonly messages: readonly SentMessage[];
}
