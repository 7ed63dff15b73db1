/**
 * Reading what is not kept in memory: values, and what happened to a flow.
 *
 * @module
 */
import type { Keydir } from "../../bitcask/mod.ts";
import { isSameHash } from "../../codec/mod.ts";
import type {
  BodyEffect,
  ColdRecords,
  CtrlEffect,
  Dictionary,
  Effect,
  FlowKey,
  FoundValue,
  HistoryLog,
  Identity,
  Message,
  NamedValues,
  StoredKey,
  ValueParts,
  WrittenValue,
} from "../../flow/core/mod.ts";
import { invariant } from "../../invariant.ts";
import { type BodyPlace, type Log, readRecord } from "../../log/mod.ts";
import { storedEffect } from "./stored_effect.ts";

/** What a call may see. */
export interface Sight {
  /** The time of the call: what is over by then is gone. */
  readonly nowMs: number;
  /** What was decided after this LSN is not there. */
  readonly headLsn: number;
}

/** Where the bytes of records are. */
export type RecordBytes = Pick<Log, "readBytes">;

/** The records of a shard that are not kept in memory, by LSN. */
export class StoredRecords implements HistoryLog, ColdRecords {
  readonly #bytes: RecordBytes;
  readonly #keydir: Keydir;
  readonly #dictionary: Dictionary;
  #readBytes = 0;

  /**
   * @param bytes Holds the records.
   * @param keydir Knows where they stand.
   * @param dictionary Knows the names in them.
   */
  constructor(bytes: RecordBytes, keydir: Keydir, dictionary: Dictionary) {
    this.#bytes = bytes;
    this.#keydir = keydir;
    this.#dictionary = dictionary;
  }

  /** How many bytes were read so far. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** Reads a value as it is to be seen by a call; see `ReadValue`. */
  value(lsn: number, maxBytes: number, { nowMs, headLsn }: Sight): FoundValue | undefined {
    // Callers bring references, so there may be something else in the place, or nothing.
    if (lsn > headLsn || !this.#keydir.has(lsn)) return undefined;
    const effect = this.#effect(lsn);
    if (effect.kind !== "value") return undefined;
    const { untilMs, value } = effect;
    return untilMs !== null && untilMs <= nowMs ? undefined : this.#found(value, maxBytes);
  }

  /** A list of named values. */
  list(lsn: number): NamedValues {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "values", `LSN ${lsn} is a ${effect.kind}, not a list of values`);
    return effect.values;
  }

  /** The record of a key, with its value. */
  key(lsn: number): StoredKey {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "kv", `LSN ${lsn} is a ${effect.kind}, not a key`);
    const { value } = effect;
    return { ...effect, value: { encoding: value.encoding, bytes: this.#bytesOf(value) } };
  }

  /** What the shard has told another one. */
  message(lsn: number): Message {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "outbox", `LSN ${lsn} is a ${effect.kind}, not a message`);
    return effect.message;
  }

  /** A control block. */
  control(lsn: number): CtrlEffect {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "ctrl", `LSN ${lsn} is a ${effect.kind}, not a control block`);
    return effect;
  }

  /** A body. */
  body(lsn: number): BodyEffect {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "body", `LSN ${lsn} is a ${effect.kind}, not a body`);
    return effect;
  }

  /**
   * What a flow is for life, by any of its control blocks: also one that has been removed, and whose
   * key another flow may have now. Looks up every change before this one, in memory.
   */
  identity(key: FlowKey, lsn: number): Identity {
    let firstLsn = lsn;
    for (let before = lsn; before > 0; before = this.previous(before)) firstLsn = before;
    // The body stands before the first control block, in the same command; no merge parts them.
    for (let bodyLsn = firstLsn - 1; bodyLsn > 0; bodyLsn--) {
      const effect = this.#keydir.has(bodyLsn) ? this.#effect(bodyLsn) : undefined;
      if (effect?.kind === "body" && isSameHash(effect.key, key)) return effect.identity;
    }
    invariant(false, `no body precedes the control block with LSN ${firstLsn}`);
  }

  /** The LSN of the same flow's control block before one, 0 before the first. */
  previous(lsn: number): number {
    return this.#keydir.previous(lsn);
  }

  #found(value: WrittenValue, maxBytes: number): FoundValue {
    const { encoding } = value;
    const size = "parts" in value ? value.size : value.bytes.length;
    return { encoding, size, bytes: size > maxBytes ? undefined : this.#bytesOf(value) };
  }

  #bytesOf(value: WrittenValue): Uint8Array {
    return "parts" in value ? this.#join(value.parts, value.size) : value.bytes;
  }

  #join({ firstLsn, count }: ValueParts, size: number): Uint8Array {
    const first = this.#part(firstLsn);
    // No part is longer than the first, so a size that is a lie takes no memory.
    const isPossible = this.#keydir.has(firstLsn + count - 1) && size <= count * first.length;
    invariant(isPossible, `${count} parts of at most ${first.length} bytes do not make ${size}`);
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let index = 0; index < count; index++) {
      const part = index === 0 ? first : this.#part(firstLsn + index);
      invariant(part.length <= size - length, `the parts of a value have more than ${size} bytes`);
      bytes.set(part, length);
      length += part.length;
    }
    invariant(length === size, `the parts of a value have ${length} bytes, not ${size}`);
    return bytes;
  }

  #part(lsn: number): Uint8Array {
    const part = this.#effect(lsn);
    invariant(part.kind === "value_part", `LSN ${lsn} is no part of a value`);
    return part.bytes;
  }

  /** Where a record stands, undefined if there is none with this LSN. */
  placeOf(lsn: number): BodyPlace | undefined {
    return this.#keydir.has(lsn) ? this.#keydir.find(lsn) : undefined;
  }

  /** What a record says, whatever it is; undefined if there is none with this LSN. */
  effect(lsn: number): Effect | undefined {
    return this.#keydir.has(lsn) ? this.#effect(lsn) : undefined;
  }

  #effect(lsn: number): Effect {
    const place = this.#keydir.find(lsn);
    const record = readRecord(this.#bytes, place, lsn);
    this.#readBytes += record.bytes.length;
    return storedEffect(record, place, this.#dictionary);
  }
}
