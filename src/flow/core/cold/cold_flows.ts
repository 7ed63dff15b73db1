/**
 * Flows that memory knows in short.
 *
 * @module
 */
import { isSameHash, type StreamReader, type StreamWriter } from "../../../codec/mod.ts";
import { invariant } from "../../../invariant.ts";
import { NO_GROUPS } from "../families/group.ts";
import type { Flow } from "../flow.ts";
import type { FlowKey } from "../flow_key.ts";
import { NO_VALUES } from "../values/named_values.ts";
import { BLOCK_BITS, type Brief, ColdBlock, isNear, SEAT_BYTES } from "./cold_block.ts";
import { ColdLane, type LaneKind, type LanePlace, placesOf, seatOf } from "./cold_lane.ts";
import type { ColdRecords } from "./cold_records.ts";
import { SeatChains } from "./seat_chains.ts";
import { WakeTimes } from "./wake_times.ts";
import { WarmFlows } from "./warm_flows.ts";

const PLACE_MASK = (1 << BLOCK_BITS) - 1;

/** Bytes that a seat takes in the lists that it is found by, and a block beside its seats. */
const CHAINED_BYTES = 14;
const BLOCK_BYTES = 600;

/** With so few flows a block is joined to the one before it, if that has no more. */
const FEW_COUNT = 1 << (BLOCK_BITS - 2);

const NO_SEATS: readonly number[] = [];

/**
 * Flows that nobody needs for now, in about forty bytes each: where their records stand, and what
 * they are found by. Everything else is read when somebody asks.
 *
 * A flow that somebody looks up is **warm**: it is in the table as well, and keeps its seat until it
 * changes. One that is brought back since its time is near is **awake**: it is also in the indexes of
 * due times and of retention. Lists know cold flows by their seats, warm ones included.
 */
