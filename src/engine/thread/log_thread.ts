/**
 * A thread that writes and syncs the segments of one log.
 *
 * The runtime's own threads for file calls are shared with the host application and stall whenever
 * that is busy; this one waits for orders in shared memory and for nothing else. While it carries one
 * out, the next may be waiting already.
 *
 * @module
 */
import type { Worker } from "node:worker_threads";
import type { FileHandle } from "../../files/mod.ts";
import { invariant } from "../../invariant.ts";
import type { IoResult, SegmentFile, SegmentWrite } from "../../log/mod.ts";
import {
  LAYOUT,
  ORDERS,
  type ThreadAnswer,
  type ThreadData,
  threadProgram,
} from "./log_thread_program.ts";

/** Orders that are under way: one that is carried out, and one that is at hand when it is done. */
const ORDERS_MAX = 2;

const WORDS = LAYOUT.places + ORDERS_MAX * LAYOUT.placeWords;

/** No path is longer, on any system, in bytes. */
const PATH_BYTES_MAX = 32_768;

/** Files that the thread keeps open: the segment that is written to, the next, and one beside them. */
const OPEN_FILES_MAX = 3;

/** What a thread is started with. */
export interface LogThreadOptions {
  /** Path of the directory. */
  readonly directory: string;
  /** The most bytes of one write. */
  readonly writeBytesMax: number;
  /** What it runs, for tests with files that fail. Default: `threadProgram()`. */
  readonly program?: string;
}

/** Something for the thread to do. */
interface Order extends Omit<SegmentWrite, "fill"> {
  readonly order: number;
  readonly target?: SegmentFile;
  /** Puts what is to be written into memory. Default: there is nothing. */
  readonly fill?: SegmentWrite["fill"];
}

/** The file that an order is for. */
interface OrderedFile {
  readonly number: number;
  /** Where it is, if the thread is to open it. */
  readonly path?: Uint8Array;
  /** The number of the one that it closes before that, or 0. */
  readonly closes: number;
}

const NO_FILE: OrderedFile = { number: 0, closes: 0 };

type Listener = (result: IoResult) => void;

