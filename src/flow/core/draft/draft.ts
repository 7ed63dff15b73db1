/**
 * A command in the making.
 *
 * @module
 */
import type { Hash64 } from "../../../codec/mod.ts";
import { invariant } from "../../../invariant.ts";
import type { Random } from "../../../time/mod.ts";
import type { FlowEventName, FlowLimits, TypePolicy } from "../../mod.ts";
import type { CreateRequest, FlowTarget } from "../command.ts";
import { RequestDigests } from "../digest.ts";
import type { Effect, EventFacts, ValueEffect } from "../effect.ts";
import { cancelForeclosed } from "../families/cascade.ts";
import { type ClosingView, isForeclosed } from "../families/closing.ts";
import { Family } from "../families/family.ts";
import { NO_GROUPS } from "../families/group.ts";
import { ALONE, isStored, type Neighbours } from "../families/neighbours.ts";
import { type Control, type Flow, type Identity, unheededGroup } from "../flow.ts";
import { type FlowKey, nextKey } from "../flow_key.ts";
import { SignalDraft } from "../signal_memory.ts";
import type { FlowState } from "../state.ts";
import {
  type Holdings,
  type NamedValue,
  NO_VALUES,
  type PlannedValues,
} from "../values/named_values.ts";
import type { Value, ValueLink, WrittenValue } from "../values/value.ts";
import { valueNumber, valuePlace } from "../values/value_ref.ts";
import { changedControl, type ControlChange, endedControl, type Ending } from "./control_change.ts";
import type { DecideContext } from "./decide_context.ts";
import { FlowsByKey } from "./flows_by_key.ts";
import { KvDraft } from "./kv_draft.ts";
import { findFlow, type FlowLookup } from "./lookup.ts";
import type { Loaded } from "./need.ts";
import { duplicate, neverStored, notFound } from "./refusals.ts";

const NO_FACTS: Readonly<EventFacts> = {};

/** A flow of which everything is written but its first control block. */
export type BegunFlow =
  & Omit<Flow, "control" | "lsn">
  & Pick<Control, "payloadLsn" | "valuesLsn" | "valueCount">;

/**
 * Collects the effects of one command and shows the flows as they will be after it, so that a
 * command over many flows sees what it has done so far. The state itself stays as it is.
 */
export class Draft implements FlowLookup, ClosingView {
  /** The state before the command. */
  readonly state: FlowState;
  /** The time of the command. */
  readonly nowMs: number;
  /** For lease tokens. */
  readonly random: Random;
  /** The limits of the store. */
  readonly limits: FlowLimits;
  /** What was loaded for the command. */
  readonly loaded: Loaded;
  /** The other shards of the store. */
  readonly neighbours: Neighbours;
  readonly #context: DecideContext;
  #kv: KvDraft | undefined;
  #signals: SignalDraft | undefined;
  readonly #effects: Effect[] = [];
  /** Names that have no number before the command. Mostly none. */
  #newNames: Set<string> | undefined;
  /** Flows that were named; undefined: they may be named more than once. */
  #named: FlowsByKey | undefined;
  /** Values since the last control block. They are of the flow whose control block comes next. */
  #valueCount = 0;
  /** Flows as the command has left them so far. */
  readonly #changed = new FlowsByKey();
  /** Flows as they were created. */
  readonly #born: Flow[] = [];
  #family: Family | undefined;
  #digests: RequestDigests | undefined;
  #lookupCount = 0;

  /** Begins a command. */
  constructor(state: FlowState, context: DecideContext) {
    this.state = state;
    this.nowMs = context.nowMs;
    this.random = context.random;
    this.limits = context.limits;
    this.loaded = context.loaded;
    this.neighbours = context.neighbours ?? ALONE;
    this.#context = context;
  }

  /** The keys as they will be. Most commands never ask. */
  get kv(): KvDraft {
    const add = (effect: Effect): number => this.#add(effect);
    return this.#kv ??= new KvDraft({ keys: this.state.kv, nowMs: this.nowMs, add });
  }

  /** The signals that flows will remember. Most commands never ask. */
  get signals(): SignalDraft {
    return this.#signals ??= new SignalDraft(this.state.signals);
  }

  /** The effects so far. */
  get effects(): readonly Effect[] {
    return this.#effects;
  }

  /** How many effects there are, apart from ends that were due and that somebody looked at. */
  get writtenCount(): number {
    return this.#effects.length - this.#lookupCount;
  }

  /** Makes room for so many flows. */
  reserve(count: number): void {
    this.#changed.reserve(count);
  }

  /** Refuses flows from now on that are named twice, of which there may be so many. */
  refuseRepeats(count: number): void {
    this.#named = new FlowsByKey();
    this.#named.reserve(count);
  }

