/**
 * The lock of a directory that no other process can see.
 *
 * @module
 */

import type { Lock, LockOwner } from "./directory.ts";
import { lockRefusal } from "./lock_refusal.ts";

/** Gives a directory in memory to one owner at a time. */
export class LocalLock {
  #held: { readonly owner: LockOwner } | undefined;

  /** Takes the lock, or throws `store_locked` with the present owner. */
  take(path: string, owner: LockOwner): Lock {
    if (this.#held !== undefined) throw lockRefusal(path, this.#held);
    const held = { owner };
    this.#held = held;
    const release = (): void => {
      // A lock that was broken and taken by somebody else is not this one's to give.
      if (this.#held === held) this.#held = undefined;
    };
    return { release, [Symbol.dispose]: release };
  }

  /** Frees the lock, as the end of its owner's process would. */
  break(): void {
    this.#held = undefined;
  }
}
