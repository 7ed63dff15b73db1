/**
 * The manifest: the only authority on which segments a store has.
 *
 * @module
 */

import { FlowError } from "../../errors.ts";
import { type Directory, withFile, writeDurably, writeFully } from "../../files/mod.ts";
import type { Random } from "../../time/mod.ts";
import { BACKUP_NAME } from "../backup/backup_list.ts";
import { corrupt, failed, guarded, isNoSpace, refusalIn } from "../file_fault.ts";
import { dbIdOf, segmentIdOf, storeOfSegment } from "../format/segment.ts";
import {
  encodeSlot,
  type Generation,
  MANIFEST_NAMES,
  readSlot,
  slotBytesFor,
  slotName,
} from "./manifest_slot.ts";
import { type ManifestState, type SegmentEntry, shardCountOf, slotsOf } from "./manifest_state.ts";

/** What a manifest needs to be opened. */
export interface ManifestOptions {
  /** Where the store is. The caller holds its lock. */
  readonly directory: Directory;
  /** For the id of a store that is created. */
  readonly random: Random;
  /** How many shards a store that is created gets. Default 1. */
  readonly shards?: number | undefined;
}

/** What was found of a slot of the manifest when it was opened. */
export interface FoundSlot {
  /** Name of its file. */
  readonly file: string;
  /** The number of its generation; null if the file is not there, or none of it is whole. */
  readonly generation: number | null;
}

/**
 * The manifest of an open store. Opening one that exists only reads; `prove()` makes sure of what
 * was read, and comes before anything is written.
 */
export class Manifest {
  /** The segments of those shards that somebody has asked for. */
  #divided:
    | { readonly state: ManifestState; readonly byShard: (readonly SegmentEntry[])[] }
    | undefined;
  readonly #directory: Directory;
  #current: Generation;
  /** Whether the current generation is known to be durable, and not only in the page cache. */
  #isProved: boolean;
  #failure: Error | undefined;
  /** What was found when it was opened; nothing of one that was created. */
  readonly found: readonly FoundSlot[];

  private constructor(
    directory: Directory,
    current: Generation,
    { isProved, found = [] }: {
      readonly isProved: boolean;
      readonly found?: readonly FoundSlot[];
    },
  ) {
    this.#directory = directory;
    this.#current = current;
    this.#isProved = isProved;
    this.found = found;
  }

  /**
   * Reads the manifest of a store, or creates one in a directory that has none.
   *
   * @throws {FlowError} `corrupt` if both slots are damaged and there are segments; `newer_format`
   * if a newer version has written it; `store_failed` if the files cannot be read or written.
   */
  static open({ directory, random, shards = 1 }: ManifestOptions): Manifest {
    return guarded(`The manifest in "${directory.path}" cannot be opened`, () => {
      const slots = MANIFEST_NAMES.map((name) => readSlot(directory, name));
      const newest = slots.reduce((one, two) =>
        (one?.number ?? 0) > (two?.number ?? 0) ? one : two
      );
      checkAreOfOneStore(directory, slots);
      if (newest !== undefined) {
        const found = MANIFEST_NAMES.map((file, index) => (
          { file, generation: slots[index]?.number ?? null }
        ));
        return new Manifest(directory, newest, { isProved: false, found });
      }
      checkUnborn(directory);
      return new Manifest(directory, create({ directory, random, shards }), { isProved: true });
    });
  }

  /** Makes the first generation of a store whose segments are there already. Throws what files throw. */
  static create(directory: Directory, state: ManifestState): void {
    begin(directory, state);
  }

  /** What the current generation says. */
  get state(): ManifestState {
    return this.#current.state;
  }

  /** How many shards the store has. */
  get shardCount(): number {
    return shardCountOf(this.state);
  }

  /** Number of the current generation. */
  get generation(): number {
    return this.#current.number;
  }

