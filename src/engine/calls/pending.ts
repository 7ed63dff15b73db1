/**
 * Calls that wait for their effects, or for what they have seen, to be on disk.
 *
 * @module
 */
import type { Time } from "../../time/mod.ts";
import type { Shard } from "../shard/shard.ts";
import { TurnShare, type TurnShareLimits } from "../turns/turn_share.ts";
import { type Footing, isDurable, isVoid } from "./footing.ts";

/**
 * Answers with so many flows are given in one macrotask, and the rest in later ones, however they come
 * about: a commit may be what thousands of calls wait for, and whoever is answered calls again at once,
 * in the same macrotask, and may find all that he asks for in memory or on a log that works here. Making
 * a record takes some microseconds, most of them reading its payload.
 */
const FLOWS_PER_MACROTASK = 1_000;

/** The same for bytes that are read for them: large values take longer than what is around them. */
const BYTES_PER_MACROTASK = 1 << 20;

/**
 * So many milliseconds after its first answer the rest of a macrotask belongs to others: what callers do
 * next may take much longer than their answers, such as batches that are refused, and large values.
 */
const MS_PER_MACROTASK = 8;

/**
 * What is read of answers a part at a time. With what it has to be read from disk a part takes up to
 * 40 µs on a busy machine, and now and then much longer.
 */
const PARTS: TurnShareLimits = { slicesMax: 250, msMax: 4 };

/** How a call ends, once everything that it stands on is on disk. */
export interface Verdict<T> {
  /** All that the answer would give away. */
  readonly standsOn: readonly Footing[];
  /** Makes the answer; called once that is on disk. A throw is the answer, too. */
  read(): T;
  /**
   * Reads a part of what the answer is to show, before `read()`. Returns whether that was all. Absent:
   * there is little to read.
   */
  readPart?(): boolean;
}

/** A call that has not been answered. */
export interface Call<T> {
  /**
   * Decides what the call does and answers; undefined if it goes on waiting. Decided again, from
   * the call's inputs, when something that it stands on turns out never to have happened.
   */
  decide(): Verdict<T> | undefined;
  /** The shards that the call has looked at when it is refused. Default: all. */
  readonly looksAt?: (() => readonly Shard[]) | undefined;
  /** Answers the caller. */
  resolve(value: T): void;
  /** Answers the caller with an error. */
  reject(error: unknown): void;
}

interface Decided {
  readonly call: Call<unknown>;
  readonly verdict: Verdict<unknown>;
}

/** Somebody who waits until some calls do not wait any more. */
interface Watch {
  readonly left: Set<Decided>;
  readonly resolve: () => void;
}

/** Decided calls, in the order of their decisions. */
export class PendingCalls {
  readonly #time: Pick<Time, "clock" | "defer">;
  readonly #readBytes: () => number;
  /** Those that wait for a log. */
  #queue: Decided[] = [];
  /** Those that wait for nothing but their turn: the first ones were answered. Mostly none. */
  #released: Decided[] = [];
  #isDeferred = false;
  /** How many flows may still be answered in this macrotask, until when, and how many bytes may be read. */
  #flowsLeft = FLOWS_PER_MACROTASK;
  #untilMs = 0;
  #readBytesMax = BYTES_PER_MACROTASK;
  /** What parts take of this macrotask, if there were any in it. */
  #parts: TurnShare | undefined;
  /** Mostly none. */
  #watches: Watch[] = [];

  /**
   * @param time What there is no room for is answered in its macrotasks.
   * @param readBytes How many bytes were read for answers so far. Default: nobody counts them.
   */
  constructor(time: Pick<Time, "clock" | "defer">, readBytes: () => number = () => 0) {
    this.#time = time;
    this.#readBytes = readBytes;
  }

  /** How many calls wait. */
  get count(): number {
    return this.#queue.length + this.#released.length;
  }

  /** A macrotask has begun. Those of which nobody tells have what the one before them has left. */
  begin(): void {
    this.#flowsLeft = FLOWS_PER_MACROTASK;
    this.#readBytesMax = this.#readBytes() + BYTES_PER_MACROTASK;
    this.#parts = undefined;
  }

