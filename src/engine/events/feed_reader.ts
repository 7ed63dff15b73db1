/**
 * Reading the events of a shard, a piece of the log at a time.
 *
 * @module
 */
import {
  type CtrlEffect,
  type FlowKey,
  type Identity,
  packKey,
  toHistoryEvent,
} from "../../flow/core/mod.ts";
import type { StoreEvent } from "../../flow/mod.ts";
import {
  type BodyPlace,
  type CommittedFrame,
  type FrameEnd,
  frameEnd,
  type LogRecord,
  recordsOf,
  RecordType,
} from "../../log/mod.ts";
import { storedEffect } from "../shard/stored_effect.ts";
import type { Feed, FeedPosition } from "./feed.ts";

/** A piece has so many bytes of frames, and one frame more. */
const PIECE_BYTES = 1 << 20;

/** Control blocks that nobody wants, after which the reader stops to give others a turn. */
const UNWANTED_MAX = 256;

/** Flows whose identity is remembered: as a rule the next event is about one of the last flows. */
const IDENTITIES_MAX = 1_000;

/** An event before it has a cursor. */
export type FoundEvent = Omit<StoreEvent, "cursor">;

/** One reader of a feed. */
export class FeedReader {
  readonly #feed: Feed;
  readonly #types: ReadonlySet<string> | null;
  readonly #identities = new Map<string, Identity>();
  /** Where reading goes on. */
  #stand: number | FrameEnd;
  #position: FeedPosition;
  #piece: Iterator<FoundEvent | "pause", undefined> | undefined;

  /**
   * @param position Behind which record to begin.
   * @param types The types to read; null: all.
   */
  constructor(feed: Feed, position: FeedPosition, types: ReadonlySet<string> | null) {
    this.#feed = feed;
    this.#types = types;
    this.#position = position;
    this.#stand = feed.standBefore(position);
  }

  /** Behind the last event that was taken. */
  get position(): FeedPosition {
    return this.#position;
  }

  /** Whether there is more to read. */
  get isBehind(): boolean {
    const index = typeof this.#stand === "number" ? this.#stand : this.#stand.end.index;
    return index < this.#feed.position.index;
  }

  /** The next event of the piece that was read; `"pause"`: none for a while, and perhaps more. */
  take(): FoundEvent | "pause" | undefined {
    const next = this.#piece?.next();
    if (next?.done !== false) this.#piece = undefined;
    return next?.value;
  }

  /** Reads a piece. Only after everything of the last one was taken. */
  read(): void {
    const { log, position: end } = this.#feed;
    this.#feed.requireWhole(this.#position);
    const frames: CommittedFrame[] = [];
    let bytes = 0;
    for (const frame of log.read(this.#stand)) {
      // A log may know of a commit before those have been answered who made it.
      if (frame.end.index > end.index) break;
      this.#stand = frameEnd(frame);
      if (frame.end.lsn > this.#position.lsn) frames.push(frame);
      bytes += frame.body.length;
      if (bytes >= PIECE_BYTES) break;
    }
    this.#piece = this.#eventsOf(frames);
  }

  *#eventsOf(frames: readonly CommittedFrame[]): Generator<FoundEvent | "pause", undefined> {
    const afterLsn = this.#position.lsn;
    let unwantedCount = 0;
    for (const frame of frames) {
      for (const { record, place } of recordsOf(frame)) {
        if (record.type === RecordType.BODY) this.#note(record, place);
        if (record.type !== RecordType.CTRL || record.lsn <= afterLsn) continue;
        // A merge may have come between reading and here, and what the flow was may be gone.
        this.#feed.requireWhole({ lsn: record.lsn - 1 });
        const effect = this.#effect(record, place) as CtrlEffect;
        const identity = this.#identityOf(effect.key, record.lsn);
        if (this.#types?.has(identity.type) === false) {
          if (++unwantedCount % UNWANTED_MAX === 0) yield "pause";
          continue;
        }
        this.#position = { index: frame.base.index, lsn: record.lsn };
        const { partitionKey } = identity;
        yield { ...toHistoryEvent(identity, effect), partitionKey };
      }
      this.#position = frame.end;
    }
    return undefined;
  }

  /** A flow begins, and whatever had its key before has ended. */
  #note(record: LogRecord, place: BodyPlace): void {
    const effect = this.#effect(record, place);
    if (effect.kind === "body") this.#remember(effect.key, effect.identity);
  }

  #identityOf(key: FlowKey, lsn: number): Identity {
    // Whatever had the key before has been replaced in it when the flow began.
    const known = this.#identities.get(packKey(key));
    if (known !== undefined) return known;
    const { flows, records } = this.#feed.state;
    const flow = flows.table.peek(key);
    const isThis = flow !== undefined && flow.bodyLsn < lsn;
    return this.#remember(key, isThis ? flow.identity : records.identity(key, lsn));
  }

  #remember(key: FlowKey, identity: Identity): Identity {
    const packed = packKey(key);
    // To the end of the line: the first one in the map is forgotten first.
    this.#identities.delete(packed);
    this.#identities.set(packed, identity);
    if (this.#identities.size > IDENTITIES_MAX) {
      const [oldest = ""] = this.#identities.keys();
      this.#identities.delete(oldest);
    }
    return identity;
  }

  #effect(record: LogRecord, place: BodyPlace): ReturnType<typeof storedEffect> {
    return storedEffect(record, place, this.#feed.state.flows.dictionary);
  }
}
