/**
 * The newest record of each of many things.
 *
 * @module
 */
import { HashChains, LongFloat64Array } from "../../../index/mod.ts";

/** What a thing is known by. */
export interface ThingName {
  /** 32 bits that spread well. */
  readonly hash: number;
  /** Whatever else tells it from others with the same hash: a whole number below 2^53. */
  readonly rest: number;
}

/** LSNs by name, in some 30 bytes each. */
export class Newest {
  readonly #chains = new HashChains();
  readonly #rests = new LongFloat64Array();
  readonly #lsns = new LongFloat64Array();

  /** Notes a record about a thing; it is newer than those that were noted before. */
  note(name: ThingName, lsn: number): void {
    const found = this.#find(name);
    const thing = found >= 0 ? found : this.#chains.size;
    if (found < 0) {
      this.#chains.add(thing, name.hash);
      this.#rests.set(thing, name.rest);
    }
    this.#lsns.set(thing, lsn);
  }

  /** Whether a record is the newest about a thing. */
  is(name: ThingName, lsn: number): boolean {
    const thing = this.#find(name);
    return thing >= 0 && this.#lsns.get(thing) === lsn;
  }

  #find({ hash, rest }: ThingName): number {
    let thing = this.#chains.first(hash);
    while (
      thing >= 0 && !(this.#rests.get(thing) === rest && this.#chains.hashOf(thing) === hash)
    ) thing = this.#chains.next(thing);
    return thing;
  }
}
