/**
 * The SDK: definitions, jobs, outcomes and workers on whatever store there is.
 *
 * @module
 */
export {
  type CompleteAction,
  type FailAction,
  type RetryOr,
  retryOr,
} from "./definition/action.ts";
export type { ChildAttributes, ChildFacts, ChildPartition } from "./jobs/child.ts";
export type {
  Claimed,
  ClaimStates,
  JobClaimOptions,
  JobReclaimOptions,
  PayloadChoice,
  StateChoice,
} from "./claim.ts";
export type {
  CreateAttributes,
  CreateBatchOptions,
  CreateFacts,
  PayloadMember,
  StartState,
} from "./create.ts";
export type {
  CheckedDefinition,
  OkAction,
  StateDefinition,
  WorkflowDefinition,
} from "./definition/definition.ts";
export { NonRetryableError, type StoredException } from "./jobs/failure.ts";
export type {
  ChildFailureName,
  DefaultWaitState,
  FailureName,
  FanoutFacts,
  FanoutOptions,
  NotWaiting,
  OneName,
  OneNameAtMost,
  SuccessName,
  Waiting,
  WaitState,
} from "./jobs/fanout.ts";
export type { FlowName } from "./flow_name.ts";
export type {
  Handler,
  HandlerContext,
  JobHandler,
  OkOf,
  OutcomeOf,
  TransitionOf,
} from "./jobs/handler.ts";
export type { Job, Lease, StateJob } from "./jobs/job.ts";
export {
  type AgainOptions,
  type Complete,
  complete,
  type EndOptions,
  error,
  type Fail,
  fail,
  type Failure,
  type Fanout,
  fanout,
  type MoveOptions,
  type NoReply,
  noReply,
  type Ok,
  ok,
  OUTCOME,
  type Outcome,
  type OutcomeMark,
  type Retry,
  retry,
  type Transition,
  transition,
} from "./jobs/outcome.ts";
export type {
  Partition,
  PartitionFilter,
  PartitionOf,
  PartitionValue,
} from "./definition/partition_key.ts";
export type {
  FailureOptions,
  Hydrated,
  MayKeep,
  MovePayload,
  Next,
  OkArgs,
  OkOptions,
  OkValue,
  OptionalFirst,
  PayloadIn,
  PayloadOut,
  SchemaTypes,
} from "./definition/payload.ts";
export type {
  HandleOptions,
  HandlerChoice,
  OneHandler,
  RunOptions,
  RunResult,
  RunStatesOptions,
  SettledJob,
  UnsettledJob,
} from "./jobs/run_options.ts";
export {
  type Eventually,
  type StandardSchema,
  type StandardSchemaIssue,
  type StandardSchemaProperties,
  type StandardSchemaResult,
  type,
} from "./definition/schema.ts";
export type {
  CheckedStates,
  ClaimPayload,
  LiveName,
  Name,
  NoOthers,
  StateDef,
  StateShape,
} from "./definition/state.ts";
export type { CheckStatesOptions, StateReport, UnservedState } from "./state_report.ts";
export {
  type FlowMoveOptions,
  type FlowPosition,
  type FlowSignalOptions,
  type InstallPolicyOptions,
  type LeasedFlow,
  type Reclaimed,
  type ShownState,
  type StatesOf,
  type UnboundWorkflow,
  type Workflow,
  workflow,
} from "./workflow.ts";
export type {
  ChildrenOptions,
  ListState,
  WaitingChildrenOptions,
  WorkflowQueries,
} from "./workflow_queries.ts";
export { startWorker } from "./worker/worker.ts";
export type {
  Worker,
  WorkerErrorContext,
  WorkerListener,
  WorkerOptions,
  WorkerPace,
  WorkerStats,
} from "./worker/worker_options.ts";
