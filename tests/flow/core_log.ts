/**
 * Records that are read again.
 *
 * @module
 */

import { Keydir, MergedRun } from "../../src/bitcask/mod.ts";
import * as core from "../../src/flow/core/mod.ts";
import { decodeRecord } from "../../src/log/format/record.ts";
import { assertEquals } from "../assert.ts";

/** A record in the log of a store. */
export interface Logged {
  readonly lsn: number;
  readonly bytes: Uint8Array;
}

/** Records of which a merge has kept some. */
export interface MergedStretch {
  /** The record before the first of them. */
  readonly baseLsn: number;
  /** The last one. */
  readonly lastLsn: number;
  /** Whether one of them is kept. */
  readonly keeps: (lsn: number) => boolean;
}

/** The records of a store, by LSN. */
export class CoreLog implements core.HistoryLog, core.ColdRecords {
  /** The records, by LSN from 1 on. There is a hole where a merge has dropped one. */
  readonly all: Logged[] = [];
  readonly #dictionary: () => core.Dictionary;
  #keydir = new Keydir();
  /** The segment that records are appended to. */
  #segment = 1;

  /** @param dictionary Knows the names in records. */
  constructor(dictionary: () => core.Dictionary) {
    this.#dictionary = dictionary;
  }

  /** Forgets all records. */
  clear(): void {
    this.all.length = 0;
    this.#keydir = new Keydir();
  }

  /** Takes the next record. */
  append(lsn: number, bytes: Uint8Array): void {
    this.all[lsn - 1] = { lsn, bytes };
    this.#keydir.append(lsn, this.#segment, lsn);
  }

  /** Goes on in another segment. */
  cut(): void {
    this.#segment += 1;
  }

  /** Forgets what a merge has not kept, and strings the rest together as a store does. */
  merged({ baseLsn, lastLsn, keeps }: MergedStretch): void {
    const run = new MergedRun(this.#keydir, { firstLsn: baseLsn + 1, lastLsn, keeps });
    this.cut();
    for (let lsn = baseLsn + 1; lsn <= lastLsn; lsn++) {
      if (this.all[lsn - 1] === undefined) continue;
      run.pass(lsn);
      if (keeps(lsn)) run.append(lsn, this.#segment, lsn);
    }
    this.#keydir.replace(run);
    for (let lsn = baseLsn + 1; lsn <= lastLsn; lsn++) if (!keeps(lsn)) delete this.all[lsn - 1];
    this.cut();
  }

  /** Strings a record behind an earlier one of the same flow. */
  link(lsn: number, previousLsn: number): void {
    if (previousLsn > 0) this.#keydir.link(lsn, previousLsn);
  }

  previous(lsn: number): number {
    return this.#keydir.previous(lsn);
  }

  /** Events are strung together, and found, as if the store had just been opened. */
  assertStrung(): void {
    const last = new Map<string, number>();
    for (const logged of this.all) {
      if (logged === undefined) continue;
      const { lsn } = logged;
      assertEquals(this.#keydir.has(lsn), true, `LSN ${lsn} is not found`);
      const effect = this.#effectAt(lsn);
      if (effect.kind === "del") last.delete(core.packKey(effect.key));
      if (effect.kind !== "ctrl") continue;
      const name = core.packKey(effect.key);
      assertEquals(this.previous(lsn), last.get(name) ?? 0, `What comes before LSN ${lsn}`);
      last.set(name, lsn);
    }
  }

  control(lsn: number): core.CtrlEffect {
    return this.#effect(lsn, "ctrl");
  }

  body(lsn: number): core.BodyEffect {
    return this.#effect(lsn, "body");
  }

  list(lsn: number): core.NamedValues {
    return this.#effect(lsn, "values").values;
  }

  /** The record of a key, with its value. */
  key(lsn: number): core.StoredKey {
    const effect = this.#effect(lsn, "kv");
    const { value } = effect;
    if (!("parts" in value)) return { ...effect, value };
    return { ...effect, value: { encoding: value.encoding, bytes: this.#joined(value) } };
  }

  /** A value as it is to be seen at an instant. */
  value(lsn: number, maxBytes: number, nowMs: number): core.FoundValue | undefined {
    if (this.all[lsn - 1] === undefined) return undefined;
    const effect = this.#effectAt(lsn);
    if (effect.kind !== "value") return undefined;
    const { value, untilMs } = effect;
    if (untilMs !== null && untilMs <= nowMs) return undefined;
    const { encoding } = value;
    if (!("parts" in value)) {
      const size = value.bytes.length;
      return { encoding, size, bytes: size > maxBytes ? undefined : value.bytes.slice() };
    }
    if (value.size > maxBytes) return { encoding, size: value.size, bytes: undefined };
    return { encoding, size: value.size, bytes: this.#joined(value) };
  }

  #joined({ size, parts }: Extract<core.WrittenValue, { parts: unknown }>): Uint8Array {
    const bytes = new Uint8Array(size);
    let at = 0;
    for (let index = 0; index < parts.count; index++) {
      const part = this.#effect(parts.firstLsn + index, "value_part");
      assertEquals(part.index, index);
      bytes.set(part.bytes, at);
      at += part.bytes.length;
    }
    assertEquals(at, size);
    return bytes;
  }

  #effect<Kind extends core.Effect["kind"]>(
    lsn: number,
    kind: Kind,
  ): Extract<core.Effect, { kind: Kind }> {
    const effect = this.#effectAt(lsn);
    if (effect.kind !== kind) throw new Error(`LSN ${lsn} is a ${effect.kind}, not a ${kind}`);
    return effect as Extract<core.Effect, { kind: Kind }>;
  }

  #effectAt(lsn: number): core.Effect {
    const logged = this.all[lsn - 1]!;
    return core.decodeEffect(decodeRecord(logged.bytes, lsn), this.#dictionary());
  }
}
