/**
 * What shards tell each other about parents and children.
 *
 * A message is written by the command that sends it. Once that is durable the message is handed on,
 * and the shard that receives it notes in the same command how far it has come with its sender. So
 * every message takes effect exactly once, in the order of sending, whatever breaks in between.
 *
 * @module
 */
import type { TerminalState } from "../../mod.ts";
import type { CreateRequest } from "../command.ts";
import type { Membership } from "./group.ts";

/** A child that is to be. Its id is taken from the moment of sending. */
export interface BirthMessage {
  /** The kind of message. */
  readonly kind: "birth";
  /** The request of the child. */
  readonly request: CreateRequest;
  /** The group that it is in. */
  readonly membership: Membership;
}

/** A child has ended. */
export interface EndMessage {
  /** The kind of message. */
  readonly kind: "end";
  /** Who its parent is. */
  readonly parentFlowId: string;
  /** The group that it is in. */
  readonly membership: Membership;
  /** The id of the child. */
  readonly childId: string;
  /** How it ended. */
  readonly end: TerminalState;
}

/** The open children of a group are to be cancelled. */
export interface CloseMessage {
  /** The kind of message. */
  readonly kind: "close";
  /** The number of the group. */
  readonly group: number;
}

/** What one shard tells another. */
export type Message = BirthMessage | EndMessage | CloseMessage;

/** A message with the LSN of its record. */
export interface SentMessage {
  /** The LSN, by which the receiver knows it. */
  readonly lsn: number;
  /** The message. */
  readonly message: Message;
}
