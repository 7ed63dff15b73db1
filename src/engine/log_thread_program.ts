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
  /** Goes up with every order. */
  readonly serial: number;
  /** What is to be done; a number of {@linkcode ThreadOrders}. */
  readonly order: number;
  /** The number of a file. */
  readonly file: number;
  /** The number of a file that is closed before another one is opened, or 0. */
  readonly closes: number;
  /** How many bytes of the shared memory. */
  readonly length: number;
  /** Where in the file: the lower and the upper 32 bits. */
  readonly at: readonly [low: number, high: number];
  /** How long the last order took that was done, in microseconds; the thread says so. */
  readonly tookUs: number;
}

/** What can be ordered. */
export interface ThreadOrders {
  /** Opens the file whose path is in memory. */
  readonly open: number;
  /** Writes zeros to the start of a file and syncs the directory. */
  readonly reserve: number;
  /** Writes what is in memory, and syncs the file. */
  readonly write: number;
  /** Closes all files and ends. */
  readonly end: number;
}

/** What the thread is given when it starts. */
export interface ThreadData {
  readonly layout: ThreadLayout;
  readonly orders: ThreadOrders;
  /** Words of 32 bits. Not a view: Deno takes half a second to hand over one of some megabytes. */
  readonly words: SharedArrayBuffer;
  /** What is to be written. */
  readonly memory: SharedArrayBuffer;
  /** Path of the directory. */
  readonly directory: string;
}

/** Answer to the order of that serial number; anything but the number alone says what went wrong. */
export type ThreadAnswer = number | {
  readonly serial: number;
  /** Whether nothing was written for want of space. */
  readonly isNoSpace: boolean;
  readonly code: string | undefined;
  readonly message: string;
};

/** The calls of `node:fs` that the thread makes, what `node:process` says of the system, and a clock. */
export interface ThreadFiles {
  readonly platform: string;
  readonly constants: { readonly O_RDONLY: number; readonly O_RDWR: number };
  openSync(path: string, flags: number): number;
  writeSync(file: number, bytes: Uint8Array, from: number, length: number, at: number): number;
  fdatasyncSync(file: number): void;
  fsyncSync(file: number): void;
  closeSync(file: number): void;
  /** Milliseconds since an arbitrary moment. */
  nowMs(): number;
}

/** Carries out one order. Returns whether the thread goes on. */
export type ThreadStep = (answer: (answer: ThreadAnswer) => void) => boolean;

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
for (let seen = 0, goesOn = true; goesOn; seen = (seen + 1) | 0) {
  while (Atomics.load(words, serial) === seen) Atomics.wait(words, serial, seen);
  goesOn = step((answer) => parentPort.postMessage(answer));
}
`;
}

/** What carries out the orders in shared memory, one at each call. */
export function logThreadStep(data: ThreadData, files: ThreadFiles): ThreadStep {
  const { layout, orders, directory } = data;
  const words = new Int32Array(data.words);
  const memory = new Uint8Array(data.memory);
  /** By number of the file. */
  const descriptors = new Map<number, number>();
  const word = (at: number): number => Atomics.load(words, at);

  function open(file: number, path: string): void {
    const closes = word(layout.closes);
    const descriptor = descriptors.get(closes);
    descriptors.delete(closes);
    if (descriptor !== undefined) files.closeSync(descriptor);
    descriptors.set(file, files.openSync(path, files.constants.O_RDWR));
  }

  function writeFrom(descriptor: number, bytes: Uint8Array, start: number, at: number): void {
    for (let done = start; done < bytes.length;) {
      const count = files.writeSync(descriptor, bytes, done, bytes.length - done, at + done);
      if (count === 0) throw new Error(`The write at ${at + done} did nothing`);
      done += count;
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

  return (answer) => {
    const serial = word(layout.serial);
    let isWhole = true;
    try {
      const order = word(layout.order);
      const file = word(layout.file);
      const bytes = memory.subarray(0, word(layout.length));
      const at = (word(layout.at[0]) >>> 0) + word(layout.at[1]) * 0x1_0000_0000;
      if (order === orders.end) {
        for (const descriptor of descriptors.values()) files.closeSync(descriptor);
        return false;
      }
      if (order === orders.open) {
        // A decoder takes no shared memory.
        open(file, new TextDecoder().decode(bytes.slice()));
        answer(serial);
        return true;
      }
      const startMs = files.nowMs();
      const descriptor = descriptors.get(file)!;
      if (order === orders.reserve) {
        writeFrom(descriptor, new Uint8Array(bytes.length), 0, at);
        syncDirectory();
      } else {
        const first = files.writeSync(descriptor, bytes, 0, bytes.length, at);
        isWhole = false;
        if (first < bytes.length) writeFrom(descriptor, bytes, first, at);
        files.fdatasyncSync(descriptor);
      }
      Atomics.store(words, layout.tookUs, (files.nowMs() - startMs) * 1_000);
      answer(serial);
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message?: string };
      const isNoSpace = isWhole && (code === "ENOSPC" || code === "EDQUOT");
      answer({ serial, isNoSpace, code, message: message ?? String(error) });
    }
    return true;
  };
}
