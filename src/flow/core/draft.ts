/**
 * A command in the making.
 *
 * @module
 */
import { invariant } from "../../invariant.ts";
import type { Random } from "../../time/mod.ts";
import type { FlowEventName, FlowLimits, RetryFacts, TypePolicy } from "../mod.ts";
import type { FlowTarget } from "./command.ts";
import type { Effect } from "./effect.ts";
import type { Control, Flow, Identity } from "./flow.ts";
import { type FlowKey, keysOf, packKey } from "./flow_key.ts";
import { findFlow, type FlowLookup } from "./lookup.ts";
import type { Loaded } from "./need.ts";
import { duplicate, notFound } from "./refusals.ts";
import type { FlowState } from "./state.ts";
import type { Value, ValueParts } from "./value.ts";

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

  /** The effects so far. */
  get effects(): readonly Effect[] {
    return this.#effects;
  }

  /** The flow that the command names. Refuses with `not_found`. */
  named(target: FlowTarget): Flow {
    const flow = findFlow(this, target, this.nowMs);
    if (flow === undefined) throw notFound(target);
    const key = packKey(flow.key);
    if (this.refusesRepeats && this.#named.has(key)) throw duplicate(flow);
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
    const key = keysOf(this.state.hash, partitionKey, id).find((key) =>
      this.state.table.get(key) === undefined && !this.#newKeys.has(packKey(key))
    );
    // Four flows with the same 62 bits of a keyed hash: somebody knows the key, or it is broken.
    invariant(key !== undefined, `no key is left for flow "${id}" in partition "${partitionKey}"`);
    this.#newKeys.add(packKey(key));
    return key;
  }

  /** Keeps a value of a flow. Returns its LSN, 0 for no value. */
  value(key: FlowKey, value: Value | undefined): number {
    if (value === undefined) return 0;
    const { encoding, bytes } = value;
    this.#valueCount++;
    if (bytes.length <= this.limits.valueInlineBytesMax) return this.ownValue(key, value);
    const parts = this.#context.parts?.get(value);
    invariant(parts !== undefined, `a value of ${bytes.length} bytes did not go ahead`);
    return this.#add({ kind: "value", key, value: { encoding, size: bytes.length, parts } });
  }

  /** Keeps a value that the command makes itself: nobody sent it ahead, and it is small. */
  ownValue(key: FlowKey, { encoding, bytes }: Value): number {
    return this.#add({ kind: "value", key, value: { encoding, bytes } });
  }

  /** Creates a flow. `payload` is kept before it. */
  create(
    key: FlowKey,
    identity: Identity,
    payload: Value | undefined,
    control: Omit<Control, Kept | "payloadLsn" | "rewoundTo">,
  ): Flow {
    this.#name(identity.type);
    const bodyLsn = this.#add({ kind: "body", key, identity });
    const first = {
      ...control,
      payloadLsn: this.value(key, payload),
      rewoundTo: null,
      valueCount: this.#takeValueCount(),
      version: 1,
      updatedAtMs: this.nowMs,
    };
    return this.#control({ key, identity, bodyLsn }, first, "created");
  }

  /** Changes a flow. */
  change(
    flow: Flow,
    change: Partial<Omit<Control, Kept>>,
    event: FlowEventName,
    retry?: RetryFacts,
  ): Flow {
    const { control } = flow;
    invariant(this.nowMs >= control.updatedAtMs, "time does not run backwards");
    const after = {
      ...control,
      rewoundTo: null,
      ...change,
      valueCount: control.valueCount + this.#takeValueCount(),
      version: control.version + 1,
      updatedAtMs: this.nowMs,
    };
    return this.#control(flow, after, event, retry);
  }

  /** Removes a flow. */
  delete({ key }: Flow): void {
    this.#add({ kind: "del", key });
  }

  /** Replaces the policy of a type. */
  setPolicy(type: string, generation: number, policy: TypePolicy): void {
    this.#name(type);
    this.#add({ kind: "policy", type, generation, policy });
  }

  #control(
    { key, identity, bodyLsn }: Omit<Flow, "control" | "lsn">,
    control: Control,
    event: FlowEventName,
    retry?: RetryFacts,
  ): Flow {
    this.#name(control.state);
    if (retry !== undefined) {
      this.#name(retry.runState);
      this.#name(retry.exhaustedTo);
    }
    const lsn = this.#add({
      kind: "ctrl",
      key,
      control,
      event,
      ...retry === undefined ? {} : { retry },
    });
    const flow = { key, identity, bodyLsn, control, lsn };
    this.#remember(flow);
    return flow;
  }

  #takeValueCount(): number {
    const count = this.#valueCount;
    this.#valueCount = 0;
    return count;
  }

  #remember(flow: Flow): void {
    const { id, partitionKey } = flow.identity;
    const others = (this.#changed.get(id) ?? [])
      .filter(({ identity }) => identity.partitionKey !== partitionKey);
    this.#changed.set(id, [...others, flow]);
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
