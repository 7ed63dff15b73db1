/**
 * A log thread whose steps are in the hand of a simulation: it does what it is told some turns
 * later, answers some turns after that, and may end at any moment.
 *
 * @module
 */

import type { Directory, FileHandle } from "../../src/files/mod.ts";
import {
  InlineIo,
  type IoResult,
  type LogMode,
  type SegmentFile,
  type SegmentIo,
  type SegmentWrite,
} from "../../src/log/mod.ts";
import { type Random, randomBelow, type Time } from "../../src/time/mod.ts";

/** How a thread behaves. */
export interface SimulatedThreadOptions {
  /** What it writes to. */
  readonly directory: Directory;
  /** Whose turns go by. */
  readonly time: Time;
  /** Decides how many, and when it ends. */
  readonly random: Random;
  /** Of a hundred orders, how many are its last. Default 0. */
  readonly deathPercent?: number;
  /** The order that is its last, from 0, and how far it comes with it. Default: chance decides. */
  readonly death?: ThreadDeath | undefined;
}

/** An end of a thread: before it does something, before it says so, or once it is idle after that. */
export interface ThreadDeath {
  readonly order: number;
  readonly moment: "before" | "between" | "after";
}

const MOMENTS = ["before", "between", "after"] as const;

/** The most turns that a step takes. */
const TURNS_MAX = 3;

/** Of a hundred writes, how many are done inline although there is a thread. */
const SHORT_CUT_PERCENT = 20;

/** Inline until it is started, as a real thread is. */
export class SimulatedThread implements SegmentIo {
  readonly #options: SimulatedThreadOptions;
  readonly #inline: InlineIo;
  /** The thread's own, by those of the log: files are not shared between isolates. */
  readonly #files = new Map<FileHandle, FileHandle>();
  #orderCount = 0;
  #isStarted = false;
  #isEnded = false;
  #isBusy = false;
  #isAnswering = false;
  #onFailed: (cause: unknown) => void = () => {};

  constructor(options: SimulatedThreadOptions) {
    this.#options = options;
    this.#inline = new InlineIo(options.directory, "The thread has not been started");
  }

  get mode(): LogMode {
    return this.#isStarted ? { kind: "thread" } : this.#inline.mode;
  }

  /** From now on nothing is done at once any more. */
  start(): void {
    this.#isStarted = true;
  }

  reserve(target: SegmentFile, done: (result: IoResult) => void): void {
    if (!this.#isStarted) return this.#inline.reserve(target, done);
    this.#do(target, done, (file, answer) => this.#inline.reserve(file, answer));
  }

  write(target: SegmentFile, write: SegmentWrite, done: (result: IoResult) => void): void {
    if (!this.#isStarted || this.#takesShortCut()) return this.#inline.write(target, write, done);
    const memory = new Uint8Array(write.length);
    write.fill(memory);
    const copied = { ...write, fill: (bytes: Uint8Array) => bytes.set(memory) };
    this.#do(target, done, (file, answer) => this.#inline.write(file, copied, answer));
  }

  onFailed(listener: (cause: unknown) => void): void {
    this.#onFailed = listener;
  }

  close(): void | Promise<void> {
    this.#isEnded = true;
    for (const file of this.#files.values()) file.close();
    return this.#isStarted ? Promise.resolve() : undefined;
  }

  #do(
    target: SegmentFile,
    done: (result: IoResult) => void,
    act: (file: SegmentFile, answer: (result: IoResult) => void) => void,
  ): void {
    if (this.#isBusy) throw new Error("The thread is told to do two things at once");
    if (this.#isEnded) return done(dead());
    this.#isBusy = true;
    const answer = (result: IoResult): void => {
      this.#isBusy = false;
      this.#isAnswering = true;
      done(result);
      this.#isAnswering = false;
    };
    const death = this.#drawDeath();
    this.#later(() => {
      if (death === "before") return answer(this.#die());
      const answerLater = (result: IoResult): void =>
        this.#later(() => {
          if (death === "between") return answer(this.#die());
          if (death === "after") this.#later(() => this.#dieIdle());
          answer(result);
        });
      const file = this.#own(target);
      if (file instanceof Error) answerLater({ kind: "failed", cause: file });
      else act(file, answerLater);
    });
  }

  /** Whether a write is not worth the way to the thread. */
  #takesShortCut(): boolean {
    if (this.#isBusy) throw new Error("Two things are written at once");
    return !this.#isEnded && !this.#isAnswering &&
      randomBelow(this.#options.random, 100) < SHORT_CUT_PERCENT;
  }

  /** Where in this order the thread ends, if it does. */
  #drawDeath(): ThreadDeath["moment"] | undefined {
    const { random, death, deathPercent = 0 } = this.#options;
    const order = this.#orderCount++;
    if (randomBelow(random, 100) < deathPercent) return MOMENTS[randomBelow(random, 3)];
    return death?.order === order ? death.moment : undefined;
  }

  #die(): IoResult {
    this.#isEnded = true;
    for (const file of this.#files.values()) file.close();
    return dead();
  }

  #dieIdle(): void {
    if (this.#isEnded) return;
    if (this.#isBusy) return this.#later(() => this.#dieIdle());
    this.#die();
    this.#onFailed(new Error("The thread has ended while it was idle"));
  }

  #own({ name, file: theirs }: SegmentFile): SegmentFile | Error {
    try {
      const file = this.#files.get(theirs) ?? this.#options.directory.open(name);
      this.#files.set(theirs, file);
      return { name, file };
    } catch (error) {
      return error as Error;
    }
  }

  /** Some turns later. */
  #later(act: () => void): void {
    let turnCount = randomBelow(this.#options.random, TURNS_MAX + 1);
    const turn = (): void => {
      if (turnCount-- > 0) this.#options.time.defer(turn);
      else act();
    };
    this.#options.time.defer(turn);
  }
}

function dead(): IoResult {
  return { kind: "failed", cause: new Error("The thread has ended") };
}
