/**
 * What can happen to the disk under any simulation.
 *
 * @module
 */
import type { Ending, Fault, Keep } from "../../src/files/mod.ts";

/** One thing that happens. */
export type DiskOp =
  /** The process ends within the call on the disk that comes after so many more. */
  | {
    readonly kind: "cut";
    readonly calls: number;
    readonly ending: Ending;
    readonly keep: Keep;
  }
  /** A call on the disk will fail. */
  | { readonly kind: "fault"; readonly fault: Fault };

/** The disk is full but for so many bytes, or (undefined) has room again. */
export interface RoomOp {
  readonly kind: "room";
  readonly bytes: number | undefined;
}
