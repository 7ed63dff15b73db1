/**
 * Claims that wait for a flow.
 *
 * A waiter holds no reservation: when something may have become due, the waiters of that type try
 * to claim, the one that has waited longest first, and the first that finds flows takes up to its
 * limit.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import { firstIndex } from "../../index/mod.ts";
import type { Clock } from "../../time/mod.ts";
import { TurnShare, type TurnShareLimits } from "../turns/turn_share.ts";

/**
 * Who waits for a due time looks at the clock so often: the wall clock may leap ahead meanwhile, as on
 * a machine that slept, and workers wait without end.
 */
const CLOCK_CHECK_MS = 1_000;

/** What claims that were blocked take of a turn: each takes some 100 µs and more with many flows. */
const SHARE: TurnShareLimits = { slicesMax: 1_000, msMax: 8 };

/** A blocked claim. */
export interface Waiter {
  /** The type it claims. */
  readonly type: string;
  /** Monotonic time at which it gives up; `Infinity`: never. */
  readonly deadlineMs: number;
  /** What it looks for, as a text: the next flow is the same for all who look for the same. */
  readonly looksFor: string;
  /** Shard time at which the next flow could match, if nothing changes before; `Infinity`: never. */
  dueMs(): number;
  /** Tries to claim. A waiter that finds flows leaves. */
  claim(): void;
  /** Tries for the last time, and leaves. */
  expire(): void;
  /** Gives up because the store is going away. */
  abort(error: FlowError): void;
}

/** The blocked claims of one type that look for the same. */
interface Kind {
  /** Those that wait, with the number that each of them has got: the longest waiting first. */
  readonly waiters: Map<Waiter, number>;
  /** When the next flow could match, if nothing has changed since one of them was asked. */
  dueMs: number;
}

/** The blocked claims of one type. */
interface Queue {
  readonly kinds: Map<string, Kind>;
  /** When the next flow could match one of them, if no flow of the type changes before. */
  dueMs: number;
}

/**
 * The blocked claims of a store. A turn costs as much as there are kinds of claims of the types that
 * changed in it, not as there are claims.
 */
export class Waiters {
  readonly #queues = new Map<string, Queue>();
  readonly #countMax: number;
  readonly #share: TurnShare;
  #count = 0;
  #lastNumber = 0;
  /** No waiter gives up before this monotonic time. */
  #deadlineMs = Infinity;

  /**
   * @param countMax The most claims that may be blocked at once.
   * @param clock Tells how long they take of a turn.
   */
  constructor(countMax: number, clock: Clock) {
    this.#countMax = countMax;
    this.#share = new TurnShare(clock, SHARE);
  }

  /** How many claims are blocked. */
  get count(): number {
    return this.#count;
  }

