/**
 * Values that somebody refers to who did not bring them.
 *
 * A value lives as long as the flow that brought it shows it. Another flow may refer to it, of the
 * same shard or of another, and then it has to stay although its own flow has other values by now, or
 * is gone. Nothing in the log of the value's shard need tell of that, so the shard that the link is
 * written in remembers it.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../../../codec/mod.ts";
import type { FlowKey } from "../flow_key.ts";
import { NumberSet } from "./number_set.ts";
import { valuePlace } from "./value_ref.ts";

/**
 * So many values that were brought last are remembered, a power of two: more than one command brings
 * for one flow, unless many more names are allowed than usually. One too many is taken for a link,
 * and stays until the store is opened again.
 */
const BROUGHT_COUNT = 256;

/**
 * So many links that were noted last are remembered one by one, a power of two: more than come while
 * a merge looks through all that it leaves out.
 */
const RECENT_COUNT = 1 << 14;

/** The values that flows of a shard, and messages of it, link. What was a link once counts until the end. */
export class ValueLinks {
  readonly #shard: number;
  readonly #numbers = new NumberSet();
  /** The values of flows that were written last, each with its owner; the oldest is overwritten. */
  readonly #lsns = new Float64Array(BROUGHT_COUNT);
  readonly #keys = new Uint32Array(2 * BROUGHT_COUNT);
  #broughtCount = 0;
  #notedCount = 0;
  /** The links that were noted last; the oldest is overwritten. */
  readonly #recent: number[] = [];

  /** @param shard The number of the shard. */
  constructor(shard: number) {
    this.#shard = shard;
  }

  /** Writes all of it as it is now, a little in each step; see `Saving`. */
  save(stream: StreamWriter): Generator<void> {
    stream.numbers(this.#lsns);
    stream.numbers(this.#keys);
    stream.f64(this.#broughtCount);
    return this.#numbers.save(stream);
  }

  /** Reads all of it; there is nothing yet. */
  load(stream: StreamReader): void {
    stream.numbers(this.#lsns);
    stream.numbers(this.#keys);
    this.#broughtCount = stream.f64();
    for (const number of NumberSet.saved(stream)) this.add(number);
  }

  /** Whether a value is linked. */
  has(number: number): boolean {
    return this.#numbers.has(number);
  }

  /** How often a link was noted: as long as this stays the same, so do the links. */
  get notedCount(): number {
    return this.#notedCount;
  }

  /** The links that were noted after so many others; undefined if these are not all remembered. */
  notedAfter(count: number): number[] | undefined {
    if (this.#notedCount - count > RECENT_COUNT) return undefined;
    const numbers: number[] = [];
    for (let at = count; at < this.#notedCount; at++) {
      numbers.push(this.#recent[at & (RECENT_COUNT - 1)]!);
    }
    return numbers;
  }

  /** Notes a link. */
  add(number: number): void {
    this.#recent[this.#notedCount++ & (RECENT_COUNT - 1)] = number;
    this.#numbers.add(number);
  }

  /** Notes that a value was written for a flow. */
  bring({ hi, lo }: FlowKey, lsn: number): void {
    const place = this.#broughtCount++ & (BROUGHT_COUNT - 1);
    this.#lsns[place] = lsn;
    this.#keys[2 * place] = hi;
    this.#keys[2 * place + 1] = lo;
  }

  /**
   * Notes that a flow refers to a value from now on.
   *
   * @param afterLsn What the flow has brought for this stands behind it.
   */
  refer(key: FlowKey, number: number, afterLsn: number): void {
    if (!this.#isBrought(key, number, afterLsn)) this.add(number);
  }

  #isBrought({ hi, lo }: FlowKey, number: number, afterLsn: number): boolean {
    const { shard, lsn } = valuePlace(number);
    if (shard !== this.#shard || lsn <= afterLsn) return false;
    const oldest = Math.max(0, this.#broughtCount - BROUGHT_COUNT);
    // Mostly it is the last one.
    for (let count = this.#broughtCount - 1; count >= oldest; count--) {
      const place = count & (BROUGHT_COUNT - 1);
      if (this.#lsns[place] !== lsn) continue;
      return this.#keys[2 * place] === hi && this.#keys[2 * place + 1] === lo;
    }
    return false;
  }
}
