/**
 * What is written besides frames, and when its turn is.
 *
 * @module
 */

import { isNoSpace } from "../file_fault.ts";
import type { IoResult } from "./segment_io.ts";

/** While frames wait, so many of them are written before it is the turn of something else. */
const FRAMES_PER_JOB = 4;

/** Something to be written that no caller waits for. */
interface Job {
  readonly act: (done: (result: IoResult) => void) => void;
  readonly resolve: (hasRoom: boolean) => void;
  readonly reject: (why: Error) => void;
}

/** Jobs in a line. Frames go first, mostly. */
export class SideWork {
  #jobs: Job[] = [];
  #framesSince = 0;
  #rolls: (() => void)[] = [];

  /** Adds a job. Resolves to whether there was room for it; rejects if the log ends before. */
  add(act: Job["act"]): Promise<boolean> {
    return new Promise((resolve, reject) => this.#jobs.push({ act, resolve, reject }));
  }

  /** Whether a job is to be done next. */
  isDue(frameWaits: boolean): boolean {
    return this.#jobs.length > 0 && (!frameWaits || this.#framesSince >= FRAMES_PER_JOB);
  }

  /** A frame has been written. */
  framePassed(): void {
    this.#framesSince += 1;
  }

  /**
   * Begins the first job. It stays in the line until `finish()`. Nothing has been entrusted to what it
   * writes, so if there is no room for all of it, a part of it does no harm.
   */
  begin(done: (result: IoResult) => void): void {
    this.#framesSince = 0;
    this.#jobs[0]!.act((result) =>
      done(result.kind === "failed" && isNoSpace(result.cause) ? { kind: "no_space" } : result)
    );
  }

  /** Ends the first job. */
  finish(hasRoom: boolean): void {
    this.#jobs.shift()?.resolve(hasRoom);
  }

  /** Asks for a new segment. Resolves when there is one, or will be none. */
  roll(): Promise<void> {
    return new Promise((resolve) => this.#rolls.push(resolve));
  }

  /** Whether somebody waits for a new segment, however small the open one is. */
  get wantsRoll(): boolean {
    return this.#rolls.length > 0;
  }

  /** There is a new segment, or will be none. */
  endRolls(): void {
    const rolls = this.#rolls;
    this.#rolls = [];
    for (const resolve of rolls) resolve();
  }

  /** Nothing more will be written. */
  end(why: Error): void {
    this.endRolls();
    const jobs = this.#jobs;
    this.#jobs = [];
    for (const { reject } of jobs) reject(why);
  }
}
