/**
 * Copies that are taken a little at a time, of what goes on changing.
 *
 * A copy says what there was when it was begun. Whoever changes something that has not been copied
 * yet has it copied first, so nobody waits for the copy and it needs no rule about what came meanwhile.
 *
 * @module
 */

/** So many handles are looked at in one step. */
const STEP_HANDLES = 64;

/** So many values of a map are copied in one step. */
const STEP_VALUES = 16;

/** What stands under handles. */
export interface Copied {
  /** One more than the highest handle that there ever was. */
  readonly end: () => number;
  /** The LSN of the last change of what a handle stands for; undefined: for nothing. */
  readonly changedAt: (handle: number) => number | undefined;
}

const takeNothing = (): void => {};

/** Copies what stands under handles. */
export class SlowCopy {
  readonly #subject: Copied;
  /** What stands under lower handles was copied. While no copy is taken nothing is left to copy. */
  #next = Infinity;
  #lsn = 0;
  #take: (handle: number) => void = takeNothing;

  /** @param subject What is copied. */
  constructor(subject: Copied) {
    this.#subject = subject;
  }

  /**
   * Takes a copy. The first step only notes what there is; every other one copies a little.
   *
   * @param lsn The last change that is in the copy.
   * @param take Copies what a handle stands for.
   */
  *take(lsn: number, take: (handle: number) => void): Generator<void> {
    const end = this.#subject.end();
    this.#next = 0;
    this.#lsn = lsn;
    this.#take = take;
    try {
      while (this.#next < end) {
        yield;
        const stop = Math.min(end, this.#next + STEP_HANDLES);
        for (let handle = this.#next; handle < stop; handle++) this.#copyOld(handle);
        this.#next = stop;
      }
    } finally {
      this.#next = Infinity;
      this.#take = takeNothing;
    }
  }

  /** Whether a copy is taken. */
  get isUnderWay(): boolean {
    return this.#next !== Infinity;
  }

  /** Copies what a handle stands for, whatever is known about it. */
  copy(handle: number): void {
    this.#take(handle);
  }

  /** What a handle stands for is about to change or to go. */
  changes(handle: number): void {
    if (handle >= this.#next) this.#copyOld(handle);
  }

  /** Nothing is copied that came later: neither what is new, nor what was copied when it changed. */
  #copyOld(handle: number): void {
    const changedAt = this.#subject.changedAt(handle);
    if (changedAt !== undefined && changedAt <= this.#lsn) this.#take(handle);
  }
}

/** A map whose values change in place, and of which a copy can be taken. Values are never undefined. */
export class CopiedMap<Key, Value> extends Map<Key, Value> {
  /** What was copied, or came later; undefined: no copy is taken. */
  #done: Set<Key> | undefined;
  #take: (key: Key, value: Value) => void = takeNothing;

  /**
   * Takes a copy. The first step only notes that there is one; every other one copies a little.
   *
   * @param take Copies a value.
   */
  *copy(take: (key: Key, value: Value) => void): Generator<void> {
    this.#done = new Set();
    this.#take = take;
    try {
      yield;
      let count = 0;
      // What comes meanwhile comes at the end of the map, and is known to be new.
      for (const key of this.keys()) {
        this.changes(key);
        if (++count % STEP_VALUES === 0) yield;
      }
    } finally {
      this.#done = undefined;
      this.#take = takeNothing;
    }
  }

  override set(key: Key, value: Value): this {
    this.changes(key);
    return super.set(key, value);
  }

  override delete(key: Key): boolean {
    this.changes(key);
    return super.delete(key);
  }

  /** The value of a key is about to change in place. */
  changes(key: Key): void {
    if (this.#done === undefined || this.#done.has(key)) return;
    this.#done.add(key);
    const value = this.get(key);
    if (value !== undefined) this.#take(key, value);
  }
}
