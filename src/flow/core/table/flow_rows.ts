/**
 * Flows as rows of numbers.
 *
 * @module
 */
import type { StreamReader } from "../../../codec/mod.ts";
import { invariant } from "../../../invariant.ts";
import type { Priority } from "../../mod.ts";
import { NO_GROUPS } from "../families/group.ts";
import type { Control, Flow, Identity } from "../flow.ts";
import type { FlowKey } from "../flow_key.ts";
import { Lease } from "../lease.ts";
import { NO_VALUES } from "../values/named_values.ts";
import type { Dictionary } from "./dictionary.ts";
import { NamePool } from "./name_pool.ts";

/** Rows of one piece, as a power of two. */
const PIECE_BITS = 9;
const PIECE_ROWS = 1 << PIECE_BITS;

/** What a row holds in eight bytes each. */
const LSN = 0;
const BODY_LSN = 1;
const VERSION = 2;
const FENCING_TOKEN = 3;
const UPDATED_AT = 4;
const NEXT_RUN_AT = 5;
const RETENTION_TTL = 6;
const RETENTION_UNTIL = 7;
const PAYLOAD_LSN = 8;
const RESULT_LSN = 9;
const ERROR_LSN = 10;
const VALUES_LSN = 11;
const DOUBLES = 12;

/** What it holds in four bytes each, behind that. */
const KEY_HI = 0;
const KEY_LO = 1;
const STATE = 2;
const ATTEMPTS = 3;
const ATTEMPTS_TOTAL = 4;
const RECLAIMS = 5;
const SECRET_HI = 6;
const SECRET_LO = 7;
const VALUE_COUNT = 8;
const OWNER = 9;
const IDENTITY = 10;
const FLAGS = 11;
const WORDS = 12;

const ROW_DOUBLES = DOUBLES + WORDS / 2;
const ROW_WORDS = 2 * ROW_DOUBLES;

/** Flags: the priority, and what there is. */
const PRIORITY_MASK = 3;
const IS_TAKEN = 4;
const HAS_NEXT_RUN = 8;
const HAS_LEASE = 16;
const HAS_RETENTION_UNTIL = 32;
const HAS_REST = 64;

/** Some rows: the same bytes as numbers of both sizes. */
interface Piece {
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Bytes of a row. */
const ROW_BYTES: number = ROW_DOUBLES * 8;

/** What few flows have, and what is no number. */
type Rest = Pick<Flow, "values" | "groups"> & Pick<Control, "rewoundTo">;

const NO_REST: Rest = { values: NO_VALUES, groups: NO_GROUPS, rewoundTo: null };

/** What belongs to a row and does not stand in it. */
export interface Beside {
  /** Who holds the lease; null: nobody. */
  readonly owner: string | null;
  /** Null: what hardly any flow has. */
  readonly rest: Rest | null;
}

/**
 * Rows of 144 bytes in arrays that never move. A row is one place in memory, not twenty-four: with
 * millions of flows, what costs is the way to memory.
 */
export class FlowRows {
  readonly #dictionary: Dictionary;
  readonly #pieces: Piece[] = [];
  readonly #owners = new NamePool();
  readonly #rests = new Map<number, Rest>();
  #count = 0;
  /** The free row that is taken next, plus 1; it names the one after it. */
  #free = 0;

  /**
   * No rows.
   *
   * @param dictionary The names of states.
   */
  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  /** One more than the highest handle that there ever was. */
  get end(): number {
    return this.#count;
  }

  /** Takes a row for a flow whose identity is in a block. Returns its handle. */
  add(flow: Flow, block: number): number {
    const handle = this.#take();
    const { words } = this.#pieceOf(handle);
    const at = wordsAt(handle);
    words[at + IDENTITY] = block;
    words[at + OWNER] = 0;
    words[at + FLAGS] = IS_TAKEN;
    this.write(handle, flow);
    return handle;
  }

  /** Whether a row is taken. */
  has(handle: number): boolean {
    return handle < this.#count && (this.#flagsOf(handle) & IS_TAKEN) !== 0;
  }

  /** Whether a flow has a key. */
  isAt(handle: number, { hi, lo }: FlowKey): boolean {
    const { words } = this.#pieceOf(handle);
    const at = wordsAt(handle);
    return words[at + KEY_LO] === lo && words[at + KEY_HI] === hi;
  }

  /** The block of a flow's identity. */
  identityOf(handle: number): number {
    return this.#pieceOf(handle).words[wordsAt(handle) + IDENTITY]!;
  }

  /** Lets the identity of a flow be in another block. */
  setIdentity(handle: number, block: number): void {
    this.#pieceOf(handle).words[wordsAt(handle) + IDENTITY] = block;
  }

  /** The LSN of the record that holds the identity of a flow. */
  bodyLsnOf(handle: number): number {
    return this.#pieceOf(handle).doubles[rowAt(handle) + BODY_LSN]!;
  }