/** An order that was not answered yet. */
interface Waiting {
  readonly done: Listener;
  /** The file that it opens. */
  readonly opens?: FileHandle | undefined;
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
  #round = 0;
  #tookMs = 0;
  /** The oldest first. */
  #waiting: Waiting[] = [];
  #onEnded: (cause: unknown) => void = () => {};
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
  static async start(options: LogThreadOptions): Promise<LogThread> {
    const { directory, writeBytesMax, program = threadProgram() } = options;
    const { Worker } = await import("node:worker_threads");
    const data: ThreadData = {
      layout: LAYOUT,
      orders: ORDERS,
      placeCount: ORDERS_MAX,
      words: new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT),
      // Pages that nothing was written to are none.
      memory: new SharedArrayBuffer(ORDERS_MAX * (writeBytesMax + PATH_BYTES_MAX)),
      directory,
    };
    // What the host preloads into its own threads is not meant for this one.
    const worker = new Worker(program, { eval: true, execArgv: [], workerData: data });
    const thread = new LogThread(worker, data);
    await new Promise<void>((resolve, reject) => {
      // It says 0 when it is there.
      thread.#waiting.push({
        done: ({ kind }) => kind === "done" ? resolve() : reject(thread.#end?.cause),
      });
    });
    return thread;
  }

  /** Sets the one listener for an end that comes while nothing is under way. */
  onEnded(listener: (cause: unknown) => void): void {
    this.#onEnded = listener;
  }

  /** How long the thread took for what it has done last, in milliseconds. */
  get tookMs(): number {
    return this.#tookMs;
  }

  /** Whether it has nothing to do. */
  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** How many orders may be under way at the moment. */
  get ordersMax(): number {
    return ORDERS_MAX;
  }

  /** Makes room for so many bytes at the start of a file, and its name durable. */
  reserve(target: SegmentFile, length: number, done: Listener): void {
    this.#give({ order: ORDERS.reserve, target, at: 0, length }, done);
  }

  /** Writes and syncs. */
  write(target: SegmentFile, { at, length, fill }: SegmentWrite, done: Listener): void {
    this.#give({ order: ORDERS.write, target, at, length, fill }, done);
  }

  /** Ends the thread. Resolves when it is gone, or rejects then if a file could not be closed. */
  end(): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#give({ order: ORDERS.end, at: 0, length: 0 }, (result) => {
        // Without an answer it is gone: there was nothing to say.
        if (this.#end !== undefined || result.kind !== "failed") return resolve();
        this.#onEnded = () => reject(result.cause);
        this.#worker.ref();
      });
    });
  }

  #give({ order, target, at, length, fill }: Order, done: Listener): void {
    if (this.#end !== undefined) return done({ kind: "failed", cause: this.#end.cause });
    invariant(this.#waiting.length < ORDERS_MAX, "The log thread has a place for every order");
    const words = this.#words;
    const serial = (this.#serial + 1) | 0;
    const place = placeOf(serial);
    const placeBytes = this.#memory.length / ORDERS_MAX;
    const memory = this.#memory.subarray(place * placeBytes, (place + 1) * placeBytes);
    invariant(
      length + PATH_BYTES_MAX <= memory.length,
      "The log thread has room for what it is to write",
    );
    fill?.(memory.subarray(0, length));
    const file = target === undefined ? NO_FILE : this.#fileOf(target);
    if (file.path !== undefined) memory.set(file.path, length);
    const first = firstWordOf(place);
    Atomics.store(words, first + LAYOUT.order, order);
    Atomics.store(words, first + LAYOUT.round, this.#round);
    Atomics.store(words, first + LAYOUT.file, file.number);
    Atomics.store(words, first + LAYOUT.pathLength, file.path?.length ?? 0);
    Atomics.store(words, first + LAYOUT.closes, file.closes);
    Atomics.store(words, first + LAYOUT.length, length);
    Atomics.store(words, first + LAYOUT.at[0], at % 0x1_0000_0000);
    Atomics.store(words, first + LAYOUT.at[1], Math.floor(at / 0x1_0000_0000));
    this.#waiting.push({ done, opens: file.path && target?.file });
    this.#serial = serial;
    Atomics.store(words, LAYOUT.serial, serial);
    Atomics.notify(words, LAYOUT.serial);
    // Somebody waits for this; as long as nobody does, the thread keeps no process alive.
    this.#worker.ref();
  }

  /** The number of a file. The thread is told to open it if it has not. */
  #fileOf({ name, file }: SegmentFile): OrderedFile {
    const known = this.#files.get(file);
    this.#files.delete(file);
    const closes = known === undefined ? this.#closeOldest() : 0;
    const number = known ?? ++this.#fileCount;
    this.#files.set(file, number);
    if (known !== undefined) return { number, closes };
    return { number, path: new TextEncoder().encode(`${this.#directory}/${name}`), closes };
  }

  /** Makes room for one more file. Returns the number of the one that has to be closed, or 0. */
  #closeOldest(): number {
    const [oldest] = this.#files;
    if (oldest === undefined || this.#files.size < OPEN_FILES_MAX) return 0;
    const [file, number] = oldest;
    this.#files.delete(file);
    return number;
  }

  #answered(answer: ThreadAnswer): void {
    const waiting = this.#waiting.shift();
    if (this.isIdle) this.#worker.unref();
    if (typeof answer === "number") {
      this.#tookMs = this.#tookMsOf(answer);
      return waiting?.done({ kind: "done" });
    }
    if (waiting?.opens !== undefined) this.#files.delete(waiting.opens);
    const { kind, code, message } = answer;
    // What was ordered meanwhile is skipped. What comes next stands on what there is.
    if (kind !== "skipped") this.#round = (this.#round + 1) | 0;
    if (kind !== "failed") return waiting?.done({ kind });
    waiting?.done({ kind, cause: Object.assign(new Error(message), { code }) });
  }

  #tookMsOf(serial: number): number {
    return Atomics.load(this.#words, firstWordOf(placeOf(serial)) + LAYOUT.tookUs) / 1_000;
  }

  #ended(cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { cause };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) done({ kind: "failed", cause });
    if (waiting.length === 0) this.#onEnded(cause);
  }
}

/** Where in shared memory an order has its place. */
function placeOf(serial: number): number {
  return (serial >>> 0) % ORDERS_MAX;
}

function firstWordOf(place: number): number {
  return LAYOUT.places + place * LAYOUT.placeWords;
}
