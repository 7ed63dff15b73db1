/**
 * What a simulation simulates.
 *
 * @module
 */
import type { Store } from "../../engine/mod.ts";
import type { Random } from "../../time/mod.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

/** A program, and what has to be so when it has come to its end. */
export interface Scenario {
  /**
   * What the program does whenever it starts: it has an open store then, as a crash has left it. It
   * makes what it has to, so that doing it again does no harm, and starts its workers.
   */
  start(store: Store, self: SimulatedProcess): Promise<unknown> | void;
  /** Looks at the end whether all is as it should be, and throws if not. */
  check(store: Store): Promise<unknown> | void;
}

/** What a scenario is made for. */
export interface ScenarioContext {
  /** 0 for the run without a crash, otherwise the number of the run, from 1 on. */
  readonly run: number;
  /** Randomness that is the same when the run is repeated, for a scenario that differs by run. */
  readonly random: Random;
}

/**
 * Makes a scenario for one run. What it keeps outside `start()` outlives crashes, as a database or a
 * mail server does that belongs to somebody else.
 */
export type ScenarioFactory = (context: ScenarioContext) => Scenario | Promise<Scenario>;
