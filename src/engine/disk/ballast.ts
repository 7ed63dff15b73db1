/**
 * Room on the disk that is held in case there is none left.
 *
 * @module
 */
import { type Directory, type FileHandle, withFile, writeFully } from "../../files/mod.ts";
import { isNoSpace } from "../../log/mod.ts";
import { randomBytes, seededRandom } from "../../time/mod.ts";

/** What the file is called. What is in it means nothing. */
const NAME = "BALLAST";

/** Random bytes of one write, more than file systems compress at once: zeros might take up no room. */
const BLOCK_BYTES = 1 << 18;

/** What became of an attempt to take room: only a disk without room is a full one. */
export type TakenRoom = "held" | "no_room" | "failed";

/** A file that takes up room and gives it back when it is needed for more than that. */
export class Ballast {
  readonly #directory: Directory;
  readonly #bytes: number;
  #isHeld = false;
  #failure: string | null = null;

  /** @param bytes How much room it holds; 0: none, so that there is none to give back. */
  constructor(directory: Directory, bytes: number) {
    this.#directory = directory;
    this.#bytes = bytes;
  }

  /** Whether it holds its room. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Why the room could not be taken the last time; null: it could, or there was none. */
  get failure(): string | null {
    return this.#failure;
  }

  /**
   * Takes the room, if it has not been taken, in this process or an earlier one, and as much again is
   * left. Unless it is held then, nothing of it is. Whatever else goes wrong costs the ballast and nothing else.
   */
  take(): TakenRoom {
    if (this.#isHeld || this.#bytes === 0) return "held";
    this.#failure = null;
    try {
      this.#withFile((file) => this.#fill(file));
      this.#isHeld = true;
      return "held";
    } catch (error) {
      this.#empty();
      if (isNoSpace(error)) return "no_room";
      this.#failure = error instanceof Error ? error.message : String(error);
      return "failed";
    }
  }

  /** Gives the room back. Returns whether there was any. */
  give(): boolean {
    const wasHeld = this.#isHeld;
    this.#isHeld = false;
    return wasHeld && this.#empty();
  }

  #empty(): boolean {
    try {
      this.#withFile((file) => {
        if (file.getSize() === 0) return;
        file.truncate(0);
        // Some file systems give room back only with the next commit of their journal.
        file.flush();
      });
      return true;
    } catch {
      return false;
    }
  }

  #withFile(act: (file: FileHandle) => void): void {
    withFile(this.#directory, NAME, act, { create: true });
  }

  #fill(file: FileHandle): void {
    const size = file.getSize();
    if (size === this.#bytes) return;
    // Twice as much as it takes: a ballast that leaves nothing free would be needed at once.
    const tried = 2 * this.#bytes;
    const block = randomBytes(seededRandom(1), Math.min(BLOCK_BYTES, tried));
    for (let at = Math.min(size, this.#bytes); at < tried; at += block.length) {
      writeFully(file, block.subarray(0, Math.min(block.length, tried - at)), { at });
    }
    file.truncate(this.#bytes);
    file.flush();
  }
}