export class ColdFlows {
  /** Where what was left out is read. */
  readonly records: ColdRecords;
  readonly #lanes = new Map<string, Map<string, ColdLane>>();
  readonly #blocks: (ColdBlock | undefined)[] = [];
  readonly #laneOf: (ColdLane | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byKey = new SeatChains({
    hashOf: (seat) => this.#blockOf(seat).keyHashOf(seat & PLACE_MASK),
    mayCrowd: false,
  });
  readonly #byId = new SeatChains({
    hashOf: (seat) => this.#blockOf(seat).idHashOf(seat & PLACE_MASK),
    mayCrowd: true,
  });
  readonly #warm = new WarmFlows();
  readonly #wakeTimes = new WakeTimes(this.#blocks);
  #size = 0;

  /** @param records Where what was left out is read. */
  constructor(records: ColdRecords) {
    this.records = records;
  }

  /** How many flows have a seat. */
  get size(): number {
    return this.#size;
  }

  /** How many of them are in the table as well. */
  get warmCount(): number {
    return this.#warm.size;
  }

  /** Bytes that it takes, about. */
  get bytes(): number {
    const blockCount = this.#blocks.length - this.#free.length;
    return blockCount * ((SEAT_BYTES << BLOCK_BITS) + BLOCK_BYTES) + this.#size * CHAINED_BYTES;
  }

  /** The first second in which a flow has to be brought back, `Infinity` if none has. */
  get wakeSecond(): number {
    return this.#wakeTimes.second;
  }

  /** Why a flow cannot be brought back whose time is near, in sentence case; null: all can. */
  get failure(): string | null {
    return this.#wakeTimes.failure;
  }

  /** Whether a flow can have a seat: behind all others of its lane, with its records close together. */
  takes(kind: LaneKind, brief: Brief): boolean {
    return brief.lsn > (this.#laneIf(kind)?.lastLsn ?? 0) && isNear(brief);
  }

  /** Gives a flow a seat that it can have. */
  add(kind: LaneKind, brief: Brief): void {
    const lane = this.#lane(kind);
    let block = lane.blocks.at(-1);
    if (block === undefined || !block.takes(brief.lsn)) block = this.#extend(lane, brief.lsn);
    const seat = seatOf({ block, place: block.add(brief) });
    this.#byKey.add(seat);
    this.#byId.add(seat);
    this.#size++;
    lane.size++;
    lane.lastLsn = brief.lsn;
    if (brief.wakeMs !== null) lane.asleepCount++;
    this.#wakeTimes.cameTo(block);
  }

  /** The seats of flows that are not warm and whose keys have a hash. */
  seatsByKey(hash: number): readonly number[] {
    if (this.#size === 0) return NO_SEATS;
    const seats = this.#byKey.list(hash);
    return seats.length === 0 ? seats : seats.filter((seat) => !this.#isWarm(seat));
  }

  /** The same by ids: there may be very many. Nothing may change meanwhile. */
  *seatsById(hash: number): Generator<number> {
    for (const seat of this.#byId.each(hash)) if (!this.#isWarm(seat)) yield seat;
  }

  /** Whether the flow in a seat is found by its key and by its id. */
  isFound(seat: number): boolean {
    return this.#byKey.has(seat) && this.#byId.has(seat);
  }

  /** Whether the flow in a seat has a key. */
  isAt(seat: number, key: FlowKey): boolean {
    return this.#blockOf(seat).isAt(seat & PLACE_MASK, key);
  }

  /** The key of the flow in a seat. */
  keyOf(seat: number): FlowKey {
    return this.#blockOf(seat).keyOf(seat & PLACE_MASK);
  }

  /** Reads the flow in a seat. */
  read(seat: number): Flow {
    const block = this.#blockOf(seat);
    const place = seat & PLACE_MASK;
    const key = block.keyOf(place);
    const lsn = block.lsnOf(place);
    const bodyLsn = block.bodyLsnOf(place);
    const { key: controlKey, control } = this.records.control(lsn);
    const { key: bodyKey, identity } = this.records.body(bodyLsn);
    if (!isSameHash(controlKey, key) || !isSameHash(bodyKey, key)) {
      invariant(false, `the records with the LSNs ${lsn} and ${bodyLsn} are of another flow`);
    }
    const { valuesLsn } = control;
    const values = valuesLsn === 0 ? NO_VALUES : this.records.list(valuesLsn);
    return { key, identity, bodyLsn, control, lsn, values, groups: NO_GROUPS };
  }

  /** The flow in a seat is in the table, with a handle, until it changes or is let go. */
  warmed(seat: number, handle: number): void {
    this.#blockOf(seat).setWarm(seat & PLACE_MASK, true);
    this.#warm.add(handle, seat);
  }

  /** The seat of a warm flow, undefined if the handle is of a flow that has none. */
  seatOf(handle: number): number | undefined {
    return this.#warm.seatOf(handle);
  }

  /** Whether the flow in a seat is in the table and in the indexes of times. */
  isAwake(seat: number): boolean {
    return this.#blockOf(seat).isAwake(seat & PLACE_MASK);
  }

  /** The handles of warm flows that are not awake, those first that have been warm longest. */
  idle(): Iterable<number> {
    return this.#warm.idle();
  }

  /** A warm flow is in the table no more. */
  cooled(handle: number): void {
    const seat = this.#warm.take(handle);
    this.#blockOf(seat).setWarm(seat & PLACE_MASK, false);
  }

  /** A flow with a handle has changed, or is gone: if it had a seat, it has none any more. */
  changed(handle: number): void {
    if (this.seatOf(handle) === undefined) return;
    const seat = this.#warm.take(handle);
    this.#wakeTimes.done(seat);
    const block = this.#blockOf(seat);
    const place = seat & PLACE_MASK;
    const lane = this.#laneOf[block.number]!;
    this.#byKey.remove(seat);
    this.#byId.remove(seat);
    if (block.isAsleep(place)) lane.asleepCount--;
    block.remove(place);
    lane.size--;
    this.#size--;
    if (block.size === 0) this.#drop(lane, block);
    else if (block.size <= FEW_COUNT && (block.size & (block.size - 1)) === 0) {
      this.#join(lane, block);
    }
  }

  /** Seats of flows that have to be brought back in a second or before, at most so many. */
  wakesUntil(second: number, countMax: number): number[] {
    return this.#wakeTimes.until(second, countMax);
  }

  /** A warm flow is in the indexes of times. */
  awoke(handle: number): void {
    const seat = this.#warm.awoke(handle);
    this.#wakeTimes.done(seat);
    const block = this.#blockOf(seat);
    block.setAwake(seat & PLACE_MASK);
    this.#laneOf[block.number]!.asleepCount--;
  }

  /** The flow in a seat could not be read. It is tried again in a later second than this one. */
  postpone(seat: number, second: number, why: string): void {
    this.#wakeTimes.postpone(seat, second, why);
  }

  /** Looks which second is the first one, after the flows in some seats were brought back. */
  lookAgain(seats: readonly number[]): void {
    this.#wakeTimes.lookAgain(new Set(seats.map((seat) => seat >>> BLOCK_BITS)));
  }

  /** The types that have lanes. */
  types(): Iterable<string> {
    return this.#lanes.keys();
  }

  /** The lanes of a type. */
  lanes(type: string): Iterable<ColdLane> {
    return this.#lanes.get(type)?.values() ?? [];
  }

  /** Yields all seats with their lanes. They may change meanwhile: some may be missed then. */
  *seats(): Generator<{ readonly lane: ColdLane; readonly at: LanePlace }> {
    for (const lanes of this.#lanes.values()) {
      for (const lane of lanes.values()) {
        for (const at of lane.places(false)) yield { lane, at };
      }
    }
  }

  /** Whether a flow is still to be written to a checkpoint by its seat. */
  isLeft(handle: number): boolean {
    const seat = this.seatOf(handle);
    return seat !== undefined && (seat & PLACE_MASK) < this.#blockOf(seat).unsavedEnd;
  }

  /**
   * Writes all seats as they are now, a block in each step; see `Saving`. What is in a seat does not
   * change; before a flow leaves one that was not written it is written as a row.
   */
  *save(stream: StreamWriter): Generator<void> {
    const lanes = [...this.#lanes.values()].flatMap((states) => [...states.values()])
      .filter(({ size }) => size > 0);
    stream.u32(this.#size);
    stream.json(lanes.map(({ type, state, lastLsn }) => ({ type, state, lastLsn })));
    const left = lanes.flatMap(({ blocks }, lane) => blocks.map((block) => ({ lane, block })));
    for (const { block } of left) block.unsavedEnd = block.end;
    try {
      for (const { lane, block } of left) {
        yield;
        const end = block.unsavedEnd;
        block.unsavedEnd = 0;
        if (!block.hasBefore(end)) continue;
        stream.u32(lane);
        block.save(stream, end);
      }
    } finally {
      for (const { block } of left) block.unsavedEnd = 0;
    }
  }

  /** Reads what was saved; there is nothing yet. Nobody is awake. */
  load(stream: StreamReader): void {
    const count = stream.u32();
    this.#byKey.reserve(count);
    this.#byId.reserve(count);
    const lanes = stream.json<Pick<ColdLane, "type" | "state" | "lastLsn">[]>()
      .map((saved) => Object.assign(this.#lane(saved), saved));
    while (!stream.isAtEnd) {
      const lane = lanes[stream.u32()]!;
      const block = this.#extend(lane, 0);
      block.load(stream);
      for (const at of placesOf(block)) {
        const seat = seatOf(at);
        this.#byKey.add(seat);
        this.#byId.add(seat);
        if (block.isAsleep(at.place)) lane.asleepCount++;
      }
      lane.size += block.size;
      this.#size += block.size;
      this.#wakeTimes.cameTo(block);
    }
  }

  #laneIf({ type, state }: LaneKind): ColdLane | undefined {
    return this.#lanes.get(type)?.get(state);
  }

  #lane(kind: LaneKind): ColdLane {
    const known = this.#laneIf(kind);
    if (known !== undefined) return known;
    const lane = new ColdLane(kind);
    const lanes = this.#lanes.get(kind.type);
    if (lanes === undefined) this.#lanes.set(kind.type, new Map([[kind.state, lane]]));
    else lanes.set(kind.state, lane);
    return lane;
  }

  #extend(lane: ColdLane, baseLsn: number): ColdBlock {
    const number = this.#free.pop() ?? this.#blocks.length;
    const block = new ColdBlock(number, baseLsn);
    this.#blocks[number] = block;
    this.#laneOf[number] = lane;
    lane.blocks.push(block);
    return block;
  }

  #drop(lane: ColdLane, block: ColdBlock): void {
    lane.blocks.splice(lane.blocks.indexOf(block), 1);
    this.#discard(block);
  }

  /** Puts the flows of a block that has few, and those of the one before it, into a new one. */
  #join(lane: ColdLane, block: ColdBlock): void {
    const at = lane.blocks.indexOf(block);
    const before = lane.blocks[at - 1];
    // Seats that are being written down, or that somebody knows by their numbers, stay where they are.
    const isWorthIt = before !== undefined && before.size <= FEW_COUNT &&
      before.warmCount + block.warmCount === 0 && !this.#wakeTimes.hasUnread &&
      before.unsavedEnd + block.unsavedEnd === 0;
    if (!isWorthIt) return;
    const moved = [...placesOf(before), ...placesOf(block)];
    const first = moved[0]!.block.lsnOf(moved[0]!.place);
    const joined = this.#extend(lane, first);
    lane.blocks.pop();
    for (const { block: from, place } of moved) {
      const brief = from.briefOf(place);
      if (!joined.takes(brief.lsn)) return this.#discard(joined);
      joined.add(brief);
    }
    for (const { block: from, place } of moved) {
      const seat = seatOf({ block: from, place });
      this.#byKey.remove(seat);
      this.#byId.remove(seat);
    }
    lane.blocks.splice(at - 1, 2, joined);
    for (const left of [before, block]) {
      left.empty();
      this.#discard(left);
    }
    for (const at of placesOf(joined)) {
      this.#byKey.add(seatOf(at));
      this.#byId.add(seatOf(at));
    }
  }

  #discard({ number }: ColdBlock): void {
    this.#blocks[number] = undefined;
    this.#laneOf[number] = undefined;
    this.#free.push(number);
  }

  #isWarm(seat: number): boolean {
    return this.#blockOf(seat).isWarm(seat & PLACE_MASK);
  }

  #blockOf(seat: number): ColdBlock {
    const block = this.#blocks[seat >>> BLOCK_BITS];
    if (block === undefined) invariant(false, `there is no seat ${seat}`);
    return block;
  }
}
