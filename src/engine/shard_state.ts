/**
 * All that a shard knows, and that can be built from its log at any time.
 *
 * @module
 */
import {
  type Command,
  createFlowState,
  decide,
  type Decision,
  type Effect,
  encodeEffects,
  evolve,
  type FlowState,
  load,
  needsOf,
  type Value,
  type ValueParts,
} from "../flow/core/mod.ts";
import type { FlowLimits } from "../flow/mod.ts";
import type { SipKey } from "../codec/mod.ts";
import { Keydir } from "../bitcask/mod.ts";
import { type BodyPlace, type Log, recordsOf } from "../log/mod.ts";
import type { Random } from "../time/mod.ts";
import { storedEffect } from "./stored_effect.ts";
import { type RecordBytes, StoredRecords } from "./stored_records.ts";

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
}

/** The flows of a shard, and where their records stand. */
export class ShardState {
  /** The flows. */
  readonly flows: FlowState;
  /** Where records stand. */
  readonly keydir: Keydir = new Keydir();
  /** What is not in memory. */
  readonly records: StoredRecords;
  #timeMs = 0;

  /**
   * Builds the state from what the log holds.
   *
   * @param bytes The bytes of records, also of those that the log does not hold yet. Default: the log.
   */
  constructor(log: Log, hashKey: SipKey, bytes: RecordBytes = log) {
    this.flows = createFlowState({ hashKey });
    this.records = new StoredRecords(bytes, this.keydir, this.flows.dictionary);
    for (const frame of log.read(0)) {
      for (const { record, place } of recordsOf(frame)) {
        this.apply(storedEffect(record, place, this.flows.dictionary), record.lsn, place);
      }
      this.#timeMs = Math.max(this.#timeMs, frame.timeMs);
    }
  }

  /** The highest command time in the log. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /**
   * Decides a command, with what it needs from the log. Nothing changes. Large values go ahead of the command that brings them.
   */
  decide(command: Command, { nowMs, firstLsn, random, limits }: Circumstances): Decision {
    const { effects: ahead, parts } = partsOf(command.largeValues, firstLsn, limits);
    const decision = decide(this.flows, command, {
      nowMs,
      random,
      firstLsn: firstLsn + ahead.length,
      limits,
      parts,
      loaded: load(needsOf(this.flows, command, nowMs), this.records),
    });
    // A refused or empty command leaves no parts behind.
    if (ahead.length === 0 || decision.effects.length === 0) return decision;
    return { effects: [...ahead, ...decision.effects], reply: decision.reply };
  }

  /** The records of effects. */
  encode(effects: readonly Effect[], firstLsn: number): Uint8Array[] {
    return encodeEffects(effects, firstLsn, this.flows.dictionary);
  }

  /** Lets an effect change the state. */
  apply(effect: Effect, lsn: number, place: BodyPlace): void {
    this.keydir.append(lsn, place);
    const previousLsn = evolve(this.flows, effect, lsn);
    if (previousLsn > 0) this.keydir.link(lsn, previousLsn);
  }
}

/** The effects that bring large values, part by part, and where the parts will stand. */
function partsOf(
  values: readonly Value[],
  firstLsn: number,
  { valueInlineBytesMax: partBytes }: FlowLimits,
): { readonly effects: Effect[]; readonly parts: Map<Value, ValueParts> } {
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
