/**
 * All that a shard knows, and that can be built from its log at any time.
 *
 * @module
 */
import { Keydir } from "../../bitcask/mod.ts";
import {
  type ByteSpan,
  ByteWriter,
  type SipKey,
  type StreamReader,
  type StreamWriter,
} from "../../codec/mod.ts";
import { isFlowError } from "../../errors.ts";
import {
  type Command,
  Cooling,
  type CoolingPlan,
  createFlowState,
  decide,
  type DecideShard,
  type Decision,
  type Effect,
  evolve,
  type FlowState,
  load,
  loadState,
  needsOf,
  type Neighbours,
  type Policies,
  saveState,
  Savings,
  STATE_PARTS,
  type StreamsOf,
  type Value,
  type ValueParts,
  writeEffects,
} from "../../flow/core/mod.ts";
import type { FlowLimits } from "../../flow/mod.ts";
import { type BodyPlace, frameEnd, type Log, type Origin, recordsOf } from "../../log/mod.ts";
import type { Random } from "../../time/mod.ts";
import type { Checkpoints } from "../checkpoints/checkpoints.ts";
import { LogTally, type SavedTally } from "./log_tally.ts";
import { storedEffect } from "./stored_effect.ts";
import { type RecordBytes, StoredRecords } from "./stored_records.ts";

/** A buffer beyond this is given back after use, in bytes. */
const KEPT_BYTES_MAX = 4 << 20;

/** While the log is read, so many flows are looked at for every record: more than can come. */
const COOLED_PER_RECORD = 2;

/** And only after so many records: looking for them costs something if there are many types. */
const RECORDS_PER_COOLING = 256;

/** The parts of a checkpoint that are no part of the state of flows. */
const KEYDIR_PART: number = STATE_PARTS;
/** What stands beside a state in a checkpoint. */
export const BESIDE_PART: number = STATE_PARTS + 1;

/** What a command is decided with. */
export interface Circumstances {
  /** The time of the command. */
  readonly nowMs: number;
  /** The LSN that its first record will have. */
  readonly firstLsn: number;
  /** For lease tokens. */
  readonly random: Random;
  /** The limits of the store. */
  readonly limits: FlowLimits;
  /** The other shards of the store. */
  readonly neighbours: Neighbours;
}

/** What a state is built of. */
export interface ShardStateOptions {
  /** The key that flows get their keys by. */
  readonly hashKey: SipKey;
  /** The number of the shard. Default 0. */
  readonly shard?: number | undefined;
  /** Every fencing number that is given away is above this. Default 0. */
  readonly fencingFloor?: number | undefined;
  /** The stores that this one was restored from. Default: none. */
  readonly origins?: readonly Origin[] | undefined;
  /** The bytes of records, also of those that the log does not hold yet. Default: the log. */
  readonly bytes?: RecordBytes;
  /** Knows what the log says up to a place, perhaps. Default: nobody does. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Policies that another shard has. Default: they come from this one's log. */
  readonly policies?: Policies | undefined;
  /** When flows become cold. Default: beyond 100,000, if nothing happens to them for ten minutes. */
  readonly coolingPlan?: CoolingPlan | undefined;
}

/** Records one after the other in one buffer. */
export interface EncodedRecords {
  /** All of them. */
  readonly bytes: Uint8Array;
  /** Where each of them begins, and behind that where the last one ends. */
  readonly bounds: readonly number[];
}

/** Some effects of a command, from the first to before the last, and where their records stand. */
export interface EffectRange extends EncodedRecords {
  /** The index of the first of them. */
  readonly first: number;
  /** The index after the last. */
  readonly end: number;
  /** The LSN of the first. */
  readonly firstLsn: number;
  /** Where the record of the first stands. */
  readonly place: BodyPlace;
}

/** The flows of a shard, and where their records stand. */
export class ShardState {
  /** The flows. */
  readonly flows: FlowState;
  /** Where records stand. */
  readonly keydir: Keydir = new Keydir();
  /** What is not in memory. */
  readonly records: StoredRecords;
  /** Keeps memory small. */
  readonly cooling: Cooling;
  #writer = new ByteWriter();
  /** The log as it was when the state was built of it. */
  readonly read: LogTally = new LogTally();
  #timeMs = 0;

  /** An empty state. */
  private constructor(log: Log, options: ShardStateOptions) {
    const { bytes = log, shard = 0, origins = [] } = options;
    const forks = origins.map(({ ends }) => ends[shard]!.lsn);
    const records = {
      control: (lsn: number) => this.records.control(lsn),
      body: (lsn: number) => this.records.body(lsn),
      list: (lsn: number) => this.records.list(lsn),
    };
    this.flows = createFlowState({ ...options, forks, records });
    this.records = new StoredRecords(bytes, this.keydir, this.flows.dictionary);
    this.cooling = new Cooling(this.flows, options.coolingPlan);
  }

  /** Builds the state from what the log holds, or from what a checkpoint knows of it and the rest. */
  static of(log: Log, options: ShardStateOptions): ShardState {
    const { shard = 0, checkpoints } = options;
    const candidates = checkpoints?.candidates(shard) ?? [];
    for (const name of candidates) {
      const state = new ShardState(log, options);
      if (checkpoints!.load(shard, name, { log, state }) && state.#readsOn(log)) {
        checkpoints!.accept(shard, name);
        return state;
      }
      checkpoints!.reject(shard);
    }
    const state = new ShardState(log, options);
    state.#read(log);
    // Not before: should the log be damaged, they are all that says what was in it.
    if (candidates.length > 0) checkpoints!.discard(shard);
    return state;
  }

