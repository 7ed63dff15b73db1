/**
 * What the log thread runs.
 *
 * The thread is started from the text of these functions, so it needs no file of its own: it works
 * from sources, from a packed library, from another server and in a bundle, and asks for no
 * permission beyond those for the directory. They see nothing of this module but each other, and of
 * the outside what they are handed.
 *
 * @module
 */

/** Where in the shared words what stands. */
export interface ThreadLayout {
  /** The number of the newest order; they are carried out one after the other. */
  readonly serial: number;
  /** The first word of the places for orders, which are taken in turns. */
  readonly places: number;
  /** Words of such a place. In it stands what follows. */
  readonly placeWords: number;
  /** What is to be done; a number of {@linkcode ThreadOrders}. */
  readonly order: number;
  /** Nothing is carried out any more of a round in which something could not be. */
  readonly round: number;
  /** The number of a file. */
  readonly file: number;
  /** How many bytes the path of that file has, if it is to be opened, or 0. */
  readonly pathLength: number;
  /** The number of a file that is closed first, or 0. */
  readonly closes: number;
  /** How many bytes are to be written. The path stands behind them. */
  readonly length: number;
  /** Where in the file: the lower and the upper 32 bits. */
  readonly at: readonly [low: number, high: number];
  /** How long it took, in microseconds; the thread says so. */
  readonly tookUs: number;
}

/** What can be ordered. */
export interface ThreadOrders {
  /** Writes zeros to the start of a file and syncs the directory. */
  readonly reserve: number;
  /** Writes what is in memory, and syncs the file. */
  readonly write: number;
  /** Closes all files and ends. */
  readonly end: number;
}

/** Where the words of {@linkcode ThreadLayout} stand. */
export const LAYOUT: ThreadLayout = {
  serial: 0,
  places: 1,
  placeWords: 9,
  order: 0,
  round: 1,
  file: 2,
  pathLength: 3,
  closes: 4,
  length: 5,
  at: [6, 7],
  tookUs: 8,
};

/** The numbers of {@linkcode ThreadOrders}. */
export const ORDERS: ThreadOrders = { reserve: 1, write: 2, end: 3 };

/** What the thread is given when it starts. */
export interface ThreadData {
  readonly layout: ThreadLayout;
  readonly orders: ThreadOrders;
  /** Words of 32 bits. Not a view: Deno takes half a second to hand over one of some megabytes. */
  readonly words: SharedArrayBuffer;
  /** How many places for orders there are. */
  readonly placeCount: number;
  /** What is to be written, as much for each of the places. */
  readonly memory: SharedArrayBuffer;
  /** Path of the directory. */
  readonly directory: string;
}

/** Answer to the order of that serial number; anything but the number alone says what went wrong. */
export type ThreadAnswer = number | {
  readonly serial: number;
  /** How it ended: as in `IoResult`. */
  readonly kind: "no_space" | "skipped" | "failed";
  readonly code?: string | undefined;
  readonly message?: string;
};

/** The calls of `node:fs` that the thread makes, what `node:process` says of the system, and a clock. */
export interface ThreadFiles {
  readonly platform: string;
  readonly constants: { readonly O_RDONLY: number; readonly O_RDWR: number };
  openSync(path: string, flags: number): number;
  writeSync(file: number, bytes: Uint8Array, from: number, length: number, at: number): number;
  fdatasyncSync(file: number): void;
  fsyncSync(file: number): void;
  fstatSync(file: number): { readonly size: number };
  ftruncateSync(file: number, size: number): void;
  closeSync(file: number): void;
  /** Milliseconds since an arbitrary moment. */
  nowMs(): number;
}

/** Carries out the order of that serial number. Returns whether the thread goes on. */
export type ThreadStep = (serial: number, answer: (answer: ThreadAnswer) => void) => boolean;

/** The text that a thread is started from: a script in which `require` is at hand. */
export function threadProgram(): string {
  return `"use strict";
const { parentPort, workerData } = require("node:worker_threads");
const { platform } = require("node:process");
const nowMs = () => performance.now();
const step = (${logThreadStep})(workerData, { ...require("node:fs"), platform, nowMs });
const { layout: { serial } } = workerData;
const words = new Int32Array(workerData.words);
parentPort.postMessage(0);
for (let seen = 0, goesOn = true; goesOn;) {
  while (Atomics.load(words, serial) === seen) Atomics.wait(words, serial, seen);
  seen = (seen + 1) | 0;
  goesOn = step(seen, (answer) => parentPort.postMessage(answer));
}
`;
}

