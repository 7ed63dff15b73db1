/**
 * The files of a log's segments, opened when they are read and not too many at a time.
 *
 * @module
 */

import {
  closeAll,
  type Directory,
  fileErrorCode,
  type FileHandle,
  readFully,
} from "../../files/mod.ts";
import { corrupt, guarded } from "../file_fault.ts";
import { HEADER_BYTES } from "../format/header.ts";
import { isSamePosition } from "../format/position.ts";
import { decodeSegmentHeader, SEGMENT_HEAD_BYTES, segmentName } from "../format/segment.ts";
import type { SegmentEntry } from "../manifest/manifest_state.ts";

/** Files that are kept open, far below what any system grants a process. */
const OPEN_FILES_MAX = 32;

/** Hands out open files. Every file is checked against the manifest when it is opened. */
export class SegmentFiles {
  readonly #directory: Directory;
  readonly #dbId: string;
  /** The one that was used last comes last. */
  readonly #open = new Map<number, FileHandle>();

  /** @param dbId The store that the segments must belong to. */
  constructor(directory: Directory, dbId: string) {
    this.#directory = directory;
    this.#dbId = dbId;
  }

  /** The file of a segment; good until the next call. */
  get(entry: SegmentEntry): FileHandle {
    const file = this.#open.get(entry.id) ?? this.open(entry);
    this.#open.delete(entry.id);
    this.#open.set(entry.id, file);
    for (const [id, oldest] of this.#open) {
      if (this.#open.size <= OPEN_FILES_MAX) break;
      oldest.close();
      this.#open.delete(id);
    }
    return file;
  }

  /**
   * Opens a segment for the caller, who closes it.
   *
   * @throws {FlowError} `corrupt` if it is missing or not what the manifest says.
   */
  open(entry: SegmentEntry): FileHandle {
    const name = segmentName(entry.id);
    const place = { file: name, offset: 0 };
    const file = guarded(`The segment "${name}" cannot be opened`, () => this.#find(name), place);
    try {
      guarded(`The segment "${name}" cannot be read`, () => this.#check(file, entry), place);
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /** Closes the file of a segment that is no longer there, if `get()` has opened it. */
  forget({ id }: Pick<SegmentEntry, "id">): void {
    this.#open.get(id)?.close();
    this.#open.delete(id);
  }

  /** Closes all that `get()` has opened, also if one of them cannot be closed; then throws that error. */
  close(): void {
    const files = [...this.#open.values()];
    this.#open.clear();
    closeAll(files);
  }

  #find(name: string): FileHandle {
    try {
      return this.#directory.open(name);
    } catch (error) {
      if (fileErrorCode(error) !== "ENOENT") throw error;
      throw corrupt("A segment of the manifest is missing", { file: name, offset: 0 }, error);
    }
  }

  #check(file: FileHandle, entry: SegmentEntry): void {
    const name = segmentName(entry.id);
    const bytes = new Uint8Array(HEADER_BYTES);
    readFully(file, bytes, { at: 0 });
    const header = decodeSegmentHeader(bytes, name);
    const isRight = header !== undefined && header.id === entry.id &&
      header.shard === entry.shard && header.salt === entry.salt && header.dbId === this.#dbId &&
      header.merged === (entry.merged ?? false) &&
      isSamePosition(header.base, entry.base);
    if (!isRight) {
      throw corrupt("The header of the segment is not the one the manifest expects", {
        file: name,
        offset: 0,
      });
    }
    const { size } = entry.sealed ?? { size: SEGMENT_HEAD_BYTES };
    const found = file.getSize();
    if (found >= size) return;
    throw corrupt(`The segment has ${found} bytes and must have ${size}`, {
      file: name,
      offset: found,
    });
  }
}
