/**
 * The versions of keys in a store that was restored.
 *
 * @module
 */

/** So far above those of the store that was copied do versions go on after a restore. */
const VERSION_STRIDE = 2 ** 32;

/**
 * What the LSN of a key's record is to callers. Each store that goes on from a backup gives the same
 * LSNs to other values than the one that was copied; whoever holds a version means only one of them.
 */
export class KeyVersions {
  readonly #forks: readonly number[];

  /** @param forks After which LSNs the log went on in another store than before. */
  constructor(forks: readonly number[] = []) {
    this.#forks = forks;
  }

  /** The version of a key that was set by the record with an LSN. */
  of(lsn: number): number {
    let version = lsn;
    for (const fork of this.#forks) if (lsn > fork) version += VERSION_STRIDE;
    return version;
  }
}
