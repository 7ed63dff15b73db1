/**
 * A thread that writes and syncs the segments of one log.
 *
 * The runtime's own threads for file calls are shared with the host application and stall whenever
 * that is busy; this one waits for orders in shared memory and for nothing else. One order is under
 * way at a time.
 *
 * @module
 */
import type { Worker } from "node:worker_threads";
import { invariant } from "../invariant.ts";
import type { FileHandle } from "../files/mod.ts";
import type { IoResult, SegmentFile, SegmentWrite } from "../log/mod.ts";
import {
  type ThreadAnswer,
  type ThreadData,
  type ThreadLayout,
  type ThreadOrders,
  threadProgram,
} from "./log_thread_program.ts";

const LAYOUT: ThreadLayout = {
  serial: 0,
  order: 1,
  file: 2,
  closes: 3,
  length: 4,
  at: [5, 6],
  tookUs: 7,
};
const WORDS = 8;

const ORDERS: ThreadOrders = { open: 1, reserve: 2, write: 3, end: 4 };

/** Files that the thread keeps open: the segment that is written to, the next, and one beside them. */
const OPEN_FILES_MAX = 3;

/** What a thread is started with. */
export interface LogThreadOptions {
  /** Path of the directory. */
  readonly directory: string;
  /** The most bytes of one write. */
  readonly memoryBytes: number;
}

/** Something for the thread to do. */
interface Order extends Omit<SegmentWrite, "fill"> {
  readonly order: number;
  readonly file: number;
  readonly closes?: number;
}

/** A thread that has been started and is there. */
export class LogThread {
  readonly #worker: Worker;
  readonly #directory: string;
  readonly #words: Int32Array;
  readonly #memory: Uint8Array;
  /** Numbers of the files that are open in the thread; the one that was used last comes last. */
  readonly #files = new Map<FileHandle, number>();
  #fileCount = 0;
  #serial = 0;
  #done: ((result: IoResult) => void) | undefined;
  #onEnded: (cause: unknown) => void = () => {};
  #isEnding = false;
  #end: { readonly cause: unknown } | undefined;

  private constructor(worker: Worker, { directory, words, memory }: ThreadData) {
    this.#worker = worker;
    this.#directory = directory;
    this.#words = new Int32Array(words);
    this.#memory = new Uint8Array(memory);
    worker.on("message", (answer: ThreadAnswer) => this.#answered(answer));
    worker.on("error", (error) => this.#ended(error));
    worker.on("exit", (code) => this.#ended(new Error(`The log thread ended with code ${code}`)));
  }

  /** Starts a thread. Rejects where there can be none. */
  static async start({ directory, memoryBytes }: LogThreadOptions): Promise<LogThread> {
    const { Worker } = await import("node:worker_threads");
    const data: ThreadData = {
      layout: LAYOUT,
      orders: ORDERS,
      words: new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT),
      memory: new SharedArrayBuffer(memoryBytes),
      directory,
    };
    // What the host preloads into its own threads is not meant for this one.
    const worker = new Worker(threadProgram(), { eval: true, execArgv: [], workerData: data });
    const thread = new LogThread(worker, data);
    await new Promise<void>((resolve, reject) => {
      // It says 0 when it is there.
      thread.#done = ({ kind }) => kind === "done" ? resolve() : reject(thread.#end?.cause);
    });
    return thread;
  }

  /** Sets the one listener for an end that comes while nothing is under way. */
  onEnded(listener: (cause: unknown) => void): void {
    this.#onEnded = listener;
  }

  /** How long the thread took for the last thing that it has done, in milliseconds. */
  get tookMs(): number {
    return Atomics.load(this.#words, LAYOUT.tookUs) / 1_000;
  }

  /** Makes room for so many bytes at the start of a file, and its name durable. */
  reserve(target: SegmentFile, length: number, done: (result: IoResult) => void): void {
    this.#withFile(
      target,
      done,
      (file) => this.#do({ order: ORDERS.reserve, file, at: 0, length }, done),
    );
  }

  /** Writes and syncs. */
  write(target: SegmentFile, write: SegmentWrite, done: (result: IoResult) => void): void {
    this.#withFile(target, done, (file) => {
      const { at, length } = write;
      write.fill(this.#memory.subarray(0, length));
      this.#do({ order: ORDERS.write, file, at, length }, done);
    });
  }

  /** Ends the thread. Resolves when it is gone. */
  end(): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve();
    this.#isEnding = true;
    return new Promise((resolve) => {
      this.#onEnded = () => resolve();
      this.#do({ order: ORDERS.end, file: 0, at: 0, length: 0 }, () => resolve());
    });
  }

  /** Goes on with the number of a file, which the thread is told to open if it has not. */
  #withFile(
    { name, file }: SegmentFile,
    done: (result: IoResult) => void,
    then: (number: number) => void,
  ): void {
    const known = this.#files.get(file);
    this.#files.delete(file);
    if (known !== undefined) {
      this.#files.set(file, known);
      return then(known);
    }
    const number = ++this.#fileCount;
    const closes = this.#closeOldest();
    const path = new TextEncoder().encode(`${this.#directory}/${name}`);
    this.#memory.set(path);
    this.#do({ order: ORDERS.open, file: number, closes, at: 0, length: path.length }, (result) => {
      if (result.kind !== "done") return done(result);
      this.#files.set(file, number);
      then(number);
    });
  }

  /** Makes room for one more file. Returns the number of the one that has to be closed, or 0. */
  #closeOldest(): number {
    const [oldest] = this.#files;
    if (oldest === undefined || this.#files.size < OPEN_FILES_MAX) return 0;
    const [file, number] = oldest;
    this.#files.delete(file);
    return number;
  }

  #do({ order, file, closes = 0, at, length }: Order, done: (result: IoResult) => void): void {
    invariant(this.#done === undefined, "The log thread does one thing at a time");
    if (this.#end !== undefined) return done({ kind: "failed", cause: this.#end.cause });
    const words = this.#words;
    invariant(length <= this.#memory.length, "The log thread has room for what it is to write");
    this.#done = done;
    this.#serial = (this.#serial + 1) | 0;
    Atomics.store(words, LAYOUT.order, order);
    Atomics.store(words, LAYOUT.file, file);
    Atomics.store(words, LAYOUT.closes, closes);
    Atomics.store(words, LAYOUT.length, length);
    Atomics.store(words, LAYOUT.at[0], at % 0x1_0000_0000);
    Atomics.store(words, LAYOUT.at[1], Math.floor(at / 0x1_0000_0000));
    Atomics.store(words, LAYOUT.serial, this.#serial);
    Atomics.notify(words, LAYOUT.serial);
    // Somebody waits for this; as long as nobody does, the thread keeps no process alive.
    this.#worker.ref();
  }

  #answered(answer: ThreadAnswer): void {
    const done = this.#done;
    this.#done = undefined;
    this.#worker.unref();
    if (typeof answer === "number") {
      invariant(answer === this.#serial, "The log thread answers what it was asked");
      return done?.({ kind: "done" });
    }
    const { isNoSpace, code, message } = answer;
    if (isNoSpace) return done?.({ kind: "no_space" });
    done?.({ kind: "failed", cause: Object.assign(new Error(message), { code }) });
  }

  #ended(cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { cause };
    const done = this.#done;
    this.#done = undefined;
    if (done !== undefined) done({ kind: "failed", cause });
    else this.#onEnded(cause);
  }
}