  /** Lets a claim wait. Refuses with `too_many_waiters` when there is no room. */
  add(waiter: Waiter): void {
    if (this.#count >= this.#countMax) throw tooMany(this.#countMax);
    const queue = entry(this.#queues, waiter.type, () => ({ kinds: new Map(), dueMs: Infinity }));
    const kind = entry(queue.kinds, waiter.looksFor, () => ({ waiters: new Map(), dueMs: 0 }));
    kind.waiters.set(waiter, ++this.#lastNumber);
    queue.dueMs = Math.min(queue.dueMs, waiter.dueMs());
    this.#deadlineMs = Math.min(this.#deadlineMs, waiter.deadlineMs);
    this.#count++;
  }

  /** Forgets a claim; harmless if it is not waiting. */
  remove(waiter: Waiter): void {
    const queue = this.#queues.get(waiter.type);
    const kind = queue?.kinds.get(waiter.looksFor);
    if (queue === undefined || !kind?.waiters.delete(waiter)) return;
    this.#count--;
    if (kind.waiters.size === 0) queue.kinds.delete(waiter.looksFor);
    if (queue.kinds.size === 0) this.#queues.delete(waiter.type);
    if (this.#count === 0) this.#deadlineMs = Infinity;
  }

  /**
   * Hands what is due to the waiters of a type, the longest waiting first: to as many as there is
   * room for in a turn. For the others `nextDueMs()` is not in the future.
   *
   * @param nowMs Shard time.
   * @param changed The types of which flows have changed since the last time.
   */
  serve(nowMs: number, changed: ReadonlySet<string>): void {
    for (const type of changed) {
      const queue = this.#queues.get(type);
      if (queue !== undefined) queue.dueMs = Math.min(queue.dueMs, nowMs);
    }
    this.#share.begin();
    for (const [type, queue] of [...this.#queues]) {
      if (queue.dueMs > nowMs || this.#serveQueue(queue, nowMs)) continue;
      // To the end of the line: in the next turn the others are first.
      if (this.#queues.delete(type)) this.#queues.set(type, queue);
      return;
    }
  }

  /** Serves a type. Returns whether there is room for others in this turn. */
  #serveQueue(queue: Queue, nowMs: number): boolean {
    for (const { waiter, kind } of inOrder([...queue.kinds.values()], nowMs)) {
      // Not before its turn: those before may have taken what it would find, whatever they look for.
      askOne(kind);
      if (kind.dueMs > nowMs) continue;
      // A waiter that finds flows leaves.
      waiter.claim();
      if (this.#share.took()) continue;
      queue.dueMs = nowMs;
      return false;
    }
    const left = [...queue.kinds.values()];
    // Whoever has found nothing may have changed what comes next.
    for (const kind of left) if (kind.dueMs <= nowMs) askOne(kind);
    queue.dueMs = earliest(left, ({ dueMs }) => dueMs);
    return true;
  }

  /** Answers those whose time is over. */
  expire(monotonicMs: number): void {
    if (monotonicMs < this.#deadlineMs) return;
    for (const waiter of this.#all()) {
      if (waiter.deadlineMs <= monotonicMs) waiter.expire();
    }
    this.#deadlineMs = earliest(this.#all(), ({ deadlineMs }) => deadlineMs);
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    for (const waiter of this.#all()) waiter.abort(error);
  }

  /** The earliest shard time at which a flow could match a waiter. */
  nextDueMs(): number {
    return earliest(this.#queues.values(), ({ dueMs }) => dueMs);
  }

  /** In how many milliseconds to look whether a flow matches a waiter; `Infinity`: nobody waits. */
  nextLookInMs(nowMs: number): number {
    // Even with nothing in sight: an alarm that is not set keeps no process alive.
    if (this.#count === 0) return Infinity;
    return Math.min(Math.max(0, this.nextDueMs() - nowMs), CLOCK_CHECK_MS);
  }

  /** No waiter gives up before this monotonic time. */
  nextDeadlineMs(): number {
    return this.#deadlineMs;
  }

  /** A copy, since waiters leave while they are gone through. */
  #all(): Waiter[] {
    const kinds = [...this.#queues.values()].flatMap((queue) => [...queue.kinds.values()]);
    return [...inOrder(kinds)].map(({ waiter }) => waiter);
  }
}

/** A waiter among those who look for the same. */
interface Place {
  readonly kind: Kind;
  readonly waiter: Waiter;
  readonly number: number;
  /** Those behind it. */
  readonly others: Iterator<[Waiter, number], undefined>;
}

/** Asks one for all of a kind when the next flow could match. */
function askOne(kind: Kind): void {
  const [first] = kind.waiters.keys();
  kind.dueMs = first?.dueMs() ?? Infinity;
}

/**
 * Those who wait, the longest waiting first. They may leave meanwhile.
 *
 * @param nowMs No more come of a kind that turns out to be due later. Default: all come.
 */
function* inOrder(kinds: readonly Kind[], nowMs = Infinity): Generator<Place> {
  // The next of each kind, the longest waiting last: there may be many more waiters than kinds.
  const line = kinds.map((kind) => placeIn(kind, kind.waiters.entries()))
    .filter((place) => place !== undefined)
    .sort((a, b) => b.number - a.number);
  for (let place = line.pop(); place !== undefined; place = line.pop()) {
    yield place;
    const { kind, others } = place;
    const next = kind.dueMs > nowMs ? undefined : placeIn(kind, others);
    if (next === undefined) continue;
    line.splice(firstIndex(line.length, (index) => next.number - line[index]!.number), 0, next);
  }
}

/** The next of some who look for the same. */
function placeIn(kind: Kind, others: Place["others"]): Place | undefined {
  const { value } = others.next();
  return value && { kind, waiter: value[0], number: value[1], others };
}

/** What a map has by a key; what is made if it has nothing. */
function entry<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function earliest<T>(items: Iterable<T>, timeOf: (item: T) => number): number {
  let earliestMs = Infinity;
  for (const item of items) earliestMs = Math.min(earliestMs, timeOf(item));
  return earliestMs;
}

function tooMany(limit: number): FlowError {
  return new FlowError(
    "too_many_waiters",
    `${limit} claims are blocked already, which is the limit (limits.waitersMax)`,
    { details: { limit } },
  );
}
