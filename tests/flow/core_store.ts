/**
 * The flow core as a store without a log: commands happen at once, through bytes and back.
 *
 * @module
 */

import { sipHash24 } from "../../src/codec/mod.ts";
import * as core from "../../src/flow/core/mod.ts";
import { FlowState } from "../../src/flow/core/mod.ts";
import { DEFAULT_LIMITS, type FlowLimits, type FlowRecord } from "../../src/flow/mod.ts";
import type {
  AtomicCommands,
  AtomicResult,
  BatchOutcome,
  FlowInfo,
  HistoryEvent,
  KvEntry,
  KvRecord,
  Page,
  ResolvedPolicy,
  RetentionCleanup,
  StoredValue,
} from "../../src/flow/mod.ts";
import { decodeRecord } from "../../src/log/format/record.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { throughCheckpoint } from "./checkpoint_trip.ts";
import { type CoreFrame, recordsIn } from "./core_frames.ts";
import { CoreLog, type Logged } from "./core_log.ts";
import type { Rebuilding } from "./core_mutants.ts";
import { encodeEffects } from "./effect_records.ts";

/** What a store of a test differs in. */
export interface CoreStoreOptions {
  readonly limits?: Partial<FlowLimits>;
  readonly hash?: core.KeyedHash;
  readonly nowMs?: number;
  /** When flows become cold. Default: never. */
  readonly coolingPlan?: core.CoolingPlan | undefined;
}

/** Commands by name, as `FlowStore` has them, but at once. Options are not typed, to try any. */
export class CoreStore {
  /** The time of the next command. */
  nowMs: number;
  /** The time of the last command that wrote something. */
  wroteAtMs = 0;
  /** The state. */
  state: FlowState;
  readonly context: core.ParseContext;
  readonly #hash: core.KeyedHash;
  readonly #random = seededRandom(1);
  /** The records, to be read. */
  readonly records: CoreLog = new CoreLog(() => this.state.dictionary);
  readonly #read: core.ReadValue = (lsn, max) => this.records.value(lsn, max, this.nowMs);
  readonly #coolingPlan: core.CoolingPlan | undefined;
  #cooling: core.Cooling | undefined;

  constructor(options: CoreStoreOptions = {}) {
    this.nowMs = options.nowMs ?? 1_000;
    this.#hash = options.hash ?? ((bytes, length) => sipHash24([1, 2, 3, 4], bytes, length));
    this.#coolingPlan = options.coolingPlan;
    this.state = this.newState();
    this.context = { limits: { ...DEFAULT_LIMITS, ...options.limits }, manualClock: false };
  }

  /** The records, by LSN from 1 on. There is a hole where a merge has dropped one. */
  get log(): Logged[] {
    return this.records.all;
  }

