/**
 * A file beside the segments, which is written when its turn is.
 *
 * @module
 */

import { isNoSpace } from "../file_fault.ts";
import type { SegmentMergeParts } from "../merge.ts";
import { emptyIfPossible, removeIfPossible } from "../segments/removal.ts";
import type { IoResult, SegmentFile, SegmentWrite } from "./segment_io.ts";

/** A file that nothing in the log depends on. */
export interface SideFile {
  /** Its name in the directory. */
  readonly name: string;
  /** Makes its name durable. Rejects with what went wrong, and if the log ends. */
  reserve(): Promise<void>;
  /** Writes and syncs. Rejects with what went wrong, and if the log ends. */
  write(write: SegmentWrite): Promise<void>;
  /** Lets go of the file. Does nothing if that was done. */
  close(): void;
  /** Lets go of the file and removes it, if that is possible. */
  remove(): void;
}

/** What a file is written with. */
export type SideFileParts = Pick<SegmentMergeParts, "directory" | "io" | "whenFree">;

/** Creates a file. Throws whatever the directory throws. */
export function createSideFile(parts: SideFileParts, name: string): SideFile {
  return new CreatedFile(parts, { name, file: parts.directory.open(name, { create: true }) });
}

class CreatedFile implements SideFile {
  readonly #parts: SideFileParts;
  readonly #target: SegmentFile;
  #isClosed = false;

  constructor(parts: SideFileParts, target: SegmentFile) {
    this.#parts = parts;
    this.#target = target;
  }

  get name(): string {
    return this.#target.name;
  }

  reserve(): Promise<void> {
    return this.#do((done) => this.#parts.io.reserve(this.#target, done));
  }

  write(write: SegmentWrite): Promise<void> {
    return this.#do((done) => this.#parts.io.write(this.#target, write, done));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#target.file.close();
  }

  remove(): void {
    if (!this.#isClosed) emptyIfPossible(this.#target.file, 0);
    this.close();
    removeIfPossible(this.#parts.directory, this.name);
  }

  /** Whatever goes wrong here is no matter of the log, which hears of no room; the caller hears why. */
  async #do(act: (done: (result: IoResult) => void) => void): Promise<void> {
    let error = new Error(`There is no room for the file "${this.name}"`);
    const isDone = await this.#parts.whenFree((done) => {
      // It was let go of while this waited for its turn.
      if (this.#isClosed) return done({ kind: "no_space" });
      act((result) => {
        if (result.kind === "failed" && !isNoSpace(result.cause)) {
          error = this.#failed(result.cause);
        }
        done({ kind: result.kind === "done" ? "done" : "no_space" });
      });
    });
    if (!isDone) throw error;
  }

  #failed(cause: unknown): Error {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new Error(`${reason}, in the file "${this.name}"`, { cause });
  }
}