  /** Replaces what a row holds. */
  write(handle: number, { key, bodyLsn, control, lsn, values, groups }: Flow): void {
    const { doubles, words } = this.#pieceOf(handle);
    const row = rowAt(handle);
    doubles[row + LSN] = lsn;
    doubles[row + BODY_LSN] = bodyLsn;
    doubles[row + VERSION] = control.version;
    doubles[row + FENCING_TOKEN] = control.fencingToken;
    doubles[row + UPDATED_AT] = control.updatedAtMs;
    doubles[row + NEXT_RUN_AT] = control.nextRunAtMs ?? 0;
    doubles[row + RETENTION_TTL] = control.retentionTtlMs;
    doubles[row + RETENTION_UNTIL] = control.retentionUntilMs ?? 0;
    doubles[row + PAYLOAD_LSN] = control.payloadLsn;
    doubles[row + RESULT_LSN] = control.resultLsn;
    doubles[row + ERROR_LSN] = control.errorLsn;
    doubles[row + VALUES_LSN] = control.valuesLsn;
    const at = wordsAt(handle);
    const { lease } = control;
    words[at + KEY_HI] = key.hi;
    words[at + KEY_LO] = key.lo;
    words[at + STATE] = this.#numberOf(control.state);
    words[at + ATTEMPTS] = control.attempts;
    words[at + ATTEMPTS_TOTAL] = control.attemptsTotal;
    words[at + RECLAIMS] = control.reclaims;
    words[at + SECRET_HI] = lease === null ? 0 : lease.secret.hi;
    words[at + SECRET_LO] = lease === null ? 0 : lease.secret.lo;
    words[at + VALUE_COUNT] = control.valueCount;
    const owner = lease === null ? 0 : this.#owners.take(lease.owner);
    this.#owners.give(words[at + OWNER]!);
    words[at + OWNER] = owner;
    const { rewoundTo } = control;
    const hasRest = values.length > 0 || groups.length > 0 || rewoundTo !== null;
    if (hasRest) this.#rests.set(handle, { values, groups, rewoundTo });
    else if (words[at + FLAGS]! & HAS_REST) this.#rests.delete(handle);
    words[at + FLAGS] = IS_TAKEN | control.priority |
      (control.nextRunAtMs === null ? 0 : HAS_NEXT_RUN) |
      (lease === null ? 0 : HAS_LEASE) |
      (control.retentionUntilMs === null ? 0 : HAS_RETENTION_UNTIL) |
      (hasRest ? HAS_REST : 0);
  }

  /** The flow that has a row and this identity. */
  read(handle: number, identity: Identity): Flow {
    const { doubles } = this.#pieceOf(handle);
    const row = rowAt(handle);
    const { values, groups } = this.#restOf(handle);
    return {
      key: this.keyOf(handle),
      identity,
      bodyLsn: doubles[row + BODY_LSN]!,
      control: this.controlOf(handle),
      lsn: doubles[row + LSN]!,
      values,
      groups,
    };
  }

  /** What commands change of a flow. */
  controlOf(handle: number): Control {
    const { doubles, words } = this.#pieceOf(handle);
    const row = rowAt(handle);
    const at = wordsAt(handle);
    const flags = words[at + FLAGS]!;
    if ((flags & IS_TAKEN) === 0) invariant(false, `no flow has the handle ${handle}`);
    return {
      version: doubles[row + VERSION]!,
      state: this.#dictionary.nameOf(words[at + STATE]!)!,
      priority: (flags & PRIORITY_MASK) as Priority,
      lease: flags & HAS_LEASE
        ? new Lease(
          this.#owners.nameOf(words[at + OWNER]!),
          { hi: words[at + SECRET_HI]!, lo: words[at + SECRET_LO]! },
        )
        : null,
      attempts: words[at + ATTEMPTS]!,
      attemptsTotal: words[at + ATTEMPTS_TOTAL]!,
      reclaims: words[at + RECLAIMS]!,
      fencingToken: doubles[row + FENCING_TOKEN]!,
      updatedAtMs: doubles[row + UPDATED_AT]!,
      nextRunAtMs: flags & HAS_NEXT_RUN ? doubles[row + NEXT_RUN_AT]! : null,
      retentionTtlMs: doubles[row + RETENTION_TTL]!,
      retentionUntilMs: flags & HAS_RETENTION_UNTIL ? doubles[row + RETENTION_UNTIL]! : null,
      rewoundTo: this.#restOf(handle).rewoundTo,
      valueCount: words[at + VALUE_COUNT]!,
      payloadLsn: doubles[row + PAYLOAD_LSN]!,
      resultLsn: doubles[row + RESULT_LSN]!,
      errorLsn: doubles[row + ERROR_LSN]!,
      valuesLsn: doubles[row + VALUES_LSN]!,
    };
  }

  /** When a flow last changed. */
  updatedMsOf(handle: number): number {
    return this.#pieceOf(handle).doubles[rowAt(handle) + UPDATED_AT]!;
  }

  /** When something happens to a flow by itself; null: never. */
  wakeMsOf(handle: number): number | null {
    const { doubles } = this.#pieceOf(handle);
    const flags = this.#flagsOf(handle);
    if (flags & HAS_NEXT_RUN) return doubles[rowAt(handle) + NEXT_RUN_AT]!;
    return flags & HAS_RETENTION_UNTIL ? doubles[rowAt(handle) + RETENTION_UNTIL]! : null;
  }

