/**
 * A command in the making.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";
import { invariant } from "../../invariant.ts";
import type { Random } from "../../time/mod.ts";
import type { FlowEventName, FlowLimits, TypePolicy } from "../mod.ts";
import type { FlowTarget } from "./command.ts";
import type { Effect, EventFacts } from "./effect.ts";
import type { Control, Flow, Identity } from "./flow.ts";
import { type FlowKey, nextKey, packKey } from "./flow_key.ts";
import { KvDraft } from "./kv_draft.ts";
import { findFlow, type FlowLookup } from "./lookup.ts";
import { type NamedValue, NO_VALUES, type PlannedValues } from "./named_values.ts";
import type { Loaded } from "./need.ts";
import { duplicate, neverStored, notFound } from "./refusals.ts";
import { SignalDraft } from "./signal_memory.ts";
import type { FlowState } from "./state.ts";
import type { Value, ValueLink, ValueParts, WrittenValue } from "./value.ts";

/** What a command is decided with, besides the state. */
export interface DecideContext {
  /** The time of the command. Never before that of the last command. */
  readonly nowMs: number;
  /** For lease tokens. */
  readonly random: Random;
  /** The LSN that the command's first record will have. */
  readonly firstLsn: number;
  /** The limits of the store. */
  readonly limits: FlowLimits;
  /** Where the command's large values stand, which went ahead. */
  readonly parts?: ReadonlyMap<Value, ValueParts>;
  /** What the command needs; see `needsOf()`. */
  readonly loaded: Loaded;
}

/** What changes with every change and is not a command's business. */
type Kept = "version" | "updatedAtMs" | "valueCount";

/** What a flow is created with. */
export interface Holdings {
  /** The payload. */
  readonly payload: Value | ValueLink | undefined;
  /** The named values. */
  readonly plan: PlannedValues | undefined;
}

type Held = Pick<Flow, "values">;

/**
 * Collects the effects of one command and shows the flows as they will be after it, so that a
 * command over many flows sees what it has done so far. The state itself stays as it is.
 */
export class Draft implements FlowLookup {
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
  /** Whether naming a flow twice is refused. */
  refusesRepeats = false;
  readonly #context: DecideContext;
  #kv: KvDraft | undefined;
  #signals: SignalDraft | undefined;
  readonly #effects: Effect[] = [];
  readonly #newNames = new Set<string>();
  readonly #newKeys = new Set<string>();
  readonly #named = new Set<string>();
  /** Values since the last control block. They are of the flow whose control block comes next. */
  #valueCount = 0;
  /** Changed flows by id; mostly one for an id. */
  readonly #changed = new Map<string, Flow[]>();

