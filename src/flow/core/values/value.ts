/**
 * Payloads, results, errors and named values as bytes.
 *
 * @module
 */

/** How the bytes of a value are to be read: 0 as they are, 1 as JSON. */
export type ValueEncoding = 0 | 1;

/** A value that a command brings. */
export interface Value {
  /** How to read the bytes. */
  readonly encoding: ValueEncoding;
  /** The bytes. Never changed. */
  readonly bytes: Uint8Array;
}

/** A value that is stored already. */
export interface ValueLink {
  /** The number that its reference names; what stands there, nobody has looked at yet. */
  readonly linkLsn: number;
}

/** Where the parts of a large value stand in the log: one after the other. */
export interface ValueParts {
  /** The LSN of the first part. */
  readonly firstLsn: number;
  /** How many parts there are. */
  readonly count: number;
}

/** A value as it is written: with its bytes, or with the place of its parts. */
export type WrittenValue =
  | {
    /** How to read the bytes. */
    readonly encoding: ValueEncoding;
    /** The bytes. */
    readonly bytes: Uint8Array;
  }
  | {
    /** How to read the bytes. */
    readonly encoding: ValueEncoding;
    /** How many bytes all parts have together. */
    readonly size: number;
    /** Where the parts are. */
    readonly parts: ValueParts;
  };
