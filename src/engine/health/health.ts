/**
 * Whether a store gets on with its work.
 *
 * @module
 */
import type { Overload, OverloadReason } from "../calls/admission.ts";
import type { Shards } from "../shards.ts";
import { SAVE_FIRST } from "../verify/damage_report.ts";
import { inWords } from "./duration.ts";

/** A commit that has been under way for longer shows that the disk does not answer. */
const COMMIT_MS_MAX = 5_000;

/** A clock that was set back further than this is worth a look: due times come late. */
const CLOCK_AHEAD_MS_MAX = 10_000;

/** Retentions that were over for longer than this, and two intervals of the sweeper, pile up. */
const SWEEP_BEHIND_MS_MAX = 300_000;

/** What may be wrong with a store. Codes are API. */
export type HealthProblemCode =
  /** The store has failed or was closed: it serves nothing. */
  | "not_serving"
  /** Bytes are not what was written: the store goes on, and may not open again once it is closed. */
  | "damaged"
  /** New work is refused; see `overload`. */
  | "overloaded"
  /** The reserve on the disk was used up or could not be taken. */
  | "no_ballast"
  /** The system lets the log begin no new file: it goes on in the last one, which grows. */
  | "segment_refused"
  /** A commit has been under way for more than five seconds. */
  | "slow_commit"
  /** The wall clock is more than ten seconds behind the time of the store. */
  | "clock_ahead"
  /** Flows whose retention is over are not removed in time. */
  | "sweeper_behind"
  /** The last merge in the background did not end well: the log grows. */
  | "merge_failed"
  /**
   * A flow that is due, or that is to be removed, or what one shard tells another about a flow, cannot
   * be read from the log; it is tried again.
   */
  | "flow_unreadable"
  /** The last checkpoint in the background did not end well: opening will take longer. */
  | "checkpoint_failed";

/** One thing that is wrong. */
export interface HealthProblem {
  /** What, for programs. */
  readonly code: HealthProblemCode;
  /** What, for people. */
  readonly message: string;
}

/** Whether a store gets on with its work, at one moment. */
export interface StoreHealth {
  /** `ok`; `degraded`: it serves, and somebody should look; `failed`: it serves nothing. */
  readonly status: "ok" | "degraded" | "failed";
  /** What is wrong, the worst first; empty if nothing is. */
  readonly problems: readonly HealthProblem[];
  /** Why new work is refused, null if it is not. */
  readonly overload: OverloadReason | null;
  /** For how long the oldest commit has been under way, in milliseconds; 0 if none is. */
  readonly oldestCommitMs: number;
  /** How far the time of the store is ahead of the wall clock, in milliseconds. */
  readonly clockAheadMs: number;
  /** For how long the oldest retention has been over that was not swept, in milliseconds. */
  readonly sweepBehindMs: number;
}

/** The health of a store. Costs as much as there are shards, whatever is in them. */
export function healthOf(shards: Shards): StoreHealth {
  const { ended, admission, vitals: { oldestCommitMs, clockAheadMs } } = shards;
  const overload = ended === undefined ? admission.overload() : undefined;
  const problems = problemsOf(shards, overload);
  return {
    status: ended !== undefined ? "failed" : problems.length > 0 ? "degraded" : "ok",
    problems,
    overload: overload?.reason ?? null,
    oldestCommitMs: ended === undefined ? oldestCommitMs : 0,
    clockAheadMs,
    sweepBehindMs: sweepBehindMs(shards),
  };
}

function problemsOf(shards: Shards, overload: Overload | undefined): HealthProblem[] {
  const { ended, admission: { disk, ballastFailure }, vitals } = shards;
  const { oldestCommitMs, clockAheadMs, sweepIntervalMs, openForMs } = vitals;
  if (ended !== undefined) return [{ code: "not_serving", message: ended.message }];
  const problems: HealthProblem[] = [];
  const note = (code: HealthProblemCode, message: string): void =>
    void problems.push({ code, message });
  const { last: damage } = shards.damage;
  if (damage !== undefined) note("damaged", `${damage}. ${SAVE_FIRST}`);
  if (overload !== undefined) note("overloaded", overload.message);
  if (disk.ballastHeld === false) {
    const is = ballastFailure === null ? "is not there" : `cannot be taken: ${ballastFailure}`;
    note("no_ballast", `The room on the disk that is kept for work that exists ${is}`);
  }
  for (const { segments: { refusal } } of shards.all) {
    if (refusal !== undefined) note("segment_refused", `The log can begin no new file: ${refusal}`);
  }
  if (oldestCommitMs > COMMIT_MS_MAX) {
    note("slow_commit", `A commit has been under way for ${inWords(oldestCommitMs)}`);
  }
  if (clockAheadMs > CLOCK_AHEAD_MS_MAX) {
    note("clock_ahead", `The wall clock is ${inWords(clockAheadMs)} behind the time of the store`);
  }
  // Nobody can sweep while a store is closed.
  const behindMs = Math.min(sweepBehindMs(shards), openForMs);
  if (behindMs > Math.max(SWEEP_BEHIND_MS_MAX, 2 * sweepIntervalMs)) {
    note("sweeper_behind", `A retention has been over for ${inWords(sweepBehindMs(shards))}`);
  }
  const { failure } = shards.upkeep.merger.stats;
  if (failure !== null) note("merge_failed", `Segments cannot be merged: ${failure}`);
  if (shards.upkeep.cooler.failure !== null) {
    note(
      "flow_unreadable",
      `A flow whose time has come cannot be read: ${shards.upkeep.cooler.failure}`,
    );
  }
  if (shards.courier.failure !== null) {
    note(
      "flow_unreadable",
      `What one shard tells another cannot be read: ${shards.courier.failure}`,
    );
  }
  const { failure: why } = shards.upkeep.checkpointer.stats;
  if (why !== null) note("checkpoint_failed", `Checkpoints cannot be written: ${why}`);
  return problems;
}

function sweepBehindMs(shards: Shards): number {
  return Math.max(0, shards.now() - shards.nextForgottenMs());
}
