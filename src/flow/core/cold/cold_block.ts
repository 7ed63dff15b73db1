/**
 * Some cold flows, in numbers.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../../../codec/mod.ts";
import { type FlowKey, hashOfKey } from "../flow_key.ts";

/** Seats of one block, as a power of two. */
export const BLOCK_BITS = 10;
const SEAT_COUNT = 1 << BLOCK_BITS;

/** What a row holds, in four bytes each. */
const KEY_HI = 0;
const KEY_LO = 1;
const ID_HASH = 2;
/** The LSN of the control block, less the one that the block begins with. */
const LSN = 3;
/** How far before that the body stands; 0: nobody has the seat any more. */
const BODY_DISTANCE = 4;
/** The second in which the flow has to be brought back; 0: nothing will happen to it by itself. */
const WAKE_SECOND = 5;
const ROW_WORDS = 6;

/** Beside a row: some bits of a hash of the partition, and what has become of the flow. */
const PARTITION_MASK = 0x3fff;
const IS_WARM = 0x4000;
const IS_AWAKE = 0x8000;

const UINT32_MAX = 0xffff_ffff;
const SECOND_MS = 1_000;

/** In the place of a second: there is none. */
const NEVER = Infinity;

/** All that memory knows of a cold flow. */
export interface Brief {
  /** Its key. */
  readonly key: FlowKey;
  /** 32 bits of a hash of its id. */
  readonly idHash: number;
  /** 32 bits of a hash of its partition, of which some are kept. */
  readonly partitionHash: number;
  /** The LSN of its control block. */
  readonly lsn: number;
  /** The LSN of its body. */
  readonly bodyLsn: number;
  /** When something happens to it by itself: it is due, or its retention is over. Null: never. */
  readonly wakeMs: number | null;
}

/** Bytes of a seat. */
export const SEAT_BYTES: number = 4 * ROW_WORDS + 2;

/** Whether a body is near enough to its control block to be found from a seat. */
export function isNear({ lsn, bodyLsn }: Pick<Brief, "lsn" | "bodyLsn">): boolean {
  return lsn > bodyLsn && lsn - bodyLsn <= UINT32_MAX;
}

/**
 * Seats for flows of one type in one state, in the order of their last change. A flow that has left
 * leaves a hole.
 */
export class ColdBlock {
  /** Its number; seats are numbered after it. */
  readonly number: number;
  #baseLsn: number;
  readonly #rows = new Uint32Array(SEAT_COUNT * ROW_WORDS);
  readonly #tags = new Uint16Array(SEAT_COUNT);
  /** Places below this one are still to be written to a checkpoint that is under way. */
  unsavedEnd = 0;
  /** Goes up whenever somebody comes, leaves, or is brought back. */
  version = 0;
  #end = 0;
  #size = 0;
  #warmCount = 0;
  #wakeSecond = NEVER;

  /**
   * @param number Its number.
   * @param baseLsn The LSN of the first flow that it is for.
   */
  constructor(number: number, baseLsn: number) {
    this.number = number;
    this.#baseLsn = baseLsn;
  }

  /** Seats that are taken. */
  get size(): number {
    return this.#size;
  }

  /** One more than the last place that there was ever a flow in. */
  get end(): number {
    return this.#end;
  }

  /** Flows that are in the table as well. */
  get warmCount(): number {
    return this.#warmCount;
  }

  /** The first second in which one of them has to be brought back, `Infinity` if none has. */
  get wakeSecond(): number {
    return this.#wakeSecond;
  }

  /** Whether there is room for a flow that has changed after all others. */
  takes(lsn: number): boolean {
    return this.#end < SEAT_COUNT && lsn - this.#baseLsn <= UINT32_MAX;
  }

  /** Adds a flow that it takes. Returns its place. */
  add({ key, idHash, partitionHash, lsn, bodyLsn, wakeMs }: Brief): number {
    this.version++;
    const place = this.#end++;
    const rows = this.#rows;
    const at = place * ROW_WORDS;
    rows[at + KEY_HI] = key.hi;
    rows[at + KEY_LO] = key.lo;
    rows[at + ID_HASH] = idHash;
    rows[at + LSN] = lsn - this.#baseLsn;
    rows[at + BODY_DISTANCE] = lsn - bodyLsn;
    this.#tags[place] = partitionHash & PARTITION_MASK;
    this.#size++;
    if (wakeMs !== null) {
      const second = secondOf(wakeMs);
      rows[at + WAKE_SECOND] = second;
      this.#wakeSecond = Math.min(this.#wakeSecond, second);
    }
    return place;
  }

  /** Whether there is a flow in a place. */
  has(place: number): boolean {
    return this.#rows[place * ROW_WORDS + BODY_DISTANCE] !== 0;
  }

  /** Removes the flow in a place. */
  remove(place: number): void {
    this.version++;
    if (this.isWarm(place)) this.#warmCount--;
    this.#rows[place * ROW_WORDS + BODY_DISTANCE] = 0;
    this.#rows[place * ROW_WORDS + WAKE_SECOND] = 0;
    this.#size--;
  }

  /** All flows have left. Whoever is on his way through it finds nobody any more. */
  empty(): void {
    this.version++;
    this.#rows.fill(0);
    this.#tags.fill(0);
    this.#size = this.#warmCount = 0;
    this.#wakeSecond = NEVER;
  }

