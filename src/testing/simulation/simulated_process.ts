/**
 * A process on a simulated machine, and how it is gone once that has crashed.
 *
 * @module
 */
import type { Store } from "../../engine/mod.ts";
import type { SimulatedDisk } from "../../files/mod.ts";
import type { Alarm, Clock, ManualTime, Random, Time } from "../../time/mod.ts";

/** The process that `start()` of a {@linkcode Scenario} is called in. */
export interface SimulatedProcess {
  /** 1 for the first process of a run, one more after every crash. */
  readonly number: number;
  /** Resolves after `ms` of simulated time; never if the process ends before. */
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * One process. Code cannot be taken out of a runtime, but it can be left without anything: when the
 * process has ended, none of its alarms rings, none of its tasks runs, and no call of its store
 * settles. What its code does until it next waits for one of these has happened before the crash.
 */
export class MortalProcess implements SimulatedProcess {
  readonly number: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** The time of the machine, for as long as the process lives. */
  readonly time: Time;
  readonly #disk: SimulatedDisk;
  #hasEnded = false;

  /** A process that begins now, on a machine that runs. */
  constructor(number: number, disk: SimulatedDisk, time: ManualTime) {
    this.number = number;
    this.#disk = disk;
    this.time = new MortalTime(this, time);
    this.sleep = (ms) =>
      new Promise((resolve) => {
        this.time.alarm(resolve).set(time.clock.monotonicMs() + ms);
      });
  }

  /** Whether it is gone. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.#disk.isOff;
  }

  /** It is gone, also when the machine runs again. */
  end(): void {
    this.#hasEnded = true;
  }

  /** The store as code of this process sees it. */
  holds(store: Store): Store {
    return this.#mortal(store);
  }

  /** An object whose calls do not settle any more when the process has ended. */
  #mortal<T extends object>(whole: T): T {
    return new Proxy(whole, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member === "function") {
          return (...args: unknown[]) => this.#answer(Reflect.apply(member, target, args));
        }
        return name === "kv" ? this.#mortal(member as object) : member;
      },
    });
  }

  #answer(answer: unknown): unknown {
    if (answer instanceof Promise) return this.#whileAlive(answer);
    const isStream = typeof answer === "object" && answer !== null &&
      Symbol.asyncIterator in answer;
    return isStream ? this.#mortal(answer) : answer;
  }

  #whileAlive(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => this.hasEnded || resolve(value),
        (error) => this.hasEnded || reject(error),
      );
    });
  }
}

/** Time that stops with a process. */
class MortalTime implements Time {
  readonly clock: Clock;
  readonly random: Random;
  readonly manual = true;
  readonly #process: MortalProcess;
  readonly #time: Time;

  constructor(process: MortalProcess, time: Time) {
    this.clock = time.clock;
    this.random = time.random;
    this.#process = process;
    this.#time = time;
  }

  alarm(ring: () => void): Alarm {
    return this.#time.alarm(() => this.#process.hasEnded || ring());
  }

  defer(task: () => void): void {
    this.#time.defer(() => this.#process.hasEnded || task());
  }
}
