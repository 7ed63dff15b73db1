/**
 * Names that no partition field can have: it stands beside options, and would hide the one of its name.
 *
 * @module
 */
import type {
  ByParentOptions,
  FailuresOptions,
  FlowRef,
  InfoOptions,
  ListOptions,
  StuckOptions,
  TerminalsOptions,
} from "../../flow/mod.ts";
import { membersOf } from "../argument.ts";
import type { JobReclaimOptions } from "../claim.ts";
import type { CreateAttributes } from "../create.ts";
import type { ChildAttributes } from "../jobs/child.ts";
import type { RunOptions, RunStatesOptions } from "../jobs/run_options.ts";
import type { WorkerOptions } from "../worker/worker_options.ts";
import type { StateShape } from "./state.ts";

/** The states of whatever workflow. */
interface SomeStates {
  readonly some: StateShape;
}

/** No partition field. */
type None = readonly [];

/** Everything that partition fields stand beside, without any. */
type Neighbours =
  | Exclude<FlowRef, string>
  | CreateAttributes<None, SomeStates, "some">
  | ChildAttributes<None, SomeStates, "some">
  | RunOptions<None, SomeStates, "any", boolean>
  | RunStatesOptions<None, SomeStates, "any", boolean>
  | JobReclaimOptions<None, boolean>
  | WorkerOptions<None, SomeStates, "any", boolean>
  | ListOptions
  | TerminalsOptions
  | FailuresOptions
  | ByParentOptions
  | InfoOptions
  | StuckOptions;

/** Every name of theirs: one that is missing here does not compile. */
const TAKEN_NAMES = membersOf<Neighbours>({
  id: true,
  type: true,
  state: true,
  partitionKey: true,
  partitionKeys: true,
  payload: true,
  nowMs: true,
  runAtMs: true,
  priority: true,
  parentFlowId: true,
  rootFlowId: true,
  correlationId: true,
  attributes: true,
  idempotent: true,
  retentionTtlMs: true,
  historyMaxEvents: true,
  worker: true,
  limit: true,
  leaseMs: true,
  payloadMaxBytes: true,
  reclaimExpired: true,
  reclaimRatio: true,
  blockMs: true,
  signal: true,
  count: true,
  cursor: true,
  consistent: true,
  olderThanMs: true,
  handler: true,
  handlers: true,
  onOmitted: true,
  concurrency: true,
  intervalMs: true,
  heartbeat: true,
  onSettled: true,
  onError: true,
  time: true,
  payloadRef: true,
  values: true,
  valueRefs: true,
  fromMs: true,
  toMs: true,
  rev: true,
  terminalOnly: true,
  activeOnly: true,
  full: true,
  parentPartitionKey: true,
  groupId: true,
});

/** Options that stand elsewhere, or are likely to come. */
const LIKELY: readonly string[] = ["states", "independent", "includeCold"];

/** Whether an option has this name, so that no partition field can have it. */
export function isTakenName(name: string): boolean {
  return TAKEN_NAMES.includes(name) || LIKELY.includes(name);
}