  /**
   * Answers a decided call, at once if it waits for no log, nobody is before it, and this macrotask has
   * room for it. Returns whether it waits for a log.
   */
  add<T>(call: Call<T>, verdict: Verdict<T>): boolean {
    const decided = { call: call as Call<unknown>, verdict };
    const isWaiting = !isReleased(verdict);
    if (isWaiting) this.#queue.push(decided);
    else if (this.#released.length > 0) this.#released.push(decided);
    else if (verdict.readPart === undefined && this.#hasRoom()) {
      this.#flowsLeft -= settle(call, verdict);
    } else {
      this.#released.push(decided);
      this.#answer();
    }
    return isWaiting;
  }

  /** Answers the calls that stand on what is durable: as many as there is room for, and later more. */
  release(): void {
    this.#sortOut();
    if (!this.#isDeferred) this.#answer();
  }

  /** Resolves when all calls that wait now have been answered, or are decided again. */
  told(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    const left = new Set([...this.#released, ...this.#queue]);
    return new Promise((resolve) => this.#watches.push({ left, resolve }));
  }

  /** Takes out the calls that stand on what never happened, in order. */
  takeVoid(): Call<unknown>[] {
    return this.#take(({ verdict }) => verdict.standsOn.some(isVoid)).map(({ call }) => call);
  }

  /** Takes out all calls that wait for a log, in order. */
  takeAll(): Call<unknown>[] {
    return this.#take(() => true).map(({ call }) => call);
  }

  #sortOut(): void {
    const decided = this.#queue;
    this.#queue = [];
    for (const one of decided) (isReleased(one.verdict) ? this.#released : this.#queue).push(one);
  }

  #hasRoom(): boolean {
    const nowMs = this.#time.clock.monotonicMs();
    // The first of a macrotask always has.
    if (this.#flowsLeft === FLOWS_PER_MACROTASK) this.#untilMs = nowMs + MS_PER_MACROTASK;
    return this.#flowsLeft > 0 && nowMs < this.#untilMs && this.#readBytes() < this.#readBytesMax;
  }

  /** Answers as many calls as this macrotask has room for, and more later. */
  #answer(): void {
    let count = 0;
    while (count < this.#released.length && this.#hasRoom()) {
      const next = this.#released[count]!;
      if (!this.#readPart(next.verdict)) continue;
      this.#flowsLeft -= this.#settle(next);
      count += 1;
    }
    this.#released = this.#released.slice(count);
    if (this.#released.length === 0 || this.#isDeferred) return;
    this.#isDeferred = true;
    this.#time.defer(() => {
      this.#isDeferred = false;
      this.begin();
      this.#answer();
    });
  }

  /** Reads a part of what an answer is to show. Returns whether that was all. */
  #readPart(verdict: Verdict<unknown>): boolean {
    if (verdict.readPart === undefined) return true;
    const parts = this.#parts ??= new TurnShare(this.#time.clock, PARTS);
    const isWhole = verdict.readPart();
    // Whatever has taken its time leaves the rest of the macrotask to others.
    if (!parts.took()) this.#flowsLeft = 0;
    return isWhole;
  }

  #take(isTaken: (decided: Decided) => boolean): Decided[] {
    const taken: Decided[] = [];
    const left: Decided[] = [];
    for (const decided of this.#queue) (isTaken(decided) ? taken : left).push(decided);
    if (taken.length > 0) this.#queue = left;
    for (const one of taken) this.#noteGone(one);
    return taken;
  }

  #settle(decided: Decided): number {
    const flows = settle(decided.call, decided.verdict);
    this.#noteGone(decided);
    return flows;
  }

  #noteGone(decided: Decided): void {
    if (this.#watches.length === 0) return;
    for (const { left } of this.#watches) left.delete(decided);
    this.#watches = this.#watches.filter(({ left, resolve }) => {
      if (left.size === 0) resolve();
      return left.size > 0;
    });
  }
}

/** Whether an answer may be given. */
function isReleased({ standsOn }: Verdict<unknown>): boolean {
  return standsOn.every(isDurable);
}

/** Answers a call with what it was to be answered with. Returns of how many flows that is, or so. */
function settle<T>(call: Call<T>, verdict: Verdict<T>): number {
  let value: T;
  try {
    value = verdict.read();
  } catch (error) {
    call.reject(error);
    return 1;
  }
  call.resolve(value);
  return Math.max(1, flowsIn(value));
}

/** How many flows there are in a list, or on a page. */
function flowsIn(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null && "items" in value ? flowsIn(value.items) : 1;
}