  /** The segments of a shard, in order; the last one is open. The same list until there is another state. */
  segmentsOf(shard: number): readonly SegmentEntry[] {
    const { state } = this;
    if (this.#divided?.state !== state) this.#divided = { state, byShard: [] };
    return this.#divided.byShard[shard] ??= state.segments.filter((entry) => entry.shard === shard);
  }

  /**
   * Makes both slots long enough for so many more segments, and for every shard to go on in one more:
   * generations that list no others need no room on the disk then, whoever fills it meanwhile, and
   * however many there are. Returns false if there is no room now; they say what they said then.
   *
   * @throws {FlowError} `store_failed` if they cannot be written.
   */
  makeRoom(segments: number): boolean {
    // Somebody may have deleted a slot.
    if (missingSlots(this.#directory).length > 0) this.#isProved = false;
    this.prove();
    return this.#attempt(() => {
      const bytes = slotBytesFor(this.#current, segments + this.shardCount);
      const short = [this.generation + 1, this.generation].map(slotName)
        .filter((name) => withFile(this.#directory, name, (file) => file.getSize()) < bytes);
      // Mostly none, and then nobody need read what they say.
      if (short.length > 0) this.#checkIsOnly();
      return short.every((name) => lengthen(this.#directory, name, bytes));
    });
  }

  /**
   * Writes the next generation and makes it durable. After a failure nobody can know which one is
   * valid, and this object takes no further one. The id of a segment that it lists is taken for good.
   *
   * @throws {FlowError} `store_failed` if it cannot be written.
   */
  publish(change: Partial<ManifestState>): void {
    this.prove();
    this.#attempt(() => {
      this.#checkIsOnly();
      const state = { ...this.state, ...change };
      const nextSegment = Math.max(state.nextSegment, ...state.segments.map(({ id }) => id + 1));
      const next = { number: this.generation + 1, state: { ...state, nextSegment } };
      writeSlot(this.#directory, next);
      this.#current = next;
    });
  }

  /**
   * Makes sure that the current generation is on the disk. It may have been read from the page
   * cache after a sync that failed, and must stay when the other slot is overwritten, or when a
   * file is made that only makes sense with it.
   *
   * @throws {FlowError} `store_failed` if it cannot be written.
   */
  prove(): void {
    this.#attempt(() => {
      if (this.#isProved) return;
      const missing = missingSlots(this.#directory);
      for (const name of missing) this.#directory.open(name, { create: true }).close();
      writeSlot(this.#directory, this.#current);
      if (missing.length > 0) this.#directory.sync();
      this.#isProved = true;
    });
  }

  /**
   * Why this is not the only writer, or is one of files that nobody will find again; undefined if it
   * is not so. The second line behind the directory's lock: two writers would overwrite each other,
   * and a directory that was moved or removed keeps nothing of what goes on.
   *
   * @throws {FlowError} `newer_format` if a newer version has written a generation.
   */
  findOther(): FlowError | undefined {
    const { generation, state: { dbId } } = this;
    const [own, next] = [generation, generation + 1]
      .map((number) => readSlot(this.#directory, slotName(number)));
    const { path } = this.#directory;
    for (const slot of [own, next]) {
      if (slot === undefined || slot.state.dbId === dbId) continue;
      return storeFailed(`"${path}" holds another store by now: it was moved, or made anew`);
    }
    if (next !== undefined && next.number >= generation) {
      return storeFailed(`Another process has written generation ${next.number}`);
    }
    if (own !== undefined && own.number !== generation) {
      const is = `is at generation ${own.number} by now, and not at ${generation}`;
      return storeFailed(`"${slotName(generation)}" ${is}: another file was put in its place`);
    }
    if (own !== undefined || next !== undefined) return undefined;
    return storeFailed(`"${path}" has no manifest any more: it was moved or removed`);
  }

  #checkIsOnly(): void {
    const other = this.findOther();
    if (other !== undefined) throw other;
  }

  #attempt<T>(act: () => T): T {
    if (this.#failure !== undefined) throw failed("The manifest has failed", this.#failure);
    try {
      return act();
    } catch (error) {
      const failure = failed("The manifest cannot be written", error);
      // Files are opened before they are written to, so it says what it said.
      if (refusalIn(error) === undefined) this.#failure = failure;
      throw failure;
    }
  }
}

function storeFailed(message: string): FlowError {
  return new FlowError("store_failed", message);
}

/**
 * Throws if the slots are of two stores: somebody has copied one of them. What the segments say tells
 * which one does not belong here.
 */
function checkAreOfOneStore(
  directory: Directory,
  slots: readonly (Generation | undefined)[],
): void {
  const [one, other] = slots.map((slot) => slot?.state.dbId);
  if (one === undefined || other === undefined || one === other) return;
  const ids = directory.list().filter((name) => segmentIdOf(name) !== undefined)
    .map((name) => storeOfSegment(directory, name));
  const strange = ids.includes(one) === ids.includes(other) ? undefined : ids.includes(one) ? 1 : 0;
  const [file, right] = strange === 0 ? MANIFEST_NAMES : MANIFEST_NAMES.toReversed();
  const what = strange === undefined
    ? `"${file}" and "${right}" are of two stores. Move the one away that does not belong here`
    : `"${file}" is of another store than "${right}" and the segments. Move it away and open it again`;
  throw corrupt(what, { file: file!, offset: 0 });
}

/** Throws unless a directory without a valid manifest has never had one that mattered. */
function checkUnborn(directory: Directory): void {
  const names = directory.list();
  const segment = names.find((name) => segmentIdOf(name) !== undefined);
  if (names.includes(BACKUP_NAME)) {
    throw new FlowError(
      "invalid_argument",
      `The directory "${directory.path}" holds a backup: make a store of it by restoreStore()`,
      { details: { field: "dir", value: directory.path } },
    );
  }
  if (segment === undefined) return;
  const isThere = MANIFEST_NAMES.some((name) => names.includes(name));
  const why = isThere
    ? `Both slots of the manifest are damaged and the segment "${segment}" exists`
    : `There is no manifest beside the segment "${segment}": somebody has removed it, or a backup or ` +
      "a restore was cut short here and is to be deleted";
  throw corrupt(why, {
    file: MANIFEST_NAMES[0],
    offset: 0,
  });
}

/** A store without segments. */
function create(
  { directory, random, shards }: ManifestOptions & { readonly shards: number },
): Generation {
  const dbId = dbIdOf(random.u32(), random.u32());
  return begin(directory, {
    dbId,
    hashId: dbId,
    fencingFloor: 0,
    origins: [],
    epoch: 0,
    slots: slotsOf(shards),
    nextSegment: 1,
    segments: [],
    quarantine: [],
  });
}

/**
 * Makes both slots, their names durable first. Slots of a creation that was cut short are made anew:
 * nobody knows whether their names are durable.
 */
function begin(directory: Directory, state: ManifestState): Generation {
  const names = directory.list();
  for (const name of MANIFEST_NAMES) {
    if (names.includes(name)) directory.remove(name);
    directory.open(name, { create: true }).close();
  }
  directory.sync();
  const first: Generation = { number: 1, state };
  writeSlot(directory, first);
  return first;
}

function writeSlot(directory: Directory, generation: Generation): void {
  writeDurably(directory, slotName(generation.number), encodeSlot(generation));
}

/** The names of slots that are not there. */
function missingSlots(directory: Directory): readonly string[] {
  const names = directory.list();
  return MANIFEST_NAMES.filter((name) => !names.includes(name));
}

/**
 * Puts zeros behind what a slot says until it has so many bytes, and makes that durable: the room is
 * taken then. Returns false if there is none: it is as long as it was.
 */
function lengthen(directory: Directory, name: string, bytes: number): boolean {
  return withFile(directory, name, (file) => {
    const size = file.getSize();
    try {
      writeFully(file, new Uint8Array(bytes - size), { at: size });
      file.flush();
      return true;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
    }
    // It must not be taken for long enough the next time.
    if (file.getSize() > size) {
      file.truncate(size);
      file.flush();
    }
    return false;
  });
}
