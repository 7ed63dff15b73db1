/**
 * What a look through a whole store has found.
 *
 * @module
 */
import { adviceOn } from "../../errors.ts";
import type { FileFlaw } from "../../log/mod.ts";

/** So many are listed; all are counted. */
const LISTED_MAX = 1_000;

/** Reading on is as good as it was; an opening looks at what this one has in memory. */
export const SAVE_FIRST =
  "Do not close the store before you have saved what it still serves: it may not open again";

const FILE_ADVICE = `${SAVE_FIRST}. ${adviceOn("corrupt")}`;

/** What is in memory is whole, and the next opening would not have it. */
const MANIFEST_ADVICE = "Make a backup now, before the store is closed, and restore it";

const MEMORY_ADVICE = "Close the store and open it again: it reads everything anew from its files";

/** Something that is wrong with a store. */
export interface Damage {
  /** Name of the file; null: what the store has in memory is wrong, and not a file. */
  readonly file: string | null;
  /** Where in the file, in bytes; null: in memory. */
  readonly offset: number | null;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}

/** What is wrong and where, for people. */
export function describeDamage({ file, offset, message }: Damage): string {
  return file === null ? message : `${message}, in the file "${file}" at ${offset}`;
}

/** What `verify` has looked at, and what it has found. */
export interface Verification {
  /** Segments that were read. */
  readonly segments: number;
  /** Frames that are whole. */
  readonly frames: number;
  /** Records in them. */
  readonly records: number;
  /** Bytes of them. */
  readonly bytes: number;
  /** Flows whose records were looked up. */
  readonly flows: number;
  /** Keys of `kv` whose records were looked up. */
  readonly keys: number;
  /** What is wrong, the first 1,000 of it. Empty: everything is as it should be. */
  readonly damage: readonly Damage[];
  /** How much is wrong, also what is not listed. */
  readonly damageCount: number;
}

/** A verification in the making. */
export class DamageReport {
  segments = 0;
  frames = 0;
  records = 0;
  bytes = 0;
  flows = 0;
  keys = 0;
  readonly #damage: Damage[] = [];
  #count = 0;

  /** Something is wrong in a file. */
  inFile({ file, offset, message }: FileFlaw): void {
    this.#add({ file, offset, message, advice: FILE_ADVICE });
  }

  /** Something is wrong in the manifest. */
  inManifest({ file, offset, message }: FileFlaw): void {
    this.#add({ file, offset, message, advice: MANIFEST_ADVICE });
  }

  /** Something is wrong with what the store has in memory. */
  inMemory(message: string): void {
    this.#add({ file: null, offset: null, message, advice: MEMORY_ADVICE });
  }

  /** What there is so far. */
  result(): Verification {
    const { segments, frames, records, bytes, flows, keys } = this;
    return {
      ...{ segments, frames, records, bytes, flows, keys },
      damage: [...this.#damage],
      damageCount: this.#count,
    };
  }

  #add(damage: Damage): void {
    this.#count++;
    if (this.#damage.length < LISTED_MAX) this.#damage.push(damage);
  }
}
