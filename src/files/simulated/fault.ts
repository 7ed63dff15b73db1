/**
 * Faults that are armed now and strike a later call.
 *
 * @module
 */

import type { Keep } from "./survival.ts";

/** The calls of a directory and its files that can go wrong; `sync` is the directory's. */
export type FileCall = "open" | "read" | "write" | "truncate" | "flush" | "remove" | "sync";

/** One fault. It strikes once. */
export interface Fault {
  /** Which kind of call it strikes. */
  readonly call: FileCall;
  /** How many such calls it lets through first. Default 0: it strikes the next one. */
  readonly after?: number;
  /** Only calls on the file of this name count. Default: any file. */
  readonly name?: string;
  /** The error's code, such as `ENOSPC`. Default `EIO`. */
  readonly code?: string;
  /**
   * A `read` or `write` that does only a part and reports no error. For a write with `code` too,
   * the part is written and the next write on any file fails with the code, as on a full disk.
   */
  readonly short?: boolean;
  /** Of a failing `flush` or `sync`: what reaches the platter all the same. Default `"none"`. */
  readonly keep?: Keep;
}

/** The faults that are armed and have not struck. */
export class FaultPlan {
  #armed: { fault: Fault; left: number }[] = [];

  /** Arms one more fault. */
  arm(fault: Fault): void {
    this.#armed.push({ fault, left: fault.after ?? 0 });
  }

  /** Forgets all of them. */
  clear(): void {
    this.#armed = [];
  }

  /** How many are armed. */
  get size(): number {
    return this.#armed.length;
  }

  /** Counts a call, and returns the fault that strikes it, if one does. */
  strike(call: FileCall, name: string): Fault | undefined {
    let struck: Fault | undefined;
    this.#armed = this.#armed.filter((armed) => {
      const { fault } = armed;
      if (fault.call !== call) return true;
      if (fault.name !== undefined && fault.name !== name) return true;
      if (armed.left > 0) {
        armed.left -= 1;
        return true;
      }
      // Two faults due at one call: the second one takes the next call.
      if (struck !== undefined) return true;
      struck = fault;
      return false;
    });
    return struck;
  }
}
