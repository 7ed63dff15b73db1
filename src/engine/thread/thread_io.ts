/**
 * A log's writes and syncs in a thread, as soon and as far as there is one.
 *
 * @module
 */
import type { Directory } from "../../files/mod.ts";
import {
  InlineIo,
  type IoResult,
  type LogMode,
  SEGMENT_HEAD_BYTES,
  type SegmentFile,
  type SegmentIo,
  type SegmentWrite,
} from "../../log/mod.ts";
import { LogThread } from "./log_thread.ts";
import type { ShortCut } from "./short_cut.ts";

/** What a log is written with. */
export interface ThreadIoOptions {
  /** Where the segments are: a directory of the operating system, at its `path`. */
  readonly directory: Directory;
  /** The most bytes of a frame's body. */
  readonly frameBytesMax: number;
  /**
   * After how many writes the thread is started. Starting one costs as much as dozens of writes, so
   * a store that is opened for a few commands is better off without.
   */
  readonly startsAfter: number;
  /** Which writes are done inline although there is a thread. Default: none. */
  readonly shortCut?: ShortCut | undefined;
}

/**
 * Works inline until its thread is there, and for good if there can be none. From then on a thread
 * that ends is a failure like one of the disk: nobody knows how far it got. A write for which the way
 * to the thread is not worth it is still done inline.
 */
export class ThreadIo implements SegmentIo {
  readonly #options: ThreadIoOptions;
  readonly #inline: InlineIo;
  #mode: LogMode = { kind: "inline", why: "The store has written little so far" };
  #writeCount = 0;
  #isAnswering = false;
  #thread: LogThread | undefined;
  #started: Promise<void> | undefined;
  #onFailed: (cause: unknown) => void = () => {};

  /** No thread yet. */
  constructor(options: ThreadIoOptions) {
    this.#options = options;
    this.#inline = new InlineIo(options.directory, "There is no thread yet");
  }

  get mode(): LogMode {
    return this.#mode;
  }

  get writesMax(): number {
    return this.#thread?.ordersMax ?? 1;
  }

  /** Starts the thread. Resolves when it is there, or when it is clear that there can be none. */
  start(): Promise<void> {
    return this.#started ??= this.#start();
  }

  reserve(target: SegmentFile, done: (result: IoResult) => void): void {
    if (this.#thread === undefined) return this.#inline.reserve(target, done);
    this.#thread.reserve(target, SEGMENT_HEAD_BYTES, done);
  }

  write(target: SegmentFile, write: SegmentWrite, done: (result: IoResult) => void): void {
    if (this.#thread !== undefined) return this.#writeBest(this.#thread, target, write, done);
    this.#writeCount += 1;
    if (this.#writeCount === this.#options.startsAfter) void this.start();
    this.#inline.write(target, write, done);
  }

  /** Inline only while the thread is idle: what is written stands on what the thread has written. */
  #writeBest(
    thread: LogThread,
    target: SegmentFile,
    write: SegmentWrite,
    done: (result: IoResult) => void,
  ): void {
    const { shortCut } = this.#options;
    const answer = (result: IoResult): void => this.#answer(result, done);
    // Who asks in the middle of an answer has not told of the last write: this one cannot be done
    // before that. And whoever had something to write by then has more to do than to wait.
    if (thread.isIdle && !this.#isAnswering && shortCut?.isShorter(write.length)) {
      return shortCut.take(() => this.#inline.write(target, write, answer));
    }
    const departure = shortCut?.leave(write.length, !thread.isIdle);
    thread.write(target, write, (result) => {
      if (result.kind === "done" && departure) shortCut?.comeBack(departure, thread.tookMs);
      answer(result);
    });
  }

  #answer(result: IoResult, done: (result: IoResult) => void): void {
    this.#isAnswering = true;
    try {
      done(result);
    } finally {
      this.#isAnswering = false;
    }
  }

  onFailed(listener: (cause: unknown) => void): void {
    this.#onFailed = listener;
  }

  close(): void | Promise<void> {
    return this.#started?.then(() => this.#thread?.end());
  }

  async #start(): Promise<void> {
    this.#mode = { kind: "inline", why: "The thread is being started" };
    const { directory, frameBytesMax } = this.#options;
    try {
      const writeBytesMax = SEGMENT_HEAD_BYTES + frameBytesMax;
      this.#thread = await LogThread.start({ directory: directory.path, writeBytesMax });
      this.#thread.onEnded((cause) => this.#onFailed(cause));
      this.#mode = { kind: "thread" };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#mode = { kind: "inline", why: `A thread cannot be started: ${reason}` };
    }
  }
}
