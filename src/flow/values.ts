/**
 * Values by name, and values that several flows share.
 *
 * @module
 */
import type { CommandOptions } from "./commands.ts";

/** Where a named value of a flow is, and what it was when it was put. */
export interface ValueRef {
  /**
   * Opaque reference to the value. It can be read and linked for as long as somebody holds the value:
   * a flow, now or in the history that it keeps, whether the value was put there or linked. After
   * that it reads as missing as soon as its space is used again. One that was put with a `ttlMs` reads
   * as missing when that is over, whoever holds it.
   */
  readonly ref: string;
  /**
   * How often a value was put under this name, also before it was dropped; null: it was linked. A
   * rewind goes back in this, too.
   */
  readonly version: number | null;
  /**
   * SHA-256 of the stored bytes in lowercase hexadecimal: of bytes as they are, of everything else as
   * JSON. Null: it was linked.
   */
  readonly digest: string | null;
}

/** Values to put or to link under names. */
export interface NamedValueOptions {
  /**
   * Values to put, by name: any JSON value or bytes each. What a name holds already stays as it is if
   * it is the same, and is otherwise refused with `value_conflict`, unless `overrideValues` has it.
   */
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Values to link that are stored already, by name: references, or objects that have one, such as
   * another record's `valueRefs`. Replaces what the name held.
   */
  readonly valueRefs?:
    | Readonly<Record<string, string | { readonly ref: string }>>
    | undefined;
}

/** What else a command does to the named values of a flow: it drops, then links, then puts. */
export interface ValueChangeOptions extends NamedValueOptions {
  /** A name, or names, that no longer hold anything. One that holds nothing is left alone. */
  readonly dropValues?: string | readonly string[] | undefined;
  /** A name, or names, of which `values` may replace a different value. */
  readonly overrideValues?: string | readonly string[] | undefined;
}

/** Which named values a reply brings along: all, none, one, or several. */
export type ValueSelection = boolean | string | readonly string[];

/** Options of `valuePut`: without any, a value that belongs to no flow. */
export interface ValuePutOptions extends CommandOptions {
  /** The id of the flow that the value belongs to. Together with `name`. */
  readonly ownerFlowId?: string | undefined;
  /**
   * With `ownerFlowId`: the partition of that flow, which is looked up in every partition if absent.
   * Otherwise only handed back.
   */
  readonly partitionKey?: string | undefined;
  /** The name of the value in that flow. 1 to 1,024 bytes. Together with `ownerFlowId`. */
  readonly name?: string | undefined;
  /** Replace a different value of this name. Default false: refuse with `value_conflict`. */
  readonly override?: boolean | undefined;
  /**
   * How long a value that belongs to no flow can be read, in milliseconds, also by flows that link it:
   * longer than any of these may need it. Default: for ever, so it takes up room for ever.
   */
  readonly ttlMs?: number | undefined;
}

/** What `valuePut` has done. */
export interface StoredValue {
  /** Opaque reference to the value. */
  readonly ref: string;
  /** The partition of the flow; of a value without one, the partition that was given, or null. */
  readonly partitionKey: string | null;
  /** The flow, or null. */
  readonly ownerFlowId: string | null;
  /** The name, or null. */
  readonly name: string | null;
  /** The version of the value under its name; null without a name. */
  readonly version: number | null;
  /** SHA-256 of the stored bytes in lowercase hexadecimal. */
  readonly digest: string;
  /** Whether the name held nothing before, or there is none. */
  readonly created: boolean;
  /** Whether anything was written; false if the name held the same value. */
  readonly stored: boolean;
}