/** What carries out the orders in shared memory, the next one at each call. */
export function logThreadStep(data: ThreadData, files: ThreadFiles): ThreadStep {
  const { layout, orders, placeCount, directory } = data;
  const words = new Int32Array(data.words);
  const memory = new Uint8Array(data.memory);
  const placeBytes = memory.length / placeCount;
  /** By number of the file. */
  const descriptors = new Map<number, number>();
  let brokenRound: number | undefined;

  function close(file: number): void {
    const descriptor = descriptors.get(file);
    descriptors.delete(file);
    if (descriptor !== undefined) files.closeSync(descriptor);
  }

  /** Whoever hears of the first failure needs no second one. */
  function closeAnyway(file: number): void {
    try {
      close(file);
    } catch {
      // It is not open any more: nobody closes a file twice.
    }
  }

  /** Whatever becomes of one file, the others are closed, too. The first failure is told. */
  function closeAll(failed: (error: unknown) => void): void {
    let hasFailed = false;
    for (const file of [...descriptors.keys()]) {
      try {
        close(file);
      } catch (error) {
        if (!hasFailed) failed(error);
        hasFailed = true;
      }
    }
  }

  function told(error: unknown): { readonly code: string | undefined; readonly message: string } {
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    return { code, message: message ?? String(error) };
  }

  function writeFrom(descriptor: number, bytes: Uint8Array, start: number, at: number): void {
    for (let done = start; done < bytes.length;) {
      const count = files.writeSync(descriptor, bytes, done, bytes.length - done, at + done);
      if (count === 0) throw new Error(`The write at ${at + done} did nothing`);
      done += count;
    }
  }

  /** Takes back what there was room for of bytes that do not fit, as a log without a thread does. */
  function takeBack(descriptor: number, at: number, done: number, end: number): boolean {
    try {
      const { size } = files.fstatSync(descriptor);
      if (size >= end) return done === 0;
      if (size > at) {
        writeFrom(descriptor, new Uint8Array(Math.min(64, size - at)), 0, at);
        files.fdatasyncSync(descriptor);
        files.ftruncateSync(descriptor, at);
        files.fdatasyncSync(descriptor);
      }
      return true;
    } catch {
      return false;
    }
  }

  function syncDirectory(): void {
    // Windows opens no directory this way; its file systems keep a journal of names by themselves.
    if (files.platform === "win32") return;
    const descriptor = files.openSync(directory, files.constants.O_RDONLY);
    try {
      files.fsyncSync(descriptor);
    } finally {
      files.closeSync(descriptor);
    }
  }

  return (serial, answer) => {
    const place = (serial >>> 0) % placeCount;
    const firstWord = layout.places + place * layout.placeWords;
    const word = (at: number): number => Atomics.load(words, firstWord + at);
    const order = word(layout.order);
    if (order === orders.end) {
      closeAll((error) => answer({ serial, kind: "failed", ...told(error) }));
      return false;
    }
    const round = word(layout.round);
    /** Sees to it that nothing is left of what was written; false: nobody can. Nothing was, at first. */
    let isUndone = (): boolean => true;
    try {
      // In any case: it is not counted among the open ones any more.
      close(word(layout.closes));
      if (round === brokenRound) {
        answer({ serial, kind: "skipped" });
        return true;
      }
      const file = word(layout.file);
      const start = place * placeBytes;
      const end = start + word(layout.length);
      const pathEnd = end + word(layout.pathLength);
      if (pathEnd > end) {
        // A decoder takes no shared memory.
        const path = new TextDecoder().decode(memory.slice(end, pathEnd));
        descriptors.set(file, files.openSync(path, files.constants.O_RDWR));
      }
      const bytes = memory.subarray(start, end);
      const at = (word(layout.at[0]) >>> 0) + word(layout.at[1]) * 0x1_0000_0000;
      const startMs = files.nowMs();
      const descriptor = descriptors.get(file)!;
      if (order === orders.reserve) {
        writeFrom(descriptor, new Uint8Array(bytes.length), 0, at);
        syncDirectory();
      } else {
        let first = 0;
        isUndone = () => takeBack(descriptor, at, first, at + bytes.length);
        first = files.writeSync(descriptor, bytes, 0, bytes.length, at);
        if (first < bytes.length) writeFrom(descriptor, bytes, first, at);
        isUndone = () => false;
        files.fdatasyncSync(descriptor);
      }
      Atomics.store(words, firstWord + layout.tookUs, (files.nowMs() - startMs) * 1_000);
      answer(serial);
    } catch (error) {
      brokenRound = round;
      const { code, message } = told(error);
      const isNoSpace = (code === "ENOSPC" || code === "EDQUOT") && isUndone();
      // What was not done has opened nothing: the next order for that file brings its path again.
      if (word(layout.pathLength) > 0) closeAnyway(word(layout.file));
      answer({ serial, kind: isNoSpace ? "no_space" : "failed", code, message });
    }
    return true;
  };
}
