/**
 * Putting new segments in the place of others.
 *
 * They begin and end where the others did, and hold as much of their records as somebody else
 * decides to keep. Until the manifest lists them nothing has happened.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import { closeAll, type Directory, type FileHandle } from "../files/mod.ts";
import { invariant } from "../invariant.ts";
import { failed, isNoSpace } from "./file_fault.ts";
import {
  COVERAGE_BYTES,
  encodeMergedFrame,
  type MergedFrame,
  mergedFrameBytes,
} from "./format/frame.ts";
import { HEADER_BYTES } from "./format/header.ts";
import { isSamePosition } from "./format/position.ts";
import { encodeSegmentHead, SEGMENT_HEAD_BYTES, segmentName } from "./format/segment.ts";
import type { BodyPlace, CommittedFrame, LogPosition, Merge, Merged } from "./log.ts";
import { MANIFEST_NAMES } from "./manifest/manifest_slot.ts";
import type { SegmentEntry } from "./manifest/manifest_state.ts";
import { WindowMemory } from "./segments/file_window.ts";
import type { StoredFrame } from "./segments/reader.ts";
import { emptyIfPossible, removeIfPossible, removeInSteps } from "./segments/removal.ts";
import { freeSegmentId, type SegmentSource } from "./segments/segment_creation.ts";
import type { SegmentFiles } from "./segments/segment_files.ts";
import type { IoResult, SegmentFile, SegmentIo, SegmentWrite } from "./writing/segment_io.ts";

/** What a merge is made of. */
export interface SegmentMergeParts extends SegmentSource {
  /** Files of sealed segments. */
  readonly files: SegmentFiles;
  /** Does the writes and the syncs. */
  readonly io: SegmentIo;
  /** The segments to merge, in order. */
  readonly inputs: readonly SegmentEntry[];
  /** The index of the last frame by which it is decided what is kept. Default: the last of theirs. */
  readonly until?: number | undefined;
  /** Reads the frames of a segment. */
  readonly framesOf: (entry: SegmentEntry, memory: WindowMemory) => Iterable<StoredFrame>;
  /** Has something written when its turn comes. Resolves to whether there was room. */
  readonly whenFree: (act: (done: (result: IoResult) => void) => void) => Promise<boolean>;
  /** Ends the log: nobody can know what the manifest says. */
  readonly fail: (cause: unknown) => void;
}

/** A segment that is being written, and where it goes on. */
interface Output {
  readonly entry: SegmentEntry;
  readonly target: SegmentFile;
  size: number;
  end: LogPosition;
}

/** An offset in it fits into 32 bits, with a frame to spare. */
const OUTPUT_BYTES_MAX = 1 << 30;

/** How long whoever found the disk full leaves it alone. */
const RETRY_MS = 5_000;

/** A merge of sealed segments of one log. */
export class SegmentMerge implements Merge {
  readonly base: LogPosition;
  readonly end: LogPosition;
  readonly isFirst: boolean;
  readonly #parts: SegmentMergeParts;
  /** The highest number of an opening that wrote to one of the inputs. */
  #epoch = 1;
  readonly #outputs: Output[] = [];
  /** Everything is read to the same place: memory of its own would be as much as the log. */
  #memory = new WindowMemory();
  /** Names of files that are to be removed. */
  #replaced: readonly string[] = [];
  /** Whether a slot of the manifest lists them still. */
  #areListed = false;
  #isOver = false;

  /** @param parts The inputs are sealed, follow one another, and stay until this is over. */
  constructor(parts: SegmentMergeParts) {
    const { inputs, manifest, shard } = parts;
    const last = inputs.at(-1);
    invariant(last?.sealed !== undefined, "What is merged is sealed");
    const until = parts.until ?? last.sealed.end.index;
    invariant(
      inputs.every((input) => (input.until ?? 0) <= until),
      "What was decided by a segment is merged with it",
    );
    this.#parts = parts;
    this.base = inputs[0]!.base;
    this.end = last.sealed.end;
    this.isFirst = manifest.segmentsOf(shard)[0]!.id === inputs[0]!.id;
  }

  get segmentCount(): number {
    return this.#parts.inputs.length;
  }

  get bytes(): number {
    return this.#parts.inputs.reduce((sum, { sealed }) => sum + sealed!.size, 0);
  }

  *frames(): Generator<CommittedFrame> {
    for (const entry of this.#parts.inputs) {
      for (const frame of this.#parts.framesOf(entry, this.#memory)) {
        this.#epoch = Math.max(this.#epoch, frame.epoch);
        yield frame;
        this.#checkGoesOn();
      }
    }
  }

