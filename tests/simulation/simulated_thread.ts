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
  /** Whether it writes also what stands on something that it has not written. Default false. */
  readonly isHeedless?: boolean;
}

/** An end of a thread: before it does something, before it says so, or once it is idle after that. */
export interface ThreadDeath {
  readonly order: number;
  readonly moment: "before" | "between" | "after";
}

const MOMENTS = ["before", "between", "after"] as const;

/** Writes that are under way: one that is carried out, and one that waits. */
const WRITES_MAX = 2;

/** The most turns that a step takes. */
const TURNS_MAX = 3;

/** Of a hundred writes, how many are done inline although there is a thread. */
const SHORT_CUT_PERCENT = 20;

/** Something that the thread is told to do. */
interface Order {
  /** The thread carries out nothing of a round in which something was not done. */
  readonly round: number;
  readonly target: SegmentFile;
  readonly act: (file: SegmentFile, answer: (result: IoResult) => void) => void;
  readonly done: (result: IoResult) => void;
  readonly death: ThreadDeath["moment"] | undefined;
  /** What came of it, once it was carried out. */
  result?: IoResult;
}

/** Inline until it is started, as a real thread is. */
export class SimulatedThread implements SegmentIo {
  readonly #options: SimulatedThreadOptions;
  readonly #inline: InlineIo;
  /** The thread's own, by those of the log: files are not shared between isolates. */
  readonly #files = new Map<FileHandle, FileHandle>();
  #orderCount = 0;
  /** What was not answered, the oldest first. */
  #orders: Order[] = [];
  #round = 0;
  #brokenRound = -1;
  #isStarted = false;
  #isEnded = false;
  #isActing = false;
  #isTelling = false;
  #isAnswering = false;
  #onFailed: (cause: unknown) => void = () => {};

  constructor(options: SimulatedThreadOptions) {
    this.#options = options;
    this.#inline = new InlineIo(options.directory, "The thread has not been started");
  }

  get mode(): LogMode {
    return this.#isStarted ? { kind: "thread" } : this.#inline.mode;
  }

  get writesMax(): number {
    return this.#isStarted ? WRITES_MAX : 1;
  }

  /** From now on nothing is done at once any more. */
  start(): void {
    this.#isStarted = true;
  }

  reserve(target: SegmentFile, done: (result: IoResult) => void): void {
    if (!this.#isStarted) return this.#inline.reserve(target, done);
    if (this.#orders.length > 0) throw new Error("The thread is told to reserve beside something");
    this.#give(target, done, (file, answer) => this.#inline.reserve(file, answer));
  }

  write(target: SegmentFile, write: SegmentWrite, done: (result: IoResult) => void): void {
    if (!this.#isStarted || this.#takesShortCut()) return this.#inline.write(target, write, done);
    if (this.#orders.length === WRITES_MAX) throw new Error("The thread is told too much at once");
    const memory = new Uint8Array(write.length);
    write.fill(memory);
    const copied = { ...write, fill: (bytes: Uint8Array) => bytes.set(memory) };
    this.#give(target, done, (file, answer) => this.#inline.write(file, copied, answer));
  }

  onFailed(listener: (cause: unknown) => void): void {
    this.#onFailed = listener;
  }

  close(): void | Promise<void> {
    if (this.#orders.length > 0) {
      throw new Error("The thread is ended while it has something to do");
    }
    this.#isEnded = true;
    for (const file of this.#files.values()) file.close();
    return this.#isStarted ? Promise.resolve() : undefined;
  }

  #give(target: SegmentFile, done: Order["done"], act: Order["act"]): void {
    if (this.#isEnded) return done(dead());
    this.#orders.push({ round: this.#round, target, act, done, death: this.#drawDeath() });
    this.#actLater();
  }

  /** Carries out the next order, whether or not the last one was answered. */
  #actLater(): void {
    const order = this.#orders.find(({ result }) => result === undefined);
    if (order === undefined || this.#isActing) return;
    this.#isActing = true;
    this.#later(() => {
      this.#isActing = false;
      if (this.#isEnded) return;
      if (order.death === "before") return this.#die();
      order.result = this.#carriedOut(order);
      const { isHeedless = false } = this.#options;
      if (order.result.kind !== "done" && !isHeedless) this.#brokenRound = order.round;
      this.#tellLater();
      this.#actLater();
    });
  }

  #carriedOut({ round, target, act }: Order): IoResult {
    if (round === this.#brokenRound) return { kind: "skipped" };
    const file = this.#own(target);
    if (file instanceof Error) return { kind: "failed", cause: file };
    let result: IoResult | undefined;
    act(file, (given) => result = given);
    return result!;
  }

  /** Answers the oldest order, once it is carried out. */
  #tellLater(): void {
    if (this.#orders[0]?.result === undefined || this.#isTelling) return;
    this.#isTelling = true;
    this.#later(() => {
      this.#isTelling = false;
      if (this.#isEnded) return;
      const { result, done, death } = this.#orders[0]!;
      if (death === "between") return this.#die();
      if (death === "after") this.#later(() => this.#dieIdle());
      this.#orders.shift();
      if (result!.kind !== "done") this.#round += 1;
      this.#answer(done, result!);
      this.#tellLater();
    });
  }

  #answer(done: Order["done"], result: IoResult): void {
    this.#isAnswering = true;
    done(result);
    this.#isAnswering = false;
  }

  /** Whether a write is not worth the way to the thread. */
  #takesShortCut(): boolean {
    return this.#orders.length === 0 && !this.#isEnded && !this.#isAnswering &&
      randomBelow(this.#options.random, 100) < SHORT_CUT_PERCENT;
  }

  /** Where in this order the thread ends, if it does. */
  #drawDeath(): ThreadDeath["moment"] | undefined {
    const { random, death, deathPercent = 0 } = this.#options;
    const order = this.#orderCount++;
    if (randomBelow(random, 100) < deathPercent) return MOMENTS[randomBelow(random, 3)];
    return death?.order === order ? death.moment : undefined;
  }

  /** Nobody hears any more what came of what was under way. */
  #die(): void {
    this.#isEnded = true;
    for (const file of this.#files.values()) file.close();
    const orders = this.#orders;
    this.#orders = [];
    for (const { done } of orders) this.#answer(done, dead());
  }

  #dieIdle(): void {
    if (this.#isEnded) return;
    if (this.#orders.length > 0) return this.#later(() => this.#dieIdle());
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
