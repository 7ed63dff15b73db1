/**
 * Reading what is not kept in memory: values, and what happened to a flow.
 *
 * @module
 */
import type { Keydir } from "../bitcask/mod.ts";
import { invariant } from "../invariant.ts";
import {
  type Dictionary,
  type Effect,
  type Flow,
  type FoundValue,
  type HistoryQuery,
  toHistoryEvent,
  type ValueParts,
} from "../flow/core/mod.ts";
import type { HistoryEvent } from "../flow/mod.ts";
import { type Log, readRecord } from "../log/mod.ts";
import { storedEffect } from "./stored_effect.ts";

/** The records of a shard that are on disk, by LSN. */
export class StoredRecords {
  readonly #log: Log;
  readonly #keydir: Keydir;
  readonly #dictionary: Dictionary;

  /**
   * @param log Holds the records.
   * @param keydir Knows where they stand.
   * @param dictionary Knows the names in them.
   */
  constructor(log: Log, keydir: Keydir, dictionary: Dictionary) {
    this.#log = log;
    this.#keydir = keydir;
    this.#dictionary = dictionary;
  }

  /** A payload, result or error; without its bytes if there are more than `maxBytes`. */
  value(lsn: number, maxBytes: number): FoundValue {
    const effect = this.#effect(lsn);
    invariant(effect.kind === "value", `LSN ${lsn} is a ${effect.kind}, not a value`);
    const { value } = effect;
    const { encoding } = value;
    const size = "parts" in value ? value.size : value.bytes.length;
    if (size > maxBytes) return { encoding, size, bytes: undefined };
    const bytes = "parts" in value ? this.#join(value.parts, size) : value.bytes;
    return { encoding, size, bytes };
  }

  /** The newest events of a flow, in the order that was asked for. */
  history(flow: Flow, { count, rev }: HistoryQuery): HistoryEvent[] {
    const countMax = Math.min(count, flow.identity.historyMaxEvents);
    const events: HistoryEvent[] = [];
    for (
      let lsn = flow.lsn;
      lsn > 0 && events.length < countMax;
      lsn = this.#keydir.previous(lsn)
    ) {
      const effect = this.#effect(lsn);
      invariant(effect.kind === "ctrl", `LSN ${lsn} is a ${effect.kind}, not a control block`);
      events.push(toHistoryEvent(flow.identity, effect));
    }
    return rev ? events : events.reverse();
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
    return storedEffect(readRecord(this.#log, place, lsn), place, this.#dictionary);
  }
}
