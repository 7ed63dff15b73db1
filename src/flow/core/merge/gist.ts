/**
 * Effects in short: what a merge asks of them.
 *
 * @module
 */
import type { BodyEffect, CtrlEffect, Effect, ValueEffect } from "../effect.ts";
import type { Control, Identity } from "../flow.ts";
import type { ValueEncoding, ValueParts } from "../values/value.ts";

/** Of a control block: whose it is, and what it refers to. */
export interface CtrlGist extends Pick<CtrlEffect, "kind" | "key"> {
  /** All that is asked for. */
  readonly control: Pick<
    Control,
    "version" | "payloadLsn" | "resultLsn" | "errorLsn" | "valuesLsn"
  >;
}

/** Of what a flow is for life: how many of its events are kept. */
export interface BodyGist extends Pick<BodyEffect, "kind" | "key"> {
  /** All that is asked for. */
  readonly identity: Pick<Identity, "historyMaxEvents">;
}

/** Of a value: whose it is, and where its parts are. */
export interface ValueGist extends Pick<ValueEffect, "kind" | "key" | "untilMs"> {
  /** All that is asked for. */
  readonly value: { readonly encoding: ValueEncoding; readonly parts?: ValueParts };
}

/** An effect, or at least what a merge asks of it: most records are of the three kinds that have a gist. */
export type Gist =
  | CtrlGist
  | BodyGist
  | ValueGist
  | Exclude<Effect, CtrlEffect | BodyEffect | ValueEffect>;

/** A gist that is filled again and again. */
export type GistRoom<One> = {
  -readonly [Name in keyof One]: One[Name] extends object ? GistRoom<One[Name]> : One[Name];
};