  /** Whether a flow has spawned children. */
  hasGroups(handle: number): boolean {
    return this.#restOf(handle).groups.length > 0;
  }

  /** The bytes of a row, as a view, and what does not stand in it; null: nothing. */
  save(handle: number): { readonly row: Uint8Array; readonly beside: Beside | null } {
    const { words, bytes } = this.#pieceOf(handle);
    const at = wordsAt(handle);
    const flags = words[at + FLAGS]!;
    const owner = flags & HAS_LEASE ? this.#owners.nameOf(words[at + OWNER]!) : null;
    const rest = flags & HAS_REST ? this.#rests.get(handle)! : null;
    const start = rowAt(handle) * 8;
    return {
      row: bytes.subarray(start, start + ROW_BYTES),
      beside: owner === null && rest === null ? null : { owner, rest },
    };
  }

  /** Makes rows under all handles below one, those that are new free. */
  reserve(end: number): void {
    this.#count = Math.max(this.#count, end);
    while (this.#pieces.length * PIECE_ROWS < end) this.#grow(this.#pieces.length * PIECE_ROWS);
  }

  /** Takes the bytes of a row that was saved, under a handle that is free or new. */
  load(handle: number, stream: StreamReader): void {
    this.reserve(handle + 1);
    stream.into(this.#pieceOf(handle).bytes, rowAt(handle) * 8, ROW_BYTES);
  }

  /** Completes a row that was loaded with the block of its identity, and what was saved beside it. */
  complete(handle: number, block: number, beside: Beside | null): void {
    const { words } = this.#pieceOf(handle);
    const at = wordsAt(handle);
    const { owner = null, rest = null } = beside ?? {};
    words[at + IDENTITY] = block;
    words[at + OWNER] = owner === null ? 0 : this.#owners.take(owner);
    if (rest !== null) this.#rests.set(handle, rest);
  }

  /** What is free after rows were loaded is taken again, the lowest first. */
  freeRest(): void {
    for (let handle = this.#count - 1; handle >= 0; handle--) {
      if (!this.has(handle)) this.#giveBack(handle);
    }
  }

  /** The key of a flow. */
  keyOf(handle: number): FlowKey {
    const { words } = this.#pieceOf(handle);
    const at = wordsAt(handle);
    return { hi: words[at + KEY_HI]!, lo: words[at + KEY_LO]! };
  }

  /** The LSN of the control block of a flow. */
  lsnOf(handle: number): number {
    return this.#pieceOf(handle).doubles[rowAt(handle) + LSN]!;
  }

  /** The LSN of the newest record of a flow. */
  changedAt(handle: number): number {
    const { doubles } = this.#pieceOf(handle);
    const row = rowAt(handle);
    // A new body comes before the control block of its command.
    return Math.max(doubles[row + LSN]!, doubles[row + BODY_LSN]!);
  }

  /** Gives a row back. */
  delete(handle: number): void {
    const { words } = this.#pieceOf(handle);
    const at = wordsAt(handle);
    this.#owners.give(words[at + OWNER]!);
    if (words[at + FLAGS]! & HAS_REST) this.#rests.delete(handle);
    words[at + FLAGS] = 0;
    this.#giveBack(handle);
  }

  #giveBack(handle: number): void {
    this.#pieceOf(handle).words[wordsAt(handle) + KEY_LO] = this.#free;
    this.#free = handle + 1;
  }

  #take(): number {
    if (this.#free === 0) return this.#count++;
    const handle = this.#free - 1;
    this.#free = this.#pieceOf(handle).words[wordsAt(handle) + KEY_LO]!;
    return handle;
  }

  #restOf(handle: number): Rest {
    return this.#flagsOf(handle) & HAS_REST ? this.#rests.get(handle)! : NO_REST;
  }

  #flagsOf(handle: number): number {
    return this.#pieceOf(handle).words[wordsAt(handle) + FLAGS]!;
  }

  #numberOf(state: string): number {
    const number = this.#dictionary.idOf(state);
    if (number === undefined) invariant(false, `the state "${state}" has no number`);
    return number;
  }

  #pieceOf(handle: number): Piece {
    return this.#pieces[handle >>> PIECE_BITS] ?? this.#grow(handle);
  }

  #grow(handle: number): Piece {
    if (handle >= this.#count) invariant(false, `no flow has the handle ${handle}`);
    const doubles = new Float64Array(PIECE_ROWS * ROW_DOUBLES);
    const { buffer } = doubles;
    const piece = { doubles, words: new Uint32Array(buffer), bytes: new Uint8Array(buffer) };
    this.#pieces.push(piece);
    return piece;
  }
}

/** Where a row begins among the numbers of eight bytes. */
function rowAt(handle: number): number {
  return (handle & (PIECE_ROWS - 1)) * ROW_DOUBLES;
}

/** Where those of four bytes begin. */
function wordsAt(handle: number): number {
  return (handle & (PIECE_ROWS - 1)) * ROW_WORDS + 2 * DOUBLES;
}
