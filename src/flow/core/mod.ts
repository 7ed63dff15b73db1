/**
 * The flow core: what commands do, and the state that they do it to. Pure: no files, no clock, no
 * chance that was not handed in.
 *
 * @module
 */

export { CHECKPOINT_VERSION, loadState, saveState, STATE_PARTS } from "./checkpoint.ts";
export { type Saving, Savings, type StreamsOf } from "./saved.ts";
export { type Answer, answer, answerInParts } from "./answer.ts";
export type { ColdRecords } from "./cold/cold_records.ts";
export { Cooling, type CoolingPlan, DEFAULT_COOLING_PLAN } from "./cold/cooling.ts";
export { nextWakeMs, wakeFlows } from "./cold/waking.ts";
export type {
  AtomicCommand,
  AtomicPart,
  BatchMode,
  CancelCommand,
  CancelRequest,
  ClaimCommand,
  ClaimFilter,
  Command,
  CompleteCommand,
  CompleteRequest,
  CreateCommand,
  CreateRequest,
  ExtendLeaseCommand,
  FailCommand,
  FailRequest,
  FlowTarget,
  Hydration,
  LeaseProof,
  PolicySetCommand,
  RetentionCleanupCommand,
  RetryCommand,
  RetryRequest,
  RewindCommand,
  SignalCommand,
  TransitionCommand,
  TransitionRequest,
  ValuePutCommand,
} from "./command.ts";
export type {
  ChildRequest,
  CloseCommand,
  DeliverCommand,
  SpawnCommand,
  SpawnedGroup,
} from "./families/family_command.ts";
export type { KvDeleteCommand, KvSetCommand, KvTarget } from "./kv_command.ts";
export {
  findKey,
  findKeys,
  type FoundKeys,
  type KeySource,
  type KvListQuery,
  type ReadKey,
  readKey,
  readKeys,
  type StoredKey,
} from "./queries/kv_query.ts";
export type {
  EventsQuery,
  GetQuery,
  HistoryFilter,
  HistoryQuery,
  InfoQuery,
  LineageQuery,
  ListQuery,
  PolicyQuery,
  Relation,
  StuckQuery,
  TerminalsQuery,
  ValuesQuery,
} from "./queries/query.ts";
export { decide, type DecideShard, decideSpread, type Decision } from "./decide/decide.ts";
export { hasDone, joined, onceMore } from "./decide/spread.ts";
export { Dictionary } from "./table/dictionary.ts";
export type { DecideContext } from "./draft/decide_context.ts";
export { type ClosingView, isForeclosed } from "./families/closing.ts";
export { Expected } from "./draft/expected.ts";
export { type Mail, Mailbox } from "./families/mailbox.ts";
export type { Message, SentMessage } from "./families/message.ts";
export type {
  BodyEffect,
  ChildFacts,
  ClosingEffect,
  CtrlEffect,
  DelEffect,
  DictEffect,
  Effect,
  GroupEffect,
  KvDelEffect,
  KvEffect,
  PolicyEffect,
  SignalKeyEffect,
  ValueEffect,
  ValuePartEffect,
  ValuesEffect,
} from "./effect.ts";
export { decodeEffect, writeEffects } from "./encoding/records.ts";
export { evolve } from "./evolve.ts";
export { indexFlaws } from "./table/index_flaws.ts";
export { pairName } from "./pair_name.ts";
export { broughtValues, valueBytes } from "./values/request_values.ts";
export { type Control, type Flow, type Identity, isForgotten } from "./flow.ts";
export { type FlowKey, type KeyedHash, packKey } from "./flow_key.ts";
export { toRecord } from "./flow_record.ts";
export type { Group, Membership } from "./families/group.ts";
export type {
  DigestedValue,
  NamedValue,
  NamedValues,
  ValueChanges,
} from "./values/named_values.ts";
export { type HistoryLog, oldestVersion, readHistory } from "./queries/history.ts";
export { toHistoryEvent } from "./queries/history_event.ts";
export type { FoundValue, ReadValue } from "./values/hydrator.ts";
export { grantLeaseGrace, leapGrace, type LeaseGrace, openingGrace } from "./lease_grace.ts";
export { relatedRows } from "./queries/lineage.ts";
export { findFlow, type FlowLookup, isMeant, lookupIn } from "./draft/lookup.ts";
export { load, type Loaded, type Need, needsOf } from "./draft/need.ts";
export {
  type Beyond,
  beyondRuns,
  isSameMark,
  type LinkMark,
  type StatesBeyond,
} from "./merge/beyond.ts";
export type { Gist } from "./merge/gist.ts";
export { GistReader } from "./encoding/gists.ts";
export type { Stretch } from "./merge/stretches.ts";
export { Survivors, type SurvivorsOptions } from "./merge/survivors.ts";
export { ALONE, type Neighbours } from "./families/neighbours.ts";
export { type Parts, whole } from "./queries/parts.ts";
export type { ParseContext } from "./parse/arguments.ts";
export { parseAtomic, type ParsedAtomic } from "./parse/atomic.ts";
export { parseClaimDue, parseReclaim } from "./parse/claim.ts";
export { parseCreate, parseCreateMany } from "./parse/create.ts";
export { parseEvents } from "./parse/events.ts";
export { parseKvDelete, parseKvGet, parseKvList, parseKvSet } from "./parse/kv.ts";
export { parseByCorrelation, parseByParent, parseByRoot } from "./parse/lineage.ts";
export { parsePolicyGet, parsePolicySet } from "./parse/policy.ts";
export { parseLeaseWatch } from "./parse/lease_watch.ts";
export { parseHistory } from "./parse/history.ts";
export {
  parseFailures,
  parseGet,
  parseInfo,
  parseList,
  parseStuck,
  parseTerminals,
} from "./parse/query.ts";
export { parseRetentionCleanup } from "./parse/retention.ts";
export { parseRewind } from "./parse/rewind.ts";
export {
  parseCancel,
  parseCancelMany,
  parseComplete,
  parseCompleteMany,
  parseExtendLease,
  parseFail,
  parseFailMany,
  parseRetry,
  parseRetryMany,
  parseTransition,
  parseTransitionMany,
} from "./parse/settle.ts";
export { type Definition, parseDefine } from "./parse/define.ts";
export { parseSignal } from "./parse/signal.ts";
export { parseSpawn } from "./parse/spawn.ts";
export { parseValueMget, parseValuePut } from "./parse/value_store.ts";
export { HotCount } from "./queries/hot_count.ts";
export { PartitionCounts } from "./queries/partition_counts.ts";
export {
  readSearched,
  RowSearch,
  type RowsFound,
  type SearchedRows,
} from "./queries/row_search.ts";
export {
  divideFor,
  endedRows,
  listedRows,
  readFlow,
  readInfo,
  readPolicy,
  readStuck,
  readTypes,
  readValues,
} from "./queries/queries.ts";
export { notApplied } from "./draft/refusals.ts";
export type {
  AtomicReply,
  ClaimReply,
  CleanupReply,
  FlowReply,
  FlowsReply,
  InfoReply,
  ItemOutcome,
  KvDeleteReply,
  KvSetReply,
  OutcomesReply,
  PolicyReply,
  Reply,
  RowsReply,
  SpreadReply,
  ValueReply,
  ValuesReply,
} from "./reply.ts";
export {
  type ItemRequest,
  type ItemsCommand,
  type Route,
  routeOf,
  type SpreadCommand,
  targetOf,
} from "./route.ts";
export { ShardMap, type SlotRuns } from "./shard_map.ts";
export { createFlowState, FlowState, type FlowStateOptions, type Policies } from "./state.ts";
export type { FlowTable } from "./table/flow_table.ts";
export type { Value, ValueEncoding, ValueLink, ValueParts, WrittenValue } from "./values/value.ts";
export { ValueMemory } from "./values/value_memory.ts";
export { SHARDS_MAX, valueNumber, type ValuePlace, valuePlace } from "./values/value_ref.ts";
export type { FlowLimits } from "../mod.ts";