  /** What the command does to parents and children. */
  get family(): Family {
    return this.#family ??= new Family({
      limits: this.limits,
      shard: this.neighbours.shard,
      add: (effect) => this.#add(effect),
      name: (name) => this.#name(name),
      remember: (flow) => this.#changed.set(flow),
      nextLsn: () => this.#context.firstLsn + this.#effects.length,
    });
  }

  /** Whether the command does anything to parents and children. */
  get hasFamily(): boolean {
    return this.#family !== undefined;
  }

  /** The flow that the command names. Refuses with `not_found`. */
  named(target: FlowTarget): Flow {
    const flow = findFlow(this, target, this.nowMs);
    // One that another shard has is none of this command's: it was looked for there before.
    if (flow === undefined || !this.isHere(flow.identity.partitionKey)) throw notFound(target);
    const named = this.#named;
    if (named?.get(flow.key) !== undefined) throw duplicate(flow);
    named?.set(flow);
    return flow;
  }

  /** The flow with an identity, whether its retention is over or not. */
  find(partitionKey: string, id: string): Flow | undefined {
    const flow = this.recorded(partitionKey, id);
    return flow && this.foreclosed(flow);
  }

  /** The flows with an id in the whole store, whether their retention is over or not. */
  *findAll(id: string): Generator<Flow> {
    const { table } = this.state;
    for (const flow of table.findAll(id)) {
      yield this.foreclosed(this.#changed.get(flow.key) ?? flow);
    }
    for (const flow of this.#born) {
      const isNew = flow.identity.id === id && table.handleOf(flow.key) === undefined;
      if (isNew) yield this.foreclosed(this.latest(flow));
    }
    yield* this.neighbours.findAll(id);
  }

  recorded(partitionKey: string, id: string): Flow | undefined {
    const { keys, table } = this.state;
    const known = table.find(partitionKey, id);
    return known === undefined
      ? this.#changed.find(keys.first(partitionKey, id), partitionKey, id)
      : this.#changed.get(known.key) ?? known;
  }

  /** A flow as it is after what the command has done so far. */
  latest({ key, identity: { id } }: Flow): Flow {
    const flow = this.#changed.get(key) ?? this.state.table.get(key);
    // Not the message as an argument: it would be made every time.
    if (flow === undefined) invariant(false, `the flow "${id}" is gone`);
    return flow;
  }

  get hasClosings(): boolean {
    return this.state.hasClosings || this.#family?.hasClosings === true;
  }

  isClosing(group: number): boolean {
    return this.#family?.isClosing(group) ?? this.state.isClosing(group);
  }

  /** A flow as everybody is to see it: if it counts as cancelled, its end is written first. */
  foreclosed(flow: Flow): Flow {
    if (!isForeclosed(flow, this)) return flow;
    const count = this.#effects.length;
    const ended = cancelForeclosed(this, flow);
    this.#lookupCount += this.#effects.length - count;
    return ended;
  }

  /** Whether a partition belongs to the shard that decides. */
  isHere(partitionKey: string): boolean {
    return this.neighbours.shardOf(partitionKey) === this.neighbours.shard;
  }

  /** The digest of a request to create a flow. */
  digestOf(request: CreateRequest): Hash64 {
    return (this.#digests ??= new RequestDigests(this.state)).of(request);
  }

  /** A key that no flow has. */
  newKey(partitionKey: string, id: string): FlowKey {
    const { table, keys } = this.state;
    let key: FlowKey | undefined = keys.first(partitionKey, id);
    for (; key !== undefined; key = nextKey(key)) {
      const isFree = table.handleOf(key) === undefined && this.#changed.get(key) === undefined;
      if (isFree) return key;
    }
    // Four flows with the same 62 bits of a keyed hash: somebody knows the key, or it is broken.
    invariant(false, `no key is left for flow "${id}" in partition "${partitionKey}"`);
  }

  /** Refuses the reference to a value that nobody can have stored yet. */
  requireStored(field: string, value: Value | ValueLink | undefined): void {
    if (value === undefined || !("linkLsn" in value)) return;
    const isThere = isStored(valuePlace(value.linkLsn), this.neighbours, this.#context.firstLsn);
    if (!isThere) throw neverStored(field, value.linkLsn);
  }

  /** Keeps a value of a flow. Returns its number, 0 for none. What is stored already is referred to. */
  value(key: FlowKey, value: Value | ValueLink | undefined): number {
    if (value === undefined) return 0;
    return "linkLsn" in value ? value.linkLsn : this.#value(key, value, null);
  }

  /** Keeps a value that the command makes itself: nobody sent it ahead, and it is small. */
  ownValue(key: FlowKey, value: Value): number {
    this.#valueCount++;
    return this.#addValue({ kind: "value", key, value, untilMs: null });
  }

  /** A value as it is written: with its bytes, or, if it went ahead, with the place of its parts. */
  written(value: Value): WrittenValue {
    const { encoding, bytes } = value;
    if (bytes.length <= this.limits.valueInlineBytesMax) return value;
    const parts = this.#context.parts?.get(value);
    invariant(parts !== undefined, `a value of ${bytes.length} bytes did not go ahead`);
    return { encoding, size: bytes.length, parts };
  }

  /** The fencing number that a flow gets next. */
  nextFencing({ fencingToken }: Control): number {
    return Math.max(fencingToken, this.state.fencingFloor) + 1;
  }

  /** Keeps a value that belongs to no flow. Returns its number. */
  sharedValue(value: Value, untilMs: number | null): number {
    return this.#value(null, value, untilMs);
  }

  /** Writes what a flow is to hold by name. The flow has to change in the same command. */
  hold(flow: Flow, plan: PlannedValues): Flow {
    const { valuesLsn, values } = this.#list(flow.key, plan);
    return { ...flow, values, control: { ...flow.control, valuesLsn } };
  }

  /** Begins to create a flow: writes what stands before its first control block. */
  begin(key: FlowKey, identity: Identity, { payload, plan }: Holdings): BegunFlow {
    this.#name(identity.type);
    const bodyLsn = this.#add({ kind: "body", key, identity });
    const payloadLsn = this.value(key, payload);
    const { valuesLsn, values } = this.#list(key, plan);
    const valueCount = this.#takeValueCount();
    const groups = NO_GROUPS;
    return { key, identity, bodyLsn, values, groups, payloadLsn, valuesLsn, valueCount };
  }

  /** Creates a flow that has begun. Its control block says what was written for it. */
  create(begun: BegunFlow, control: Control): Flow {
    const flow = this.#control(begun, control, "created");
    this.#born.push(flow);
    if (begun.identity.membership !== null) this.family.join(flow);
    return flow;
  }

  /** Changes a flow. */
  change(
    flow: Flow,
    change: ControlChange,
    event: FlowEventName,
    facts: EventFacts = NO_FACTS,
  ): Flow {
    const control = changedControl(flow.control, change, this.#progress(flow));
    const after = this.#control(flow, control, event, facts);
    if (unheededGroup(after) !== undefined) this.family.parked.push(after);
    return after;
  }

  /** Ends a flow. Its family does not know it yet. */
  end(flow: Flow, ending: Ending): Flow {
    const control = endedControl(flow.control, ending, this.#progress(flow));
    return this.#control(flow, control, ending.event, ending.facts);
  }

  /** Remembers a signal by its key. The flow has to change in the same command. */
  rememberSignal({ key }: Flow, keyHash: Hash64, digest: Hash64): void {
    this.signals.remember(key, { keyHash, digest });
    this.#add({ kind: "signal_key", key, keyHash, digest });
  }

  /** Removes a flow. */
  delete({ key }: Flow): void {
    this.signals.forget(key);
    this.#add({ kind: "del", key });
  }

  /** Replaces the policy of a type. */
  setPolicy(type: string, generation: number, policy: TypePolicy): void {
    this.#name(type);
    this.#add({ kind: "policy", type, generation, policy });
  }

  #control(
    { key, identity, bodyLsn, values, groups }: Omit<Flow, "control" | "lsn">,
    control: Control,
    event: FlowEventName,
    facts: EventFacts = NO_FACTS,
  ): Flow {
    const { retry } = facts;
    this.#name(control.state);
    if (retry !== undefined) {
      this.#name(retry.runState);
      this.#name(retry.exhaustedTo);
    }
    const lsn = this.#add(
      facts === NO_FACTS
        ? { kind: "ctrl", key, control, event }
        : { kind: "ctrl", key, control, event, ...facts },
    );
    const flow = { key, identity, bodyLsn, control, lsn, values, groups };
    this.#changed.set(flow);
    return flow;
  }

  #value(key: FlowKey | null, value: Value, untilMs: number | null): number {
    if (key !== null) this.#valueCount++;
    return this.#addValue({ kind: "value", key, value: this.written(value), untilMs });
  }

  #list(
    key: FlowKey,
    plan: PlannedValues | undefined,
  ): Pick<Control, "valuesLsn"> & Pick<Flow, "values"> {
    if (plan === undefined) return { valuesLsn: 0, values: NO_VALUES };
    const values = plan.map((planned): NamedValue => {
      if (!("value" in planned)) return planned;
      const { value, ...held } = planned;
      return { ...held, lsn: this.#value(key, value, null) };
    });
    return { valuesLsn: this.#add({ kind: "values", key, values }), values };
  }

  /** What goes on with every change of a flow. */
  #progress({ control }: Flow): Pick<Control, "version" | "updatedAtMs" | "valueCount"> {
    invariant(this.nowMs >= control.updatedAtMs, "time does not run backwards");
    return {
      version: control.version + 1,
      updatedAtMs: this.nowMs,
      valueCount: control.valueCount + this.#takeValueCount(),
    };
  }

  #takeValueCount(): number {
    const count = this.#valueCount;
    this.#valueCount = 0;
    return count;
  }

  #name(name: string): void {
    const { dictionary } = this.state;
    if (dictionary.idOf(name) !== undefined) return;
    const names = this.#newNames ??= new Set();
    if (names.has(name)) return;
    this.#add({ kind: "dict", id: dictionary.nextId + names.size, name });
    names.add(name);
  }

  /** Adds a value. Returns its number. */
  #addValue(effect: ValueEffect): number {
    return valueNumber({ shard: this.neighbours.shard, lsn: this.#add(effect) });
  }

  /** Adds an effect. Returns the LSN that its record will have. */
  #add(effect: Effect): number {
    return this.#context.firstLsn + this.#effects.push(effect) - 1;
  }
}
