/**
 * What commands do. Effects are all that is written to the log, and all that changes the state.
 *
 * An effect becomes one record; its LSN is not part of it. It names flows by key and values by LSN,
 * never by their place in a file, so that it means the same on every node.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";
import type { FlowEventName, RetryFacts, TypePolicy } from "../mod.ts";
import type { Group } from "./families/group.ts";
import type { Message } from "./families/message.ts";
import type { Control, Identity } from "./flow.ts";
import type { FlowKey } from "./flow_key.ts";
import type { NamedValues } from "./values/named_values.ts";
import type { WrittenValue } from "./values/value.ts";

/** Gives a number to the name of a type or a state. */
export interface DictEffect {
  /** The kind of effect. */
  readonly kind: "dict";
  /** The number: from 1, without gaps. */
  readonly id: number;
  /** The name. */
  readonly name: string;
}

/**
 * Creates a flow; the control block follows in the same command. Of a flow that is there: says anew
 * what it is, since it has been taken into a group.
 */
export interface BodyEffect {
  /** The kind of effect. */
  readonly kind: "body";
  /** The flow. */
  readonly key: FlowKey;
  /** What it is for life. */
  readonly identity: Identity;
}

/** Keeps a value of a flow. What refers to it follows in the same command. */
export interface ValueEffect {
  /** The kind of effect. */
  readonly kind: "value";
  /** The flow that it belongs to, null: none. */
  readonly key: FlowKey | null;
  /** The value, or where its parts are. */
  readonly value: WrittenValue;
  /** Until when it can be read, null: as long as it is there. */
  readonly untilMs: number | null;
}

/** Lists what a flow holds by name. The control block that refers to the list follows. */
export interface ValuesEffect {
  /** The kind of effect. */
  readonly kind: "values";
  /** The flow. */
  readonly key: FlowKey;
  /** The whole list. */
  readonly values: NamedValues;
}

/** Keeps a part of a large value. The value itself follows in a later frame, or never. */
export interface ValuePartEffect {
  /** The kind of effect. */
  readonly kind: "value_part";
  /** The place of the part in its value, from 0. */
  readonly index: number;
  /** The bytes. */
  readonly bytes: Uint8Array;
}

/** Changes a flow: its whole control block, and the event that its history shows. */
export interface CtrlEffect {
  /** The kind of effect. */
  readonly kind: "ctrl";
  /** The flow. */
  readonly key: FlowKey;
  /** What it is from now on. */
  readonly control: Control;
  /** What happened to it. */
  readonly event: FlowEventName;
  /** On `retry` events: what the policy decided. */
  readonly retry?: RetryFacts;
  /** On `signaled` events: the name of the signal. */
  readonly signal?: string;
  /** On events about children: which. */
  readonly children?: ChildFacts;
}

/** What an event tells besides the flow. */
export type EventFacts = Pick<CtrlEffect, "retry" | "signal" | "children">;

/** Which children an event is about. */
export interface ChildFacts {
  /** The name of their group. */
  readonly groupId: string;
  /** The id of the child; null: it is about several. */
  readonly childId: string | null;
}

/** A group of children as it is from now on. The control block of its parent follows. */
export interface GroupEffect {
  /** The kind of effect. */
  readonly kind: "group";
  /** The parent. */
  readonly key: FlowKey;
  /** The group. */
  readonly group: Group;
}

/** Cancels the open children of a group, or says that all of them have been. */
export interface ClosingEffect {
  /** The kind of effect. */
  readonly kind: "closing";
  /** The number of the group. */
  readonly group: number;
  /** Whether no open child is left. */
  readonly isDone: boolean;
}

/** Tells another shard something, once this is durable. */
export interface OutboxEffect {
  /** The kind of effect. */
  readonly kind: "outbox";
  /** The number of the other shard. */
  readonly to: number;
  /** What it is told. */
  readonly message: Message;
}

/** Notes how far a shard has come with what another one tells it. */
export interface InboxEffect {
  /** The kind of effect. */
  readonly kind: "inbox";
  /** The number of the other shard. */
  readonly from: number;
  /** The LSN of the last message there that has arrived. */
  readonly lsn: number;
}

/** Remembers that a signal came under a key. The control block that it leads to follows. */
export interface SignalKeyEffect {
  /** The kind of effect. */
  readonly kind: "signal_key";
  /** The flow. */
  readonly key: FlowKey;
  /** A hash of the caller's key. */
  readonly keyHash: Hash64;
  /** A hash of the request. */
  readonly digest: Hash64;
}

/** Removes a flow with its history and values. */
export interface DelEffect {
  /** The kind of effect. */
  readonly kind: "del";
  /** The flow. */
  readonly key: FlowKey;
}

/** Replaces the policy of a type. */
export interface PolicyEffect {
  /** The kind of effect. */
  readonly kind: "policy";
  /** The type. */
  readonly type: string;
  /** One more with every policy of this type. */
  readonly generation: number;
  /** What was set. */
  readonly policy: TypePolicy;
}

/** Gives a key a value. The LSN of its record is the version that the key has then. */
export interface KvEffect {
  /** The kind of effect. */
  readonly kind: "kv";
  /** The partition. */
  readonly partitionKey: string;
  /** The key. */
  readonly key: string;
  /** The value, or where its parts are. */
  readonly value: WrittenValue;
  /** The time of the command. */
  readonly updatedAtMs: number;
  /** The time from which on the key reads as absent, null: never. */
  readonly untilMs: number | null;
}

/** Removes a key. */
export interface KvDelEffect {
  /** The kind of effect. */
  readonly kind: "kv_del";
  /** The partition. */
  readonly partitionKey: string;
  /** The key. */
  readonly key: string;
}

/** One change. */
export type Effect =
  | DictEffect
  | BodyEffect
  | ValueEffect
  | ValuePartEffect
  | ValuesEffect
  | CtrlEffect
  | GroupEffect
  | ClosingEffect
  | OutboxEffect
  | InboxEffect
  | SignalKeyEffect
  | DelEffect
  | PolicyEffect
  | KvEffect
  | KvDelEffect;
