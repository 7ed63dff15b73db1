/**
 * What commands do. Effects are all that is written to the log, and all that changes the state.
 *
 * An effect becomes one record; its LSN is not part of it. It names flows by key and values by LSN,
 * never by their place in a file, so that it means the same on every node.
 *
 * @module
 */
import type { FlowEventName, RetryFacts, TypePolicy } from "../mod.ts";
import type { Control, Identity } from "./flow.ts";
import type { FlowKey } from "./flow_key.ts";
import type { WrittenValue } from "./value.ts";

/** Gives a number to the name of a type or a state. */
export interface DictEffect {
  /** The kind of effect. */
  readonly kind: "dict";
  /** The number: from 1, without gaps. */
  readonly id: number;
  /** The name. */
  readonly name: string;
}

/** Creates a flow; the control block follows in the same command. */
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
  /** The flow that it belongs to. */
  readonly key: FlowKey;
  /** The value, or where its parts are. */
  readonly value: WrittenValue;
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

/** One change. */
export type Effect =
  | DictEffect
  | BodyEffect
  | ValueEffect
  | ValuePartEffect
  | CtrlEffect
  | DelEffect
  | PolicyEffect;
