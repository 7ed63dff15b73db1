/**
 * The flows of a run, each with what decides which of its records are still wanted.
 *
 * @module
 */
import { HashChains, LongFloat64Array, LongUint32Array } from "../../../index/mod.ts";
import { type FlowKey, hashOfKey } from "../flow_key.ts";

/** What is known of how the life of a flow began. */
const UNKNOWN = 0;
/** The first record of the flow in the run is a body; what follows tells whether it is a birth. */
const HAS_BODY = 1;
/** The flow was born in the run, so that nothing older can be about it but what had ended. */
const IS_BORN = 2;
const BEGIN_MASK = 3;

/** Signals are counted above the bits that tell of the beginning. */
const ONE_SIGNAL = 4;

/**
 * Flows by key. A flow takes some 40 bytes in arrays. A key may come again after its flow was removed;
 * the last life is the one that counts, and all that came before its end is over.
 */
export class Lives {
  readonly #chains = new HashChains();
  /** The lower half of the key; the upper one follows from the hash. */
  readonly #los = new LongUint32Array();
  /** The LSN of the last removal, 0 if there is none. */
  readonly #ends = new LongFloat64Array();
  /** The newest version. */
  readonly #versions = new LongFloat64Array();
  /** How many events are kept, 0 if the run does not tell. */
  readonly #histories = new LongUint32Array();
  /** How many signals came since the last removal, and how the first life began. */
  readonly #notes = new LongUint32Array();
  /** The LSN of the first record of a flow that stays where it is, 0 if none does. */
  readonly #stays = new LongFloat64Array();

  /** The number of a flow, -1 if no record of the run is about it. */
  find(key: FlowKey): number {
    const hash = hashOfKey(key);
    let life = this.#chains.first(hash);
    while (life >= 0 && !(this.#los.get(life) === key.lo && this.#chains.hashOf(life) === hash)) {
      life = this.#chains.next(life);
    }
    return life;
  }

  /** Notes that there is a record about a flow. Returns the number of the flow. */
  note(key: FlowKey): number {
    const found = this.find(key);
    return found >= 0 ? found : this.#add(key, UNKNOWN);
  }

  /** Notes a body. */
  body(key: FlowKey, historyMaxEvents: number): void {
    const found = this.find(key);
    const life = found >= 0 ? found : this.#add(key, HAS_BODY);
    this.#histories.set(life, historyMaxEvents);
  }

  /** Notes a version. Returns the number of the flow. */
  version(key: FlowKey, version: number): number {
    const life = this.note(key);
    this.#versions.set(life, version);
    const note = this.#notes.get(life);
    if ((note & BEGIN_MASK) !== HAS_BODY) return life;
    // A body without a first version behind it is about a flow that was taken into a group.
    this.#notes.set(life, note - HAS_BODY + (version === 1 ? IS_BORN : UNKNOWN));
    return life;
  }

  /** Notes that a record of a flow stays where it is. */
  stay(life: number, lsn: number): void {
    if (this.#stays.get(life) === 0) this.#stays.set(life, lsn);
  }

  /** Notes a signal. */
  signal(key: FlowKey): void {
    const life = this.note(key);
    this.#notes.set(life, this.#notes.get(life) + ONE_SIGNAL);
  }

  /** Notes a removal. */
  end(key: FlowKey, lsn: number): void {
    const life = this.note(key);
    this.#ends.set(life, lsn);
    this.#notes.set(life, this.isBorn(life) ? IS_BORN : UNKNOWN);
  }

  /** Whether a record stays of what a flow was before its last removal. */
  isPastThere(life: number): boolean {
    const lsn = this.#stays.get(life);
    return lsn > 0 && lsn < this.endOf(life);
  }

  /** The LSN of a flow's last removal, 0 if there is none. */
  endOf(life: number): number {
    return this.#ends.get(life);
  }

  /** Whether nothing before the run can be about a flow but what had ended before it. */
  isBorn(life: number): boolean {
    return (this.#notes.get(life) & BEGIN_MASK) === IS_BORN;
  }

  /** The newest version of a flow that was not removed. */
  versionOf(life: number): number {
    return this.#versions.get(life);
  }

  /** How many events are kept of a flow that was not removed, 0 if that is not known. */
  historyOf(life: number): number {
    return this.#histories.get(life);
  }

  /** Notes how many events are kept of a flow. */
  setHistory(life: number, historyMaxEvents: number): void {
    this.#histories.set(life, historyMaxEvents);
  }

  /** Counts a signal down. Returns how many there were from it on. */
  takeSignal(life: number): number {
    const note = this.#notes.get(life);
    this.#notes.set(life, note - ONE_SIGNAL);
    return note >>> 2;
  }

  #add(key: FlowKey, note: number): number {
    const life = this.#chains.size;
    this.#chains.add(life, hashOfKey(key));
    this.#los.set(life, key.lo);
    this.#notes.set(life, note);
    return life;
  }
}