  /**
   * Begins to write it as it is now; no command is in the middle of changing it.
   *
   * @param lsn The newest record that there is.
   */
  save(streamOf: StreamsOf<StreamWriter>, lsn: number): Savings {
    return new Savings([
      this.keydir.save(streamOf(KEYDIR_PART)),
      ...saveState(this.flows, streamOf, lsn),
    ]);
  }

  /** Reads what was saved; it is empty. Shards but the first have their policies from that one. */
  load(streamOf: StreamsOf<StreamReader>, isFirst: boolean): void {
    this.keydir.load(streamOf(KEYDIR_PART));
    loadState(this.flows, streamOf, isFirst);
  }

  /** Goes on from what was saved. */
  resume(tally: SavedTally, timeMs: number): void {
    this.read.load(tally);
    this.#timeMs = timeMs;
  }

  /** Reads what comes after a checkpoint. If that does not fit, the whole log says what is wrong. */
  #readsOn(log: Log): boolean {
    try {
      this.#read(log);
      return true;
    } catch (error) {
      // What cannot be read now cannot be read from the beginning either.
      if (isFlowError(error, "store_failed")) throw error;
      return false;
    }
  }

  /** Reads what the log holds behind what is known already. */
  #read(log: Log): void {
    let recordCount = 0;
    for (const frame of log.read(this.read.end ?? 0)) {
      for (const { record, place } of recordsOf(frame)) {
        const effect = storedEffect(record, place, this.flows.dictionary);
        const { lsn, bytes } = record;
        this.apply(effect, lsn, place, { bytes, start: 0, end: bytes.length });
      }
      this.committed(frame.timeMs);
      this.read.add(frameEnd(frame));
      recordCount += frame.count;
      if (recordCount < RECORDS_PER_COOLING) continue;
      this.#cool(recordCount);
      recordCount = 0;
    }
    this.#cool(recordCount);
  }

  /** Lets flows become cold after so many records were read. */
  #cool(recordCount: number): void {
    if (!this.cooling.isCrowded) return;
    this.cooling.slice({
      nowMs: this.#timeMs,
      durableLsn: this.read.end?.end.lsn ?? 0,
      countMax: COOLED_PER_RECORD * recordCount,
    });
  }

  /** A frame is in the log whose highest command time this is. */
  committed(timeMs: number): void {
    this.#timeMs = Math.max(this.#timeMs, timeMs);
  }

  /** The highest command time in the log. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /**
   * Decides a command, with what it needs from the log. Nothing changes. Large values go ahead of
   * the command that brings them.
   */
  decide(command: Command, circumstances: Circumstances): Decision {
    const { nowMs, firstLsn, random, limits, neighbours } = circumstances;
    const { effects: ahead, parts } = partsOf(command.largeValues, firstLsn, limits);
    const decision = decide(this.flows, command, {
      nowMs,
      firstLsn: firstLsn + ahead.length,
      random,
      limits,
      neighbours,
      parts,
      loaded: load(needsOf(this.flows, command, nowMs), this.records),
    });
    // A refused or empty command leaves no parts behind.
    if (ahead.length === 0 || decision.effects.length === 0) return decision;
    return { effects: [...ahead, ...decision.effects], reply: decision.reply };
  }

  /** This shard as one of several that a command is decided in. */
  beside(circumstances: Circumstances): DecideShard {
    return { state: this.flows, context: { ...circumstances, loaded: load([], this.records) } };
  }

  /** The records of effects. They are good until the next call. */
  encode(effects: readonly Effect[], firstLsn: number): EncodedRecords {
    if (this.#writer.capacity > KEPT_BYTES_MAX) this.#writer = new ByteWriter();
    this.#writer.reset();
    const { dictionary } = this.flows;
    const bounds = writeEffects(this.#writer, effects, { firstLsn, dictionary });
    return { bytes: this.#writer.bytes(), bounds };
  }

  /** Lets effects change the state, whose records stand one after the other from a place on. */
  applyAll(
    effects: readonly Effect[],
    { first, end, bytes, bounds, firstLsn, place: { segment, offset } }: EffectRange,
  ): void {
    // One for all records: nobody keeps it.
    const record = { bytes, start: bounds[first]!, end: 0 };
    const place = { segment, offset };
    for (let index = first; index < end; index++) {
      record.end = bounds[index + 1]!;
      this.apply(effects[index]!, firstLsn + index - first, place, record);
      place.offset += record.end - record.start;
      record.start = record.end;
    }
  }

  /** Lets an effect change the state, whose record stands at a place and is at hand. */
  apply(effect: Effect, lsn: number, { segment, offset }: BodyPlace, record: ByteSpan): void {
    this.keydir.append(lsn, segment, offset);
    const previousLsn = evolve(this.flows, effect, lsn, record);
    if (previousLsn > 0) this.keydir.link(lsn, previousLsn);
  }
}

/** What brings large values, and where they will stand. */
interface PartsAhead {
  readonly effects: readonly Effect[];
  readonly parts: ReadonlyMap<Value, ValueParts>;
}

const NO_PARTS: PartsAhead = { effects: [], parts: new Map() };

/** The effects that bring large values, part by part, and where the parts will stand. */
function partsOf(
  values: readonly Value[],
  firstLsn: number,
  { valueInlineBytesMax: partBytes }: FlowLimits,
): PartsAhead {
  if (values.length === 0) return NO_PARTS;
  const effects: Effect[] = [];
  const parts = new Map<Value, ValueParts>();
  for (const value of values) {
    const count = Math.ceil(value.bytes.length / partBytes);
    parts.set(value, { firstLsn: firstLsn + effects.length, count });
    for (let index = 0; index < count; index++) {
      const bytes = value.bytes.subarray(index * partBytes, (index + 1) * partBytes);
      effects.push({ kind: "value_part", index, bytes });
    }
  }
  return { effects, parts };
}