  create(id: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseCreate(id, options, this.context)) as FlowRecord;
  }
  createMany(items: unknown, options?: unknown): FlowRecord[] {
    return this.#run(core.parseCreateMany(items, options, this.context)) as FlowRecord[];
  }
  claimDue(type: unknown, options: unknown): FlowRecord[] {
    return this.#run(core.parseClaimDue(type, options, this.context)) as FlowRecord[];
  }
  reclaim(type: unknown, options: unknown): FlowRecord[] {
    return this.#run(core.parseReclaim(type, options, this.context)) as FlowRecord[];
  }
  extendLease(flow: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseExtendLease(flow, options, this.context)) as FlowRecord;
  }
  complete(flow: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseComplete(flow, options, this.context)) as FlowRecord;
  }
  completeMany(items: unknown, options?: unknown): FlowRecord[] {
    return this.#run(core.parseCompleteMany(items, options, this.context)) as FlowRecord[];
  }
  transition(flow: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseTransition(flow, options, this.context)) as FlowRecord;
  }
  transitionMany(items: unknown, options?: unknown): FlowRecord[] {
    return this.#run(core.parseTransitionMany(items, options, this.context)) as FlowRecord[];
  }
  retry(flow: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseRetry(flow, options, this.context)) as FlowRecord;
  }
  retryMany(items: unknown, options?: unknown): FlowRecord[] {
    return this.#run(core.parseRetryMany(items, options, this.context)) as FlowRecord[];
  }
  fail(flow: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseFail(flow, options, this.context)) as FlowRecord;
  }
  failMany(items: unknown, options?: unknown): FlowRecord[] {
    return this.#run(core.parseFailMany(items, options, this.context)) as FlowRecord[];
  }
  cancel(flow: unknown, options?: unknown): FlowRecord {
    return this.#run(core.parseCancel(flow, options, this.context)) as FlowRecord;
  }
  cancelMany(items: unknown, options?: unknown): FlowRecord[] {
    return this.#run(core.parseCancelMany(items, options, this.context)) as FlowRecord[];
  }
  spawnChildren(parent: unknown, children: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseSpawn(parent, children, options, this.context)) as FlowRecord;
  }
  /** Goes on with groups that are closing; until none is, unless a number of slices is given. */
  close(sliceCount = Infinity): void {
    for (let slices = 0; this.state.hasClosings && slices < sliceCount; slices++) {
      this.#run({ kind: "close", target: null, nowMs: undefined, largeValues: [] });
    }
  }
  signal(flow: unknown, options?: unknown): FlowRecord {
    return this.#run(core.parseSignal(flow, options, this.context)) as FlowRecord;
  }
  valuePut(value: unknown, options?: unknown): StoredValue {
    return this.#run(core.parseValuePut(value, options, this.context)) as StoredValue;
  }
  valueMget(refs: unknown): unknown[] {
    const query = core.parseValueMget(refs, this.context);
    return this.#answer(core.readValues(query)) as unknown[];
  }
  retentionCleanup(options?: unknown): RetentionCleanup {
    return this.#run(core.parseRetentionCleanup(options, this.context)) as RetentionCleanup;
  }
  rewind(flow: unknown, options: unknown): FlowRecord {
    return this.#run(core.parseRewind(flow, options, this.context)) as FlowRecord;
  }
  policySet(type: unknown, policy: unknown): ResolvedPolicy {
    return this.#run(core.parsePolicySet(type, policy, this.context)) as ResolvedPolicy;
  }

  get(flow: unknown, options?: unknown): FlowRecord | null {
    const query = core.parseGet(flow, options, this.context);
    this.#look(query.target);
    return this.#answer(core.readFlow(this.state.table, query, this.nowMs)) as FlowRecord | null;
  }
  list(type: unknown, options?: unknown): FlowRecord[] {
    this.close();
    const query = core.parseList(type, options, this.context);
    return this.#answer(
      core.readSearched([this.state], core.listedRows(query), this.nowMs),
    ) as FlowRecord[];
  }
  page(type: unknown, options: object, cursor: string | null): Page<FlowRecord> {
    this.close();
    const query = core.parseList(type, { ...options, cursor }, this.context);
    return this.#answer(
      core.readSearched([this.state], core.listedRows(query), this.nowMs),
    ) as Page<FlowRecord>;
  }
  stuck(type: unknown, options?: unknown): FlowRecord[] {
    this.close();
    const query = core.parseStuck(type, options, this.context);
    return this.#answer(core.readStuck([this.state], query, this.nowMs)) as FlowRecord[];
  }
  stuckPage(type: unknown, options: object, cursor: string | null): Page<FlowRecord> {
    this.close();
    const query = core.parseStuck(type, { ...options, cursor }, this.context);
    return this.#answer(core.readStuck([this.state], query, this.nowMs)) as Page<FlowRecord>;
  }
  info(type: unknown, options?: unknown): FlowInfo {
    this.close();
    core.wakeFlows(this.state, { untilMs: this.nowMs, countMax: Infinity });
    const query = core.parseInfo(type, options, this.context);
    return this.#answer(core.readInfo([this.state], query, this.nowMs)) as FlowInfo;
  }
  policyGet(type: unknown, options?: unknown): ResolvedPolicy {
    const query = core.parsePolicyGet(type, options, this.context);
    return this.#answer(core.readPolicy(this.state, query)) as ResolvedPolicy;
  }
  history(flow: unknown, options?: unknown): HistoryEvent[] {
    const query = core.parseHistory(flow, options, this.context);
    this.#look(query.target);
    const found = core.findFlow(this.state.table, query.target, this.nowMs);
    if (found === undefined) return [];
    return core.whole(core.readHistory(found, query, this.records, this.#read));
  }
  terminals(type: unknown, options?: unknown): FlowRecord[] {
    this.close();
    const query = core.parseTerminals(type, options, this.context);
    return this.#answer(
      core.readSearched([this.state], core.endedRows(query), this.nowMs),
    ) as FlowRecord[];
  }
  failures(type: unknown, options?: unknown): FlowRecord[] {
    this.close();
    const query = core.parseFailures(type, options, this.context);
    return this.#answer(
      core.readSearched([this.state], core.endedRows(query), this.nowMs),
    ) as FlowRecord[];
  }

  #keySource(): core.KeySource {
    return { state: this.state, read: (lsn) => this.records.key(lsn) };
  }
  kvGet(key: unknown, options?: unknown): KvEntry | null {
    const target = core.parseKvGet(key, options, this.context);
    const found = core.findKey(this.state, target, this.nowMs);
    return found === undefined ? null : core.readKey(found, this.#keySource());
  }
  kvSet(key: unknown, value: unknown, options?: unknown): KvRecord {
    return this.#run(core.parseKvSet({ key, value }, options, this.context)) as KvRecord;
  }
  kvDelete(key: unknown, options?: unknown): boolean {
    return this.#run(core.parseKvDelete(key, options, this.context)) as boolean;
  }
  kvList(prefix: unknown, options?: unknown): Page<KvEntry> {
    const query = core.parseKvList(prefix, options, this.context);
    const found = core.findKeys(this.state, query, { nowMs: this.nowMs });
    return core.whole(core.readKeys(found, query.totalBytesMax, this.#keySource()));
  }
  atomic(
    partitionKey: unknown,
    build: (tx: AtomicCommands) => unknown,
    options?: unknown,
  ): AtomicResult[] {
    const call = { partitionKey, build };
    const { command, wanted } = core.parseAtomic(call, options, this.context);
    const results = this.#run(command) as AtomicResult[];
    return wanted.map((index) => results[index]!);
  }
  byParent(id: unknown, options?: unknown): FlowRecord[] {
    this.close();
    const query = core.parseByParent(id, options, this.context);
    return this.#answer(
      core.readSearched([this.state], core.relatedRows(query), this.nowMs),
    ) as FlowRecord[];
  }
  byRoot(id: unknown, options?: unknown): FlowRecord[] {
    this.close();
    const query = core.parseByRoot(id, options, this.context);
    return this.#answer(
      core.readSearched([this.state], core.relatedRows(query), this.nowMs),
    ) as FlowRecord[];
  }
  byCorrelation(id: unknown, options?: unknown): FlowRecord[] {
    this.close();
    const query = core.parseByCorrelation(id, options, this.context);
    return this.#answer(
      core.readSearched([this.state], core.relatedRows(query), this.nowMs),
    ) as FlowRecord[];
  }

  /** Outcomes of an independent batch. */
  outcomes(run: () => unknown): BatchOutcome[] {
    return run() as BatchOutcome[];
  }

  /** Forgets everything, and builds it again of what frames hold. */
  open(frames: readonly CoreFrame[], wallMs: number, rebuilding: Rebuilding = {}): void {
    this.records.clear();
    const before = this.state;
    this.state = this.newState();
    const begun = rebuilding.begin?.(this.state, before);
    for (const frame of frames) {
      for (const record of recordsIn(frame)) {
        const { lsn, bytes } = record;
        this.records.append(lsn, bytes);
        const stored = core.decodeEffect(record, this.state.dictionary);
        const effect = rebuilding.effect === undefined ? stored : rebuilding.effect(stored);
        if (effect !== undefined) this.#evolve(effect, lsn, bytes);
      }
      // Of frames that were merged the last records may be gone; commands are whole all the same.
      this.log.length = frame.end.lsn;
      this.records.cut();
      // Whatever a merge has left of a frame, the control block of what waits for one is in it.
      this.#assertSettled();
    }
    begun?.();
    this.#cool(frames.at(-1)?.timeMs ?? 0);
    if (frames.length % 2 === 1) this.state = throughCheckpoint(this.state, this.newState());
    this.wroteAtMs = frames.at(-1)?.timeMs ?? 0;
    this.nowMs = Math.max(wallMs, this.wroteAtMs);
    core.grantLeaseGrace(this.state, core.openingGrace(this.nowMs));
    rebuilding.end?.(this.state);
  }

  /** Lets flows become cold, and brings those back whose time is near. */
  #cool(nowMs: number): void {
    if (this.#coolingPlan === undefined) return;
    if (this.#cooling?.state !== this.state) {
      this.#cooling = new core.Cooling(this.state, this.#coolingPlan);
    }
    this.#cooling.slice({ nowMs, durableLsn: this.log.length, countMax: Infinity });
  }

  /** A state with nothing in it. */
  newState(): FlowState {
    return new FlowState(this.#hash, { records: this.records });
  }

  /** A state that is built from the log again. */
  recovered(log: readonly Logged[] = this.log): FlowState {
    const state = new FlowState(this.#hash);
    for (const { lsn, bytes } of log) {
      core.evolve(state, core.decodeEffect(decodeRecord(bytes, lsn), state.dictionary), lsn);
    }
    return state;
  }

  #run(command: core.Command): core.Answer {
    core.wakeFlows(this.state, { untilMs: this.nowMs, countMax: Infinity });
    const { valueInlineBytesMax } = this.context.limits;
    const ahead: core.Effect[] = [];
    const parts = new Map<core.Value, core.ValueParts>();
    const firstLsn = this.log.length + 1;
    for (const value of command.largeValues) {
      const count = Math.ceil(value.bytes.length / valueInlineBytesMax);
      parts.set(value, { firstLsn: firstLsn + ahead.length, count });
      for (let index = 0; index < count; index++) {
        const start = index * valueInlineBytesMax;
        const bytes = value.bytes.subarray(start, start + valueInlineBytesMax);
        ahead.push({ kind: "value_part", index, bytes });
      }
    }
    const { effects, reply } = core.decide(this.state, command, {
      nowMs: this.nowMs,
      random: this.#random,
      firstLsn: firstLsn + ahead.length,
      limits: this.context.limits,
      parts,
      loaded: core.load(core.needsOf(this.state, command, this.nowMs), this.records),
    });
    if (effects.length > 0) this.#append([...ahead, ...effects], firstLsn);
    this.#assertSettled();
    const answer = this.#answer(reply);
    this.#cool(this.nowMs);
    return answer;
  }

  /** Between commands nothing waits for the rest of one. */
  #assertSettled(): void {
    const { nascent, listed, grouped } = this.state;
    assertEquals([nascent.size, listed.size, grouped.size], [0, 0, 0]);
  }

  /** Writes the end of a flow that counts as cancelled before somebody sees it. */
  #look(target: core.FlowTarget): void {
    const found = core.findFlow(this.state.table, target, this.nowMs);
    if (found === undefined || !core.isForeclosed(found, this.state)) return;
    this.#run({ kind: "close", target, nowMs: undefined, largeValues: [] });
  }

  #append(effects: readonly core.Effect[], firstLsn: number): void {
    const records = encodeEffects(effects, firstLsn, this.state.dictionary);
    for (const [index, effect] of effects.entries()) {
      const lsn = firstLsn + index;
      const bytes = records[index]!;
      const decoded = core.decodeEffect(decodeRecord(bytes, lsn), this.state.dictionary);
      assertEquals(decoded, effect);
      this.records.append(lsn, bytes);
      this.#evolve(decoded, lsn, bytes);
    }
    this.wroteAtMs = this.nowMs;
  }

  #evolve(effect: core.Effect, lsn: number, bytes: Uint8Array): void {
    const record = { bytes, start: 0, end: bytes.length };
    this.records.link(lsn, core.evolve(this.state, effect, lsn, record));
  }

  #answer(reply: core.Reply): core.Answer {
    return core.answer(reply, this.#read);
  }
}
