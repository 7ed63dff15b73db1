/**
 * Reading what is not kept in memory: values, and what happened to a flow.
 *
 * @module
 */
import type { Keydir } from "../bitcask/mod.ts";
import { invariant } from "../invariant.ts";
import type {
  CtrlEffect,
  Dictionary,
  Effect,
  FoundValue,
  HistoryLog,
  ValueParts,
} from "../flow/core/mod.ts";
import { type Log, readRecord } from "../log/mod.ts";
import { storedEffect } from "./stored_effect.ts";

/** Where the bytes of records are. */
export type RecordBytes = Pick<Log, "readBytes">;

/** The records of a shard that are not kept in memory, by LSN. */
export class StoredRecords implements HistoryLog {
  readonly #bytes: RecordBytes;
  readonly #keydir: Keydir;
  readonly #dictionary: Dictionary;

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

  /** A payload, result or error; without its bytes if there are more than `maxBytes`. */
  readonly value = (lsn: number, maxBytes: number): FoundValue => {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "value", `LSN ${lsn} is a ${effect.kind}, not a value`);
    const { value } = effect;
    const { encoding } = value;
    const size = "parts" in value ? value.size : value.bytes.length;
    if (size > maxBytes) return { encoding, size, bytes: undefined };
    const bytes = "parts" in value ? this.#join(value.parts, size) : value.bytes;
    return { encoding, size, bytes };
  };

  /** A control block. */
  control(lsn: number): CtrlEffect {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "ctrl", `LSN ${lsn} is a ${effect.kind}, not a control block`);
    return effect;
  }

  /** The LSN of the same flow's control block before one, 0 before the first. */
  previous(lsn: number): number {
    return this.#keydir.previous(lsn);
  }

  #join({ firstLsn, count }: ValueParts, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let index = 0; index < count; index++) {
      const part = this.#effect(firstLsn + index);
      invariant(part.kind === "value_part", `LSN ${firstLsn + index} is no part of a value`);
      bytes.set(part.bytes, length);
      length += part.bytes.length;
    }
    invariant(length === size, `the parts of a value have ${length} bytes, not ${size}`);
    return bytes;
  }

  #effect(lsn: number): Effect {
    const place = this.#keydir.find(lsn);
    return storedEffect(readRecord(this.#bytes, place, lsn), place, this.#dictionary);
  }
}