  /** Begins a command. */
  constructor(state: FlowState, context: DecideContext) {
    this.state = state;
    this.nowMs = context.nowMs;
    this.random = context.random;
    this.limits = context.limits;
    this.loaded = context.loaded;
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

  /** The flow that the command names. Refuses with `not_found`. */
  named(target: FlowTarget): Flow {
    const flow = findFlow(this, target, this.nowMs);
    if (flow === undefined) throw notFound(target);
    if (!this.refusesRepeats) return flow;
    const key = packKey(flow.key);
    if (this.#named.has(key)) throw duplicate(flow);
    this.#named.add(key);
    return flow;
  }

  /** The flow with an identity, whether its retention is over or not. */
  find(partitionKey: string, id: string): Flow | undefined {
    const changed = this.#changed.get(id)
      ?.find(({ identity }) => identity.partitionKey === partitionKey);
    return changed ?? this.state.table.find(partitionKey, id);
  }

  /** The flows with an id, whether their retention is over or not. */
  findAll(id: string): Flow[] {
    const changed = this.#changed.get(id) ?? [];
    const others = this.state.table.findAll(id).filter(({ identity }) =>
      !changed.some((flow) => flow.identity.partitionKey === identity.partitionKey)
    );
    return [...others, ...changed];
  }

  /** A key that no flow has. */
  newKey(partitionKey: string, id: string): FlowKey {
    const { table, keys } = this.state;
    let key: FlowKey | undefined = keys.first(partitionKey, id);
    for (; key !== undefined; key = nextKey(key)) {
      const packed = packKey(key);
      if (table.handleOf(key) !== undefined || this.#newKeys.has(packed)) continue;
      this.#newKeys.add(packed);
      return key;
    }
    // Four flows with the same 62 bits of a keyed hash: somebody knows the key, or it is broken.
    invariant(false, `no key is left for flow "${id}" in partition "${partitionKey}"`);
  }

  /** Refuses the reference to a value that nobody can have stored yet. */
  requireStored(field: string, value: Value | ValueLink | undefined): void {
    if (value === undefined || !("linkLsn" in value)) return;
    if (value.linkLsn >= this.#context.firstLsn) throw neverStored(field, value.linkLsn);
  }

  /** Keeps a value of a flow. Returns its LSN, 0 for no value. What is stored already is referred to. */
  value(key: FlowKey, value: Value | ValueLink | undefined): number {
    if (value === undefined) return 0;
    return "linkLsn" in value ? value.linkLsn : this.#value(key, value, null);
  }

  /** Keeps a value that the command makes itself: nobody sent it ahead, and it is small. */
  ownValue(key: FlowKey, { encoding, bytes }: Value): number {
    this.#valueCount++;
    return this.#add({ kind: "value", key, value: { encoding, bytes }, untilMs: null });
  }

  /** A value as it is written: with its bytes, or, if it went ahead, with the place of its parts. */
  written(value: Value): WrittenValue {
    const { encoding, bytes } = value;
    if (bytes.length <= this.limits.valueInlineBytesMax) return { encoding, bytes };
    const parts = this.#context.parts?.get(value);
    invariant(parts !== undefined, `a value of ${bytes.length} bytes did not go ahead`);
    return { encoding, size: bytes.length, parts };
  }

  /** Keeps a value that belongs to no flow. Returns its LSN. */
  sharedValue(value: Value, untilMs: number | null): number {
    return this.#value(null, value, untilMs);
  }

  /** Writes what a flow is to hold by name. The flow has to change in the same command. */
  hold(flow: Flow, plan: PlannedValues): Flow {
    const { valuesLsn, values } = this.#list(flow.key, plan);
    return { ...flow, values, control: { ...flow.control, valuesLsn } };
  }

  /** Creates a flow. Payload and named values are kept before it. */
  create(
    key: FlowKey,
    identity: Identity,
    { payload, plan }: Holdings,
    control: Omit<Control, Kept | "payloadLsn" | "valuesLsn" | "rewoundTo">,
  ): Flow {
    this.#name(identity.type);
    const bodyLsn = this.#add({ kind: "body", key, identity });
    const payloadLsn = this.value(key, payload);
    const { valuesLsn, values } = this.#list(key, plan);
    const first = {
      ...control,
      payloadLsn,
      valuesLsn,
      rewoundTo: null,
      valueCount: this.#takeValueCount(),
      version: 1,
      updatedAtMs: this.nowMs,
    };
    return this.#control({ key, identity, bodyLsn, values }, first, "created");
  }

  /** Changes a flow. */
  change(
    flow: Flow,
    change: Partial<Omit<Control, Kept>>,
    event: FlowEventName,
    facts: EventFacts = {},
  ): Flow {
    const { control } = flow;
    invariant(this.nowMs >= control.updatedAtMs, "time does not run backwards");
    return this.#control(
      flow,
      changed(control, change, {
        version: control.version + 1,
        updatedAtMs: this.nowMs,
        valueCount: control.valueCount + this.#takeValueCount(),
      }),
      event,
      facts,
    );
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
    { key, identity, bodyLsn, values }: Omit<Flow, "control" | "lsn">,
    control: Control,
    event: FlowEventName,
    facts: EventFacts = {},
  ): Flow {
    const { retry } = facts;
    this.#name(control.state);
    if (retry !== undefined) {
      this.#name(retry.runState);
      this.#name(retry.exhaustedTo);
    }
    const lsn = this.#add({ kind: "ctrl", key, control, event, ...facts });
    const flow = { key, identity, bodyLsn, control, lsn, values };
    this.#remember(flow);
    return flow;
  }

  #value(key: FlowKey | null, value: Value, untilMs: number | null): number {
    if (key !== null) this.#valueCount++;
    return this.#add({ kind: "value", key, value: this.written(value), untilMs });
  }

  #list(key: FlowKey, plan: PlannedValues | undefined): Pick<Control, "valuesLsn"> & Held {
    if (plan === undefined) return { valuesLsn: 0, values: NO_VALUES };
    const values = plan.map((planned): NamedValue => {
      if (!("value" in planned)) return planned;
      const { value, ...held } = planned;
      return { ...held, lsn: this.#value(key, value, null) };
    });
    return { valuesLsn: this.#add({ kind: "values", key, values }), values };
  }

  #takeValueCount(): number {
    const count = this.#valueCount;
    this.#valueCount = 0;
    return count;
  }

  #remember(flow: Flow): void {
    const { id, partitionKey } = flow.identity;
    const changed = this.#changed.get(id);
    if (changed === undefined) {
      this.#changed.set(id, [flow]);
      return;
    }
    const place = changed.findIndex(({ identity }) => identity.partitionKey === partitionKey);
    if (place < 0) changed.push(flow);
    else changed[place] = flow;
  }

  #name(name: string): void {
    const { dictionary } = this.state;
    if (dictionary.idOf(name) !== undefined || this.#newNames.has(name)) return;
    this.#add({ kind: "dict", id: dictionary.nextId + this.#newNames.size, name });
    this.#newNames.add(name);
  }

  /** Adds an effect. Returns the LSN that its record will have. */
  #add(effect: Effect): number {
    return this.#context.firstLsn + this.#effects.push(effect) - 1;
  }
}

/**
 * A control block after a change. Member by member: as a spread it cost more than all the rest of
 * deciding.
 */
function changed(
  before: Control,
  change: Partial<Omit<Control, Kept>>,
  { version, updatedAtMs, valueCount }: Pick<Control, Kept>,
): Control {
  const { lease, nextRunAtMs, retentionUntilMs } = change;
  return {
    version,
    state: change.state ?? before.state,
    priority: change.priority ?? before.priority,
    lease: lease === undefined ? before.lease : lease,
    attempts: change.attempts ?? before.attempts,
    attemptsTotal: change.attemptsTotal ?? before.attemptsTotal,
    reclaims: change.reclaims ?? before.reclaims,
    fencingToken: change.fencingToken ?? before.fencingToken,
    updatedAtMs,
    nextRunAtMs: nextRunAtMs === undefined ? before.nextRunAtMs : nextRunAtMs,
    retentionTtlMs: change.retentionTtlMs ?? before.retentionTtlMs,
    retentionUntilMs: retentionUntilMs === undefined ? before.retentionUntilMs : retentionUntilMs,
    rewoundTo: change.rewoundTo ?? null,
    valueCount,
    payloadLsn: change.payloadLsn ?? before.payloadLsn,
    resultLsn: change.resultLsn ?? before.resultLsn,
    errorLsn: change.errorLsn ?? before.errorLsn,
    valuesLsn: change.valuesLsn ?? before.valuesLsn,
  };
}