  /** Whether a flow has a key. */
  isAt(place: number, { hi, lo }: FlowKey): boolean {
    const at = place * ROW_WORDS;
    return this.#rows[at + KEY_LO] === lo && this.#rows[at + KEY_HI] === hi;
  }

  /** The key of a flow. */
  keyOf(place: number): FlowKey {
    const at = place * ROW_WORDS;
    return { hi: this.#rows[at + KEY_HI]!, lo: this.#rows[at + KEY_LO]! };
  }

  /** What flows are found by whose key is known. */
  keyHashOf(place: number): number {
    return hashOfKey(this.keyOf(place));
  }

  /** What flows are found by whose id is known. */
  idHashOf(place: number): number {
    return this.#rows[place * ROW_WORDS + ID_HASH]!;
  }

  /** Whether the partition of a flow may have a hash. */
  mayBeIn(place: number, partitionHash: number): boolean {
    return ((this.#tags[place]! ^ partitionHash) & PARTITION_MASK) === 0;
  }

  /** The LSN of the control block of a flow. */
  lsnOf(place: number): number {
    return this.#baseLsn + this.#rows[place * ROW_WORDS + LSN]!;
  }

  /** The LSN of the body of a flow. */
  bodyLsnOf(place: number): number {
    return this.lsnOf(place) - this.#rows[place * ROW_WORDS + BODY_DISTANCE]!;
  }

  /** Whether a flow will be due, or its retention be over, and is not in the indexes that say so. */
  isAsleep(place: number): boolean {
    return this.#rows[place * ROW_WORDS + WAKE_SECOND] !== 0 && !this.isAwake(place);
  }

  /** Whether a flow is in the table as well. */
  isWarm(place: number): boolean {
    return (this.#tags[place]! & IS_WARM) !== 0;
  }

  /** Notes whether a flow is in the table as well. */
  setWarm(place: number, isWarm: boolean): void {
    if (this.isWarm(place) === isWarm) return;
    this.#tags[place]! ^= IS_WARM;
    this.#warmCount += isWarm ? 1 : -1;
  }

  /** Whether a flow has been brought back since its time is near. */
  isAwake(place: number): boolean {
    return (this.#tags[place]! & IS_AWAKE) !== 0;
  }

  /** Notes that a flow has been brought back since its time is near. */
  setAwake(place: number): void {
    this.version++;
    this.#tags[place]! |= IS_AWAKE;
  }

  /** The places of flows that have to be brought back in a second or before it. */
  wakesUntil(second: number): number[] {
    const places: number[] = [];
    for (let place = 0; place < this.#end; place++) {
      if (this.isAsleep(place) && this.#rows[place * ROW_WORDS + WAKE_SECOND]! <= second) {
        places.push(place);
      }
    }
    return places;
  }

  /** Looks which second is the first one now, without those in places that others look after. */
  lookAgain(isLeftOut: (place: number) => boolean = () => false): void {
    this.#wakeSecond = NEVER;
    for (let place = 0; place < this.#end; place++) {
      if (!this.isAsleep(place) || isLeftOut(place)) continue;
      this.#wakeSecond = Math.min(
        this.#wakeSecond,
        this.#rows[place * ROW_WORDS + WAKE_SECOND]!,
      );
    }
  }

  /** All that it knows of the flow in a place. Of the second it knows the beginning. */
  briefOf(place: number): Brief {
    const second = this.#rows[place * ROW_WORDS + WAKE_SECOND]!;
    return {
      key: this.keyOf(place),
      idHash: this.idHashOf(place),
      partitionHash: this.#tags[place]! & PARTITION_MASK,
      lsn: this.lsnOf(place),
      bodyLsn: this.bodyLsnOf(place),
      wakeMs: second === 0 ? null : second * SECOND_MS,
    };
  }

  /** Writes what there is in the first places. */
  save(stream: StreamWriter, end: number): void {
    stream.f64(this.#baseLsn);
    stream.u32(end);
    stream.numbers(this.#rows.subarray(0, end * ROW_WORDS));
    stream.raw(new Uint8Array(this.#tags.buffer, 0, 2 * end));
  }

  /** Whether there is a flow in one of the first places. */
  hasBefore(end: number): boolean {
    for (let place = 0; place < end; place++) if (this.has(place)) return true;
    return false;
  }

  /** Reads what was saved. Nobody is warm or awake any more. */
  load(stream: StreamReader): void {
    this.#baseLsn = stream.f64();
    this.#end = stream.u32();
    stream.numbers(this.#rows.subarray(0, this.#end * ROW_WORDS));
    stream.fill(new Uint8Array(this.#tags.buffer, 0, 2 * this.#end));
    for (let place = 0; place < this.#end; place++) {
      this.#tags[place]! &= PARTITION_MASK;
      if (this.has(place)) this.#size++;
    }
    this.lookAgain();
  }
}

/** The second that an instant is in. Not 0, which is none: the very first counts as the next one. */
export function secondOf(ms: number): number {
  return Math.min(Math.max(1, Math.floor(ms / SECOND_MS)), UINT32_MAX);
}

/** When a second begins. */
export function startOf(second: number): number {
  return second * SECOND_MS;
}