  async write(frame: MergedFrame): Promise<BodyPlace> {
    this.#checkGoesOn();
    const length = mergedFrameBytes(frame.body.length);
    const output = await this.#outputFor(length);
    invariant(isSamePosition(frame.base, output.end), "Merged frames follow one another");
    const { entry: { id, salt }, size } = output;
    const stamp = { salt, epoch: this.#epoch };
    await this.#write(output, {
      at: size,
      length,
      fill: (bytes) => encodeMergedFrame(bytes, frame, stamp),
    });
    output.size += length;
    output.end = frame.end;
    return { segment: id, offset: size + HEADER_BYTES + COVERAGE_BYTES };
  }

  publish(): Merged {
    this.#checkGoesOn();
    const outputs = this.#outputs;
    const last = outputs.at(-1);
    invariant(
      isSamePosition(last?.end ?? this.base, this.end),
      "A merge ends where its inputs did",
    );
    // Also for the generation that follows, which is no longer.
    const hasRoom = this.#orFail(() => this.#parts.manifest.makeRoom(outputs.length));
    if (!hasRoom) throw noRoom(MANIFEST_NAMES[0]);
    this.#isOver = true;
    closeAll(outputs.map(({ target: { file } }) => file));
    this.#orFail(() => this.#list(outputs.map((output) => this.#entryOf(output))));
    const { files, inputs } = this.#parts;
    for (const input of inputs) files.forget(input);
    this.#replaced = inputs.map(({ id }) => segmentName(id));
    this.#areListed = true;
    const bytes = outputs.reduce((sum, { size }) => sum + size, 0);
    return { segmentCount: outputs.length, bytes };
  }

  *removeReplaced(): Generator<void> {
    // Not in the turn in which they were replaced: it waits for the disk once as it is.
    yield;
    if (this.#replaced.length === 0) return;
    this.#unlist();
    yield;
    for (let [name] = this.#replaced; name !== undefined; [name] = this.#replaced) {
      yield* removeInSteps(this.#parts.directory, name, SEGMENT_HEAD_BYTES);
      this.#replaced = this.#replaced.slice(1);
      yield;
    }
  }

  /** @param leaves Whether its files stay, since nobody can know whether the manifest lists them. */
  abandon({ leaves = false }: { readonly leaves?: boolean } = {}): void {
    const useless = this.#isOver
      ? this.#replaced
      : this.#outputs.map(({ target: { name } }) => name);
    const files = this.#isOver ? [] : this.#outputs.map(({ target: { file } }) => file);
    if (!leaves) { for (const file of files) emptyIfPossible(file, SEGMENT_HEAD_BYTES); }
    this.#isOver = true;
    this.#replaced = [];
    // The log knows its last merge for as long as there is no other.
    this.#memory = new WindowMemory();
    // What a slot lists stays, and says itself what it belongs to: the next opening finds it.
    const names = leaves || this.#areListed ? [] : useless;
    try {
      closeAll(files);
    } finally {
      for (const name of names) removeIfPossible(this.#parts.directory, name);
    }
  }

  #entryOf({ entry, end, size }: Output): SegmentEntry {
    const { until = 0 } = this.#parts;
    return { ...entry, ...until > end.index ? { until } : {}, sealed: { end, size } };
  }

  /** Lists new segments in the place of the inputs. */
  #list(entries: readonly SegmentEntry[]): void {
    const { manifest, inputs } = this.#parts;
    const { state } = manifest;
    const replaced = new Set(inputs.map(({ id }) => id));
    manifest.publish({
      segments: state.segments.flatMap((segment) =>
        segment.id === inputs[0]!.id ? entries : replaced.has(segment.id) ? [] : [segment]
      ),
    });
  }

  /**
   * With one more generation no slot refers to what was replaced, and it can go. Should a loss of power
   * bring it back, opening knows it by its place.
   */
  #unlist(): void {
    this.#orFail(() => this.#parts.manifest.publish({}));
    this.#areListed = false;
  }

  /** Does something to the manifest. If that fails, nobody can know what it says. */
  #orFail<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      this.#parts.fail(error);
      throw error;
    }
  }

  /** The segment that has room for a frame. */
  async #outputFor(bytes: number): Promise<Output> {
    const last = this.#outputs.at(-1);
    if (last !== undefined && last.size + bytes <= OUTPUT_BYTES_MAX) return last;
    return await this.#begin(last?.end ?? this.base);
  }

  /** Makes the file of a new segment. */
  async #begin(base: LogPosition): Promise<Output> {
    const { directory, manifest, shard, random, io, whenFree } = this.#parts;
    manifest.prove();
    const id = freeSegmentId(this.#parts);
    const entry = { id, shard, salt: random.u32(), base, merged: true as const };
    const name = segmentName(id);
    const target = { name, file: createFile(directory, name) };
    const output = { entry, target, size: SEGMENT_HEAD_BYTES, end: base };
    // Known from here on, so that whatever goes wrong leaves no file open.
    this.#outputs.push(output);
    if (!await whenFree((done) => io.reserve(target, done))) throw noRoom(name);
    const head = encodeSegmentHead({ ...entry, dbId: manifest.state.dbId });
    await this.#write(output, { at: 0, length: head.length, fill: (bytes) => bytes.set(head) });
    return output;
  }

  async #write({ target }: Output, write: SegmentWrite): Promise<void> {
    this.#checkGoesOn();
    const { io, whenFree } = this.#parts;
    if (!await whenFree((done) => io.write(target, write, done))) throw noRoom(target.name);
    this.#checkGoesOn();
  }

  #checkGoesOn(): void {
    if (this.#isOver) throw new FlowError("store_closed", "The merge has ended");
  }
}

function createFile(directory: Directory, name: string): FileHandle {
  try {
    return directory.open(name, { create: true });
  } catch (error) {
    throw isNoSpace(error) ? noRoom(name) : failed(`"${name}" cannot be created`, error);
  }
}

function noRoom(file: string): FlowError {
  return new FlowError(
    "overloaded",
    `The disk is full: a merge finds no room for "${file}"`,
    { details: { reason: "disk_full", retryAfterMs: RETRY_MS, file } },
  );
}
