/**
 * The committed changes of a shard, for those who follow them.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import type { FrameEnd, Log } from "../../log/mod.ts";
import type { LogTally } from "../shard/log_tally.ts";
import type { ShardState } from "../shard/shard_state.ts";

/** A place in the log of a shard, between two records. */
export interface FeedPosition {
  /** A frame before the place, after which there is no whole frame before it. */
  readonly index: number;
  /** The record before the place. */
  readonly lsn: number;
}

/** The state of a shard: another object after a void frame. */
export interface StateSource {
  /** The state. */
  readonly state: ShardState;
}

/**
 * Knows how far a log is committed and wakes those who wait for more. Whoever follows it reads the
 * log itself, at his own pace; the feed holds nothing for anybody.
 */
export class Feed {
  /** The log. */
  readonly log: Log;
  readonly #source: StateSource;
  readonly #waiting = new Set<() => void>();
  readonly #tally: LogTally;
  #end: FrameEnd | undefined;
  #ending: FlowError | undefined;

  /** A feed of all that the state was built of, and of what is added to the tally of its log. */
  constructor(log: Log, source: StateSource) {
    this.log = log;
    this.#source = source;
    this.#tally = source.state.read;
    this.#end = this.#tally.end;
  }

  /** The state above the log. It is ahead of the feed. */
  get state(): ShardState {
    return this.#source.state;
  }

  /** The place behind all that is committed. */
  get position(): FeedPosition {
    return this.#end?.end ?? { index: 0, lsn: 0 };
  }

  /** Where to begin to read what comes after a place: there, or not far before it. */
  standBefore({ index, lsn }: FeedPosition): number | FrameEnd {
    if (lsn === this.position.lsn) return this.#end ?? 0;
    return this.#tally.signpost(lsn) ?? index;
  }

  /** The place from which on there is every change; what came before may have been merged. */
  get start(): FeedPosition {
    return this.log.segments.wholeFrom;
  }

  /**
   * Makes sure that all changes after a place are there.
   *
   * @throws {FlowError} `log_trimmed` if a merge has left out some of them.
   */
  requireWhole({ lsn }: Pick<FeedPosition, "lsn">): void {
    const { start } = this;
    if (lsn >= start.lsn) return;
    throw new FlowError(
      "log_trimmed",
      `Changes after LSN ${lsn} are no longer kept one by one, but those after ${start.lsn} are: ` +
        'go on from "start", or keep more with the option merge.keepBytes',
      { details: { first: start.lsn + 1 } },
    );
  }

  /** Why nothing more comes; undefined: the shard is open. */
  get ending(): FlowError | undefined {
    return this.#ending;
  }

  /** A frame is committed. */
  committed(end: FrameEnd): void {
    this.#end = end;
    this.#wake();
  }

  /** Nothing more comes, and nothing can be read any more. */
  close(ending: FlowError): void {
    this.#ending ??= ending;
    this.#wake();
  }

  /** Calls somebody once, when there is more or nothing more comes. Returns what takes that back. */
  onNews(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
