/**
 * Following the events of a store.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import type { EventsQuery } from "../../flow/core/mod.ts";
import type { EventStream, StoreEvent } from "../../flow/mod.ts";
import type { Alarm, Time } from "../../time/mod.ts";
import type { Callers } from "../calls/caller.ts";
import type { Slices } from "../turns/slices.ts";
import type { EventCursors } from "./event_cursor.ts";
import type { Feed } from "./feed.ts";
import { FeedReader, type FoundEvent } from "./feed_reader.ts";

/** After so many events everybody else has a turn: a loop over them has none by itself. */
const EVENTS_PER_TURN = 256;

/** An alarm that is set for then never rings. Unlike one that is not set it keeps the process alive. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** What a stream is made of. */
export interface EventSource {
  /** The feeds of all shards. */
  readonly feeds: readonly Feed[];
  /** The cursors of the store. */
  readonly cursors: EventCursors;
  /** Turns of those who have long work to do: of many streams one goes on in each. */
  readonly slices: Slices;
  /** For staying alive. */
  readonly time: Time;
  /** Who hears of what is refused. */
  readonly callers: Callers;
}

type Next = IteratorResult<StoreEvent, undefined>;

const DONE: Next = Object.freeze({ done: true, value: undefined });

/**
 * Reads the shards in turn. Between two calls of `next()` it does nothing and nobody knows it, so a
 * stream that is forgotten costs what its last piece of the log costs and is collected.
 */
export class FeedStream implements EventStream {
  readonly #source: EventSource;
  readonly #readers: readonly FeedReader[];
  readonly #signal: AbortSignal | undefined;
  /** Keeps the process alive for whoever waits for news. */
  readonly #vigil: Alarm;
  #hasEnded = false;
  /** Ends the wait of the one who waits. */
  #wake: (() => void) | undefined;
  /** The last `next()`: the one after it has to wait for it. */
  #last: Promise<unknown> = Promise.resolve();
  /** Whether nothing was read since others had a turn, and how many events were given out. */
  #isFresh = true;
  #takenCount = 0;
  #readerIndex = 0;

  /**
   * A stream that begins where the query says.
   *
   * @throws {FlowError} `invalid_argument` for a cursor that is none of this store; whatever has
   * ended the store.
   */
  constructor({ from, types, signal }: EventsQuery, source: EventSource) {
    const { feeds, cursors } = source;
    const ending = endingOf(feeds);
    if (ending !== undefined) throw ending;
    const ends = feeds.map(({ position }) => position);
    const starts = from === undefined
      ? ends
      : from === "start"
      ? feeds.map(({ start }) => start)
      : cursors.parse(from, ends);
    this.#source = source;
    this.#signal = signal;
    this.#vigil = source.time.alarm(() => {});
    this.#readers = feeds.map((feed, index) => new FeedReader(feed, starts[index]!, types));
  }

  next(): Promise<Next> {
    const next = this.#source.callers.told(() => this.#last.then(() => this.#next()));
    this.#last = next.catch(() => {});
    return next;
  }

  return(): Promise<Next> {
    this.#hasEnded = true;
    this.#wake?.();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): EventStream {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #next(): Promise<Next> {
    try {
      // Nothing is waited for twice without a look whether it is over meanwhile.
      while (!this.#isOver()) {
        const event = this.#takenCount === EVENTS_PER_TURN ? "pause" : this.#take();
        if (event === "pause") await this.#turn();
        else if (event === undefined) await this.#readOn();
        else return { done: false, value: event };
      }
      return DONE;
    } catch (error) {
      this.#hasEnded = true;
      throw error;
    }
  }

  /** Whether it has ended; throws if a failure has ended it. */
  #isOver(): boolean {
    if (this.#hasEnded || this.#signal?.aborted) return true;
    const ending = endingOf(this.#source.feeds);
    if (ending === undefined) return false;
    if (ending.code === "store_closed") return true;
    throw ending;
  }

  /** The next event of what was read, of one shard after the other. */
  #take(): StoreEvent | "pause" | undefined {
    const readers = this.#readers;
    for (let tried = 0; tried < readers.length; tried++) {
      const event = readers[this.#readerIndex]!.take();
      if (event === "pause") return event;
      if (event !== undefined) {
        this.#takenCount++;
        return this.#withCursor(event);
      }
      this.#readerIndex = (this.#readerIndex + 1) % readers.length;
    }
    return undefined;
  }

  #withCursor(event: FoundEvent): StoreEvent {
    const positions = this.#readers.map(({ position }) => position);
    return { ...event, cursor: this.#source.cursors.format(positions) };
  }

  /** Reads what there is, or waits until there is something. */
  async #readOn(): Promise<void> {
    const behind = this.#nextBehind();
    if (behind === undefined) return await this.#news();
    // A long way without an event for us must not keep everybody else waiting.
    if (!this.#isFresh) await this.#turn();
    if (this.#isOver()) return;
    this.#isFresh = false;
    behind.read();
  }

  /** The next shard that has more; a busy one does not keep the others waiting. */
  #nextBehind(): FeedReader | undefined {
    const readers = this.#readers;
    for (let step = 1; step <= readers.length; step++) {
      const index = (this.#readerIndex + step) % readers.length;
      if (!readers[index]!.isBehind) continue;
      this.#readerIndex = index;
      return readers[index];
    }
    return undefined;
  }

  async #turn(): Promise<void> {
    await this.#source.slices.next();
    this.#isFresh = true;
    this.#takenCount = 0;
  }

  /** Waits for a commit, the end of the store, or the end of the stream. */
  async #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const forget = this.#source.feeds.map((feed) => feed.onNews(wake));
    this.#signal?.addEventListener("abort", wake, { once: true });
    this.#wake = wake;
    this.#vigil.set(NEVER_MS, { keepAlive: true });
    await promise;
    this.#vigil.clear();
    this.#wake = undefined;
    this.#signal?.removeEventListener("abort", wake);
    for (const forgetOne of forget) forgetOne();
    this.#isFresh = true;
    this.#takenCount = 0;
  }
}

/** Why nothing more comes of one of the shards, and so of all. */
function endingOf(feeds: readonly Feed[]): FlowError | undefined {
  return feeds.find(({ ending }) => ending !== undefined)?.ending;
}
