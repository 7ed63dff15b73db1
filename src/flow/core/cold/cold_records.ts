/**
 * What the log knows of cold flows, and memory does not.
 *
 * @module
 */
import type { BodyEffect, CtrlEffect } from "../effect.ts";
import type { NamedValues } from "../values/named_values.ts";

/** Where what was left out is read. It throws if that cannot be read. */
export interface ColdRecords {
  /** The control block with an LSN. */
  control(lsn: number): CtrlEffect;
  /** The body with an LSN. */
  body(lsn: number): BodyEffect;
  /** The list of named values with an LSN. */
  list(lsn: number): NamedValues;
}
