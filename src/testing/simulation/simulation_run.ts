/**
 * One run of a simulation: processes, one after the other, on a machine that crashes.
 *
 * @module
 */
import { type OpenOptions, openStore, type Store } from "../../engine/mod.ts";
import type { Ending, SimulatedDisk } from "../../files/mod.ts";
import { type ManualTime, manualTime, type Random } from "../../time/mod.ts";
import { simulatedDisk } from "../simulated_disk.ts";
import type { Crash } from "./crash_plan.ts";
import type { Scenario } from "./scenario.ts";
import { MortalProcess } from "./simulated_process.ts";

/** How a run goes. */
export interface RunOptions {
  /** For how long a process goes on if nothing ends it. */
  readonly processMs: number;
  /** How every store of the run is opened. */
  readonly store: Omit<OpenOptions, "dir" | "files" | "time">;
  /** Decides everything that is left to chance. */
  readonly random: Random;
}

/** One run. */
export class SimulationRun {
  /** What became of each process that has ended, in words. */
  readonly story: string[] = [];
  /** How many processes have ended by loss of power, and how many were killed. */
  readonly endingCounts: Record<Ending, number> = { power: 0, kill: 0 };
  readonly #options: RunOptions;
  readonly #disk: SimulatedDisk;
  readonly #time: ManualTime;
  #callCount = 0;

  /** A run on a machine that is new. */
  constructor(options: RunOptions) {
    this.#options = options;
    this.#disk = simulatedDisk({ seed: options.random.u32() });
    this.#time = manualTime({ seed: options.random.u32() });
  }

  /** Calls that have changed the disk, until the last process had come to its end. */
  get callCount(): number {
    return this.#callCount;
  }

  /** Lets processes crash as planned, and the last one come to its end. Rejects as the scenario does. */
  async finish(scenario: Scenario, crashes: readonly Crash[]): Promise<void> {
    let files = this.#disk.directory();
    for (const [index, crash] of [...crashes, undefined].entries()) {
      if (crash !== undefined) this.#disk.cutAfter(crash.afterCalls, { ending: crash.ending });
      const process = new MortalProcess(index + 1, this.#disk, this.#time);
      const callsBefore = this.#disk.mutationCount;
      const main = new Main(process, async (): Promise<Store> => {
        const store = await openStore({ ...this.#options.store, files, time: process.time });
        await scenario.start(process.holds(store), process);
        return store;
      });
      await this.#passTime(main);
      if (!this.#disk.isOff) return await this.#conclude(scenario, main);
      process.end();
      // What its code has begun comes to its next wait.
      await this.#time.advance(0);
      this.#note(process, crash!, this.#disk.mutationCount - callsBefore);
      await this.#time.advance(crash!.downMs);
      files = this.#disk.restart();
    }
  }

  /** Time passes until the process has had all of its own, has failed, or is gone. */
  async #passTime(main: Main): Promise<void> {
    const nowMs = (): number => this.#time.clock.monotonicMs();
    const endMs = nowMs() + this.#options.processMs;
    await this.#time.advance(0);
    while (!this.#disk.isOff && !main.hasFailed && nowMs() < endMs) {
      // From alarm to alarm: nothing goes on for the rest of its time after a crash.
      const nextMs = Math.min(this.#time.nextAlarmMs ?? Infinity, endMs);
      await this.#time.advance(Math.max(0, nextMs - nowMs()));
    }
  }

  async #conclude(scenario: Scenario, main: Main): Promise<void> {
    // A crash that has not struck comes too late.
    this.#disk.disarm();
    this.#callCount = this.#disk.mutationCount;
    const store = main.store(this.#options.processMs);
    await scenario.check(store);
    await store.close();
  }

  #note({ number }: MortalProcess, { ending, downMs }: Crash, calls: number): void {
    this.endingCounts[ending]++;
    const what = ending === "power" ? "lost power" : "was killed";
    this.story.push(
      `Process ${number} ${what} within call ${calls} of those that change the disk: ` +
        `${this.#disk.lastCall}. The next one began ${downMs} ms later`,
    );
  }
}

/** What a process does first: opening its store, and what the scenario starts. */
class Main {
  #store: Store | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(process: MortalProcess, begin: () => Promise<Store>) {
    begin().then(
      (store) => this.#store = store,
      (error) => {
        // Opening a store on a machine that is off rejects as well.
        if (!process.hasEnded) this.#failure = { error };
      },
    );
  }

  /** Whether it has ended with an error. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** The store, once it has come to its end; otherwise it throws. */
  store(withinMs: number): Store {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#store !== undefined) return this.#store;
    throw new Error(
      `start() has not come to its end in ${withinMs} ms of simulated time. Time does not wait for ` +
        "anything real, such as files, network or timers: let fakes answer at once, or after sleep() " +
        "of the process. Does it wait for something that happens later? Raise processMs",
    );
  }
}
