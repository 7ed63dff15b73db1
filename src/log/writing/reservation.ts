/**
 * The file of the next segment, made before it is needed.
 *
 * @module
 */

import { isNoSpace, refusalIn } from "../file_fault.ts";
import { segmentName } from "../format/segment.ts";
import { removeIfPossible } from "../segments/removal.ts";
import { freeSegmentId, type SegmentSource } from "../segments/segment_creation.ts";
import type { SegmentFile } from "./segment_io.ts";

/** A file that the next segment is to be, and that no manifest lists. */
export interface ReservedFile extends SegmentFile {
  /** Its id. */
  readonly id: number;
  /** Whether its name is durable and there is room for its head. */
  isReady: boolean;
}

/** Keeps one file at hand, or none. */
export class Reservation {
  readonly #source: Pick<SegmentSource, "directory" | "manifest">;
  #file: ReservedFile | undefined;
  #refusal: string | undefined;

  /** @param source Where files are made. */
  constructor(source: Pick<SegmentSource, "directory" | "manifest">) {
    this.#source = source;
  }

  /** The file, if there is one. */
  get file(): ReservedFile | undefined {
    return this.#file;
  }

  /** The file, if it can be used. */
  get ready(): ReservedFile | undefined {
    return this.#file?.isReady ? this.#file : undefined;
  }

  /** Why the system let no file be made the last time somebody tried; undefined: it did. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /**
   * Makes a file. Undefined: there is no room for one, or for a manifest that lists it: whoever counts
   * on this file counts on that. Or the system opens no file at the moment.
   */
  make(): ReservedFile | undefined {
    this.#refusal = undefined;
    try {
      if (!this.#source.manifest.makeRoom(1)) return undefined;
      const id = freeSegmentId(this.#source);
      const name = segmentName(id);
      const file = this.#source.directory.open(name, { create: true });
      return this.#file = { id, name, file, isReady: false };
    } catch (error) {
      if (isNoSpace(error) || this.isRefused(error)) return undefined;
      throw error;
    }
  }

  /** Whether an error says that the system opens no file; then that is remembered. */
  isRefused(error: unknown): boolean {
    this.#refusal = refusalIn(error);
    return this.#refusal !== undefined;
  }

  /** Gives the file to somebody who goes on with it. */
  take(): void {
    this.#file = undefined;
  }

  /**
   * Drops the file. On a full disk every attempt would leave one more stray, and take the room that
   * frames need.
   *
   * @param leaves Whether it stays, since nobody can know whether the manifest lists it.
   */
  drop(leaves: boolean): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    file.file.close();
    if (!leaves) removeIfPossible(this.#source.directory, file.name);
  }
}
