/**
 * How a simulation says what it has found.
 *
 * @module
 */

/** What is known of a run that has failed. */
export interface FailedRun {
  /** Its number; 0 is the run without a crash. */
  readonly run: number;
  /** How many runs there were to be. */
  readonly runs: number;
  /** The seed of the simulation. */
  readonly seed: number;
  /** What became of its processes, in order. */
  readonly story: readonly string[];
}

/** Thrown by `simulate()` for a run that failed: by its check, by its start, or by the store. */
export class SimulationFailure extends Error {
  /** Always `"SimulationFailure"`. */
  override readonly name: string = "SimulationFailure";
  /** The run that has failed; 0 is the one without a crash. */
  readonly run: number;
  /** The seed of the simulation. */
  readonly seed: number;
  /** What became of the processes of the run, in order: a line for each that has crashed. */
  readonly story: readonly string[];

  /** The failure of a run, with the error as its cause. */
  constructor({ run, runs, seed, story }: FailedRun, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const title = run === 0 ? "The run without a crash failed" : `Run ${run} of ${runs} failed`;
    const replay = `simulate(scenario, { seed: ${seed}, runs: ${runs}, only: ${run} })`;
    super([`${title}: ${reason}`, ...story, `To see it again: ${replay}`].join("\n"), { cause });
    this.run = run;
    this.seed = seed;
    this.story = story;
  }
}
