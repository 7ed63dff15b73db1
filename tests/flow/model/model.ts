/**
 * What the flow core promises, as plainly as it can be said: objects in a map, and a look at all of
 * them for every question. It shares no code with the core.
 *
 * @module
 */

import { FamilyModel, type ModelMembership, type ModelOptions } from "./family.ts";
import type {
  ModelChanges,
  ModelClaim,
  ModelCreate,
  ModelEvent,
  ModelFacts,
  ModelFlow,
  ModelHistory,
  ModelItem,
  ModelPolicy,
  ModelValue,
} from "./flow.ts";
import { KvModel } from "./kv.ts";
import { Refusal } from "./refusal.ts";

export type * from "./flow.ts";

/** Policies by type, then by state; "" is the type itself. */
type Policies = Map<string, { generation: number; levels: Record<string, ModelPolicy> }>;

/** States that nothing leads out of but a rewind. */
export const TERMINAL: readonly string[] = ["completed", "failed", "cancelled"];
const DEFAULT: Required<Omit<ModelPolicy, "maxMs">> = {
  maxRetries: 3,
  kind: "exponential",
  baseMs: 1_000,
  jitterPct: 20,
  exhaustedTo: "failed",
  ttlMs: 604_800_000,
  maxReclaims: 10,
};

/** The codes of errors that a store makes itself: the model knows them by these. */
const OWN_ERRORS: ReadonlySet<unknown> = new Set(["lease_lost", "child_failed", "child_cancelled"]);

/** An error as the model has it. */
export function plainError(error: unknown): unknown {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return OWN_ERRORS.has(code) ? code : error;
}

/** Which flows a claim may take. */
type ModelFilter = Omit<ModelClaim, "ratio" | "limit" | "leaseMs" | "worker" | "lostLeases">;

/** The whole store. */
export class Model {
  nowMs: number;
  flows: ModelFlow[] = [];
  readonly policies: Policies = new Map();
  /** Values that were put without a flow, by the reference that the store gave. */
  readonly shared: Map<string, unknown> = new Map();
  readonly kv: KvModel = new KvModel();
  readonly family: FamilyModel;

  constructor(nowMs: number, options: ModelOptions = {}) {
    this.nowMs = nowMs;
    this.family = new FamilyModel(this, options);
  }

  /** One command with all that it sets off. If it is refused, nothing has happened. */
  whole<T>(act: () => T): T {
    this.family.begin();
    // A command may write ends of flows that it only looks at, before it is refused.
    const restore = this.family.closings.length === 0 ? undefined : this.snapshot();
    try {
      const result = act();
      this.family.settle();
      return result;
    } catch (error) {
      if (error instanceof Refusal) restore?.();
      throw error;
    }
  }

  /** Writes all ends that count already, command by command. */
  closeAll(): void {
    while (this.family.closings.length > 0) this.whole(() => this.family.close());
  }

  /** Remembers all flows. Returns what brings them back. */
  snapshot(): () => void {
    const flows = this.flows.map((flow) => ({
      ...flow,
      history: [...flow.history],
      signals: [...flow.signals],
    }));
    const forgetSetOff = this.family.snapshot();
    return () => {
      this.flows = flows;
      forgetSetOff();
    };
  }

  /** Remembers everything between two commands. Returns what brings it back, for one time. */
  checkpoint(): () => void {
    const restore = this.snapshot();
    // What a retry is due at is noted later in the event that was there already.
    const histories = this.flows.map(({ history }) => history.map((event) => ({ ...event })));
    const [policies, shared] = [new Map(this.policies), new Map(this.shared)];
    const keys = this.kv.keys.map((key) => ({ ...key }));
    return () => {
      restore();
      for (const [index, flow] of this.flows.entries()) {
        flow.history.splice(0, Infinity, ...histories[index]!);
      }
      replaceAll(this.policies, policies);
      replaceAll(this.shared, shared);
      this.kv.keys = keys;
    };
  }

  /** The flow with an identity, if it can be seen. */
  find(partitionKey: string, id: string): ModelFlow | undefined {
    const flow = this.visible().find((flow) =>
      flow.id === id && flow.partitionKey === partitionKey
    );
    return flow && this.family.look(flow);
  }

  /** Flows that can be seen. */
  visible(): ModelFlow[] {
    return this.flows.filter(({ untilMs }) => untilMs === null || untilMs > this.nowMs);
  }

  create(request: ModelCreate): ModelFlow {
    return this.repeated(request) ?? this.born(request, null);
  }

  /** The flow that a request for one finds. */
  repeated(request: ModelCreate): ModelFlow | undefined {
    const old = this.find(request.partitionKey, request.id);
    if (old === undefined) return undefined;
    if (request.idempotent !== true) throw new Refusal("already_exists");
    if (old.request !== requestText(request)) throw new Refusal("idempotency_conflict");
    return old;
  }

  /** A flow that there was not. */
  born(request: ModelCreate, membership: ModelMembership | null): ModelFlow {
    const named = this.#changedValues({}, request);
    this.flows = this.flows.filter((flow) =>
      flow.id !== request.id || flow.partitionKey !== request.partitionKey
    );
    const state = request.state ?? "queued";
    const flow: ModelFlow = {
      id: request.id,
      partitionKey: request.partitionKey,
      type: request.type,
      request: requestText(request),
      createdAtMs: this.nowMs,
      historyMaxEvents: request.historyMaxEvents ?? 100_000,
      parent: request.parentFlowId ?? null,
      root: request.rootFlowId ?? null,
      correlation: request.correlationId ?? null,
      membership,
      groups: [],
      isDoomed: false,
      state,
      owner: null,
      token: null,
      version: 0,
      attempts: 0,
      attemptsTotal: 0,
      reclaims: 0,
      fencing: 0,
      priority: request.priority ?? 0,
      updatedAtMs: 0,
      dueMs: request.runAtMs ?? this.nowMs,
      graceMs: 0,
      dueRange: null,
      ttlMs: request.retentionTtlMs ?? this.policy(request.type, state).ttlMs,
      untilMs: null,
      payload: request.payload,
      result: undefined,
      error: undefined,
      rewoundTo: null,
      values: given(request.payload) + putCount({}, named),
      history: [],
      signals: [],
      named,
    };
    this.flows.push(flow);
    this.changed(flow, "created");
    return flow;
  }

  /** The store was opened: owners that could not extend their leases meanwhile get a little time. */
  opened(): void {
    for (const flow of this.flows) {
      if (flow.owner === null) flow.graceMs = 0;
      else flow.graceMs = this.nowMs + Math.min(flow.dueMs! - flow.updatedAtMs, 5_000);
    }
  }

  /** Time has leapt ahead: owners have as long as they had been given to extend their leases. */
  leapt(): void {
    for (const flow of this.flows) {
      if (flow.owner !== null) flow.graceMs = this.nowMs + flow.dueMs! - flow.updatedAtMs;
    }
  }

  /** What a claim could take now, in order. */
  claimable(claim: ModelFilter): ModelFlow[] {
    return this.#due(claim).filter(({ isDoomed }) => !isDoomed);
  }

  #due(claim: ModelFilter): ModelFlow[] {
    return this.flows.filter((flow) =>
      flow.type === claim.type && flow.dueMs !== null && takeableMs(flow) <= this.nowMs &&
      (flow.owner === null ? claim.waiting : claim.expired) &&
      (claim.states === null || claim.states.includes(flow.state)) &&
      (claim.partitionKeys === null || claim.partitionKeys.includes(flow.partitionKey)) &&
      (claim.priority === null || claim.priority === flow.priority)
    ).sort(byUrgency);
  }

  claim(claim: ModelClaim): ModelFlow[] {
    const matching = this.#due(claim);
    const due = matching.filter(({ owner }) => owner === null);
    const expired = matching.filter(({ owner }) => owner !== null);
    const taken: ModelFlow[] = [];
    let isOver = false;
    const take = (from: ModelFlow[], count: number) => {
      while (!isOver && taken.length < count && from.length > 0) {
        const flow = from.shift()!;
        // What counts as cancelled is ended instead, so long as the command may end anything.
        isOver = flow.isDoomed && !this.family.takeEnd();
        if (isOver) return;
        const ofClaim = claim.lostLeases[flow.state];
        const { maxReclaims, exhaustedTo } = this.policy(flow.type, flow.state, ofClaim);
        if (flow.isDoomed) this.family.look(flow);
        else if (flow.owner === null || flow.reclaims < (maxReclaims ?? Infinity)) taken.push(flow);
        else this.#lose(flow, exhaustedTo);
      }
    };
    if (claim.waiting && claim.expired && claim.ratio === 0) {
      take([...due, ...expired].sort(byUrgency), claim.limit);
    } else {
      const share = claim.waiting
        ? Math.max(1, Math.ceil(claim.limit * claim.ratio / 100))
        : Infinity;
      take(expired, Math.min(claim.limit, share));
      take(due, claim.limit);
      take(expired, claim.limit);
    }
    taken.sort(byUrgency);
    // A flow that was given up may take others with it.
    this.family.settle();
    const left = taken.map((flow) => this.family.look(flow))
      .filter(({ state }) => !TERMINAL.includes(state));
    for (const flow of left) {
      if (flow.owner !== null) flow.reclaims++;
      flow.owner = claim.worker;
      flow.token = null;
      flow.fencing++;
      flow.dueMs = this.nowMs + claim.leaseMs;
      this.changed(flow, "claimed");
    }
    return left;
  }

  extend(item: ModelItem, leaseMs: number): ModelFlow {
    const flow = this.#owned(item);
    flow.dueMs = this.nowMs + leaseMs;
    this.changed(flow, "lease_extended");
    return flow;
  }

  complete(
    item: ModelItem & ModelChanges & {
      result?: unknown;
      payload?: unknown;
      ttlMs?: number | undefined;
    },
  ): ModelFlow {
    const flow = this.#owned(item);
    this.#hold(flow, item);
    this.#bring(flow, item.payload, item.result);
    flow.result = item.result;
    return this.end(flow, "completed", "completed", item.ttlMs);
  }

  fail(
    item: ModelItem & ModelChanges & {
      error?: unknown;
      payload?: unknown;
      ttlMs?: number | undefined;
    },
  ): ModelFlow {
    const flow = this.#owned(item);
    this.#hold(flow, item);
    this.#bring(flow, item.payload, item.error);
    flow.error = item.error;
    return this.end(flow, "failed", "failed", item.ttlMs);
  }

  cancel(
    item: ModelItem & ModelChanges & { reason?: unknown; ttlMs?: number | undefined },
  ): ModelFlow {
    const flow = this.named(item);
    if (item.fencingToken !== undefined) {
      if (flow.fencing !== item.fencingToken) throw new Refusal("stale_lease");
      const fits = flow.owner === null
        ? item.leaseToken === undefined
        : item.leaseToken === flow.token;
      if (!fits) throw new Refusal("stale_lease");
    }
    if (TERMINAL.includes(flow.state)) throw new Refusal("flow_terminal");
    this.#hold(flow, item);
    this.#bring(flow, undefined, item.reason);
    flow.error = item.reason;
    return this.end(flow, "cancelled", "cancelled", item.ttlMs);
  }

  transition(
    item: ModelItem & ModelChanges & {
      from: string;
      to: string;
      runAtMs?: number | null | undefined;
      priority?: number | undefined;
      payload?: unknown;
    },
  ): ModelFlow {
    const flow = this.named(item);
    const isOwner = flow.owner !== null && item.leaseToken === flow.token;
    if (item.leaseToken !== undefined && !isOwner) throw new Refusal("stale_lease");
    const shown = flow.owner === null ? flow.state : "running";
    const expected = item.from === shown || (isOwner && item.from === flow.state);
    if (!expected) throw new Refusal("wrong_state");
    if (TERMINAL.includes(flow.state)) throw new Refusal("flow_terminal");
    if (flow.fencing !== item.fencingToken) throw new Refusal("stale_lease");
    if (flow.owner !== null && !isOwner) throw new Refusal("stale_lease");
    this.#hold(flow, item);
    if (flow.state !== item.to) {
      flow.attempts = 0;
      flow.reclaims = 0;
    }
    if (flow.owner !== null) flow.reclaims = 0;
    flow.state = item.to;
    flow.owner = null;
    flow.dueMs = item.runAtMs === undefined ? this.nowMs : item.runAtMs;
    if (item.priority !== undefined) flow.priority = item.priority;
    this.#bring(flow, item.payload, undefined);
    this.changed(flow, "transitioned");
    return flow;
  }

  retry(
    item: ModelItem & {
      error?: unknown;
      payload?: unknown;
      runAtMs?: number | undefined;
      retry?: ModelPolicy | undefined;
    },
  ): ModelFlow {
    const flow = this.#owned(item);
    const policy = this.policy(flow.type, flow.state, item.retry);
    const attempt = flow.attempts + 1;
    flow.attempts = attempt;
    flow.attemptsTotal++;
    flow.error = item.error;
    this.#bring(flow, item.payload, item.error);
    if (attempt <= policy.maxRetries) {
      flow.owner = null;
      flow.reclaims = 0;
      if (item.runAtMs !== undefined) flow.dueMs = item.runAtMs;
      else {
        flow.dueRange = waitRange(policy, attempt).map((wait) => this.nowMs + wait) as [
          number,
          number,
        ];
      }
      this.changed(flow, "retry", { retry: { decision: "scheduled", attempt } });
      return flow;
    }
    const retry = { decision: "exhausted", attempt };
    if (TERMINAL.includes(policy.exhaustedTo)) {
      return this.end(flow, policy.exhaustedTo, "retry", undefined, { retry });
    }
    if (policy.exhaustedTo !== flow.state) flow.attempts = 0;
    flow.state = policy.exhaustedTo;
    flow.owner = null;
    flow.reclaims = 0;
    flow.dueMs = this.nowMs;
    this.changed(flow, "retry", { retry });
    return flow;
  }

  rewind(
    item: ModelItem & {
      toEvent: string;
      expectState?: string | undefined;
      runAtMs?: number | undefined;
    },
  ): ModelFlow {
    const flow = this.named(item);
    if (flow.owner !== null) throw new Refusal("rewind_leased");
    if (flow.parent !== null || flow.groups.length > 0) throw new Refusal("rewind_family");
    if (item.expectState !== undefined && item.expectState !== flow.state) {
      throw new Refusal("wrong_state");
    }
    const event = this.history(flow, { count: Infinity })
      .find(({ atMs, version }) => `${atMs}-${version}` === item.toEvent);
    if (event === undefined) throw new Refusal("rewind_event_not_found");
    if (event.owner !== null) throw new Refusal("rewind_event_unusable");
    const ends = TERMINAL.includes(event.state);
    if (ends && item.runAtMs !== undefined) throw new Refusal("invalid_argument");
    flow.fencing++;
    flow.state = event.state;
    flow.priority = event.priority;
    flow.attempts = event.attempts;
    flow.reclaims = 0;
    flow.ttlMs = event.ttlMs;
    flow.dueMs = item.runAtMs ?? event.dueMs;
    flow.untilMs = ends ? this.nowMs + flow.ttlMs : null;
    flow.payload = event.payload;
    flow.result = event.result;
    flow.error = event.error;
    const newer = Object.entries(flow.named).filter(([name]) => !(name in event.named))
      .map(([name, held]) => [name, { ...held, value: undefined, isLinked: false }] as const);
    flow.named = { ...event.named, ...Object.fromEntries(newer) };
    this.changed(flow, "rewound", { rewoundTo: item.toEvent });
    return flow;
  }

  /** The events of a flow that pass. */
  history(flow: ModelFlow, asked: ModelHistory = {}): ModelEvent[] {
    const place = (id: string) => id.split("-").map(Number);
    const isAfter = (a: number[], b: number[]) => a[0]! > b[0]! || (a[0] === b[0] && a[1]! > b[1]!);
    const found = flow.history.slice(-flow.historyMaxEvents).filter((event) => {
      const at = [event.atMs, event.version];
      return !(asked.fromEvent !== undefined && isAfter(place(asked.fromEvent), at)) &&
        !(asked.toEvent !== undefined && isAfter(at, place(asked.toEvent))) &&
        event.atMs >= (asked.fromMs ?? 0) && event.atMs <= (asked.toMs ?? Infinity) &&
        event.version >= (asked.fromVersion ?? 0) &&
        event.version <= (asked.toVersion ?? Infinity) &&
        (asked.event === undefined || asked.event === event.event) &&
        (asked.worker === undefined || asked.worker === event.owner);
    }).slice(-(asked.count ?? 100));
    return asked.rev ? found.reverse() : found;
  }

  signal(
    item: ModelItem & ModelChanges & {
      readonly signal: string;
      readonly idempotencyKey?: string | undefined;
      readonly ifState?: string | readonly string[] | undefined;
      readonly transitionTo?: string | undefined;
      readonly runAtMs?: number | null | undefined;
    },
  ): ModelFlow {
    const flow = this.named(item);
    const { signal, idempotencyKey, transitionTo, runAtMs } = item;
    const states = item.ifState === undefined ? undefined : [item.ifState].flat();
    const request = JSON.stringify([
      signal,
      states === undefined ? "" : [...new Set(states)].sort(),
      transitionTo ?? "",
      runAtMs === undefined ? "" : runAtMs,
      changesText(item),
    ]);
    const known = flow.signals.find(([key]) => key === idempotencyKey);
    if (known !== undefined) {
      if (known[1] !== request) throw new Refusal("signal_conflict");
      return flow;
    }
    if (transitionTo !== undefined && TERMINAL.includes(flow.state)) {
      throw new Refusal("flow_terminal");
    }
    if (transitionTo !== undefined && states === undefined) throw new Refusal("guard_required");
    const shown = flow.owner === null ? flow.state : "running";
    if (states !== undefined && !states.includes(shown)) throw new Refusal("state_mismatch");
    this.#hold(flow, item);
    if (idempotencyKey !== undefined) flow.signals.push([idempotencyKey, request]);
    if (transitionTo !== undefined) {
      if (transitionTo !== flow.state) {
        flow.attempts = 0;
        flow.reclaims = 0;
      }
      flow.state = transitionTo;
      flow.owner = null;
      flow.dueMs = runAtMs === undefined ? this.nowMs : runAtMs;
    } else if (flow.untilMs !== null) {
      flow.untilMs = this.nowMs + flow.ttlMs;
    }
    this.changed(flow, "signaled", { signal });
    return flow;
  }

  valuePut(item: ModelItem & { name: string; value: unknown; override: boolean }): ModelFlow {
    const flow = this.named(item);
    const { name, value, override } = item;
    const before = flow.named;
    this.#hold(flow, { values: { [name]: value }, overrideValues: override ? [name] : [] });
    if (JSON.stringify(before) === JSON.stringify(flow.named)) return flow;
    this.changed(flow, "value_put");
    return flow;
  }

  policySet(type: string, levels: Record<string, ModelPolicy>, expected?: number): void {
    const generation = this.policies.get(type)?.generation ?? 0;
    if (expected !== undefined && expected !== generation) throw new Refusal("generation_conflict");
    this.policies.set(type, { generation: generation + 1, levels });
  }

  policy(type: string, state: string, command: ModelPolicy = {}): Required<ModelPolicy> {
    const levels = this.policies.get(type)?.levels ?? {};
    const policy = { ...DEFAULT, ...levels[""], ...levels[state], ...command };
    return { ...policy, maxMs: policy.maxMs ?? Math.max(30_000, policy.baseMs) };
  }

  /** One command over several flows: all of it or nothing. */
  all<Item>(items: readonly Item[], one: (item: Item) => ModelFlow): ModelFlow[] {
    const restore = this.snapshot();
    const touched = new Set<string>();
    const codes: string[] = [];
    const flows: ModelFlow[] = [];
    for (const item of items) {
      try {
        const target = item as unknown as ModelItem;
        // A create is told twins by its arguments, all others by the flow that they find.
        if (!("type" in (item as object))) {
          const found = this.named(target);
          const name = `${found.partitionKey} ${found.id}`;
          if (touched.has(name)) throw new Refusal("duplicate_id");
          touched.add(name);
        }
        flows.push(one(item));
        codes.push("ok");
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        codes.push(error.code);
      }
    }
    const first = codes.find((code) => code !== "ok");
    if (first === undefined) return this.#settled(flows);
    restore();
    throw new Refusal(first, codes.map((code) => code === "ok" ? "not_applied" : code));
  }

  /** One command over several flows: each for itself. */
  each<Item>(items: readonly Item[], one: (item: Item) => ModelFlow): (ModelFlow | string)[] {
    const outcomes = items.map((item) => {
      try {
        return { ...one(item) };
      } catch (error) {
        if (error instanceof Refusal) return error.code;
        throw error;
      }
    });
    return this.#settled(outcomes);
  }

  /** What a command over several flows shows: if it has set anything off, they are as after that. */
  #settled<Outcome extends ModelFlow | string>(outcomes: Outcome[]): Outcome[] {
    if (!this.family.settle()) return outcomes;
    return outcomes.map((outcome): Outcome => {
      if (typeof outcome === "string") return outcome;
      const { id, partitionKey }: ModelFlow = outcome;
      return { ...this.find(partitionKey, id)! } as Outcome & ModelFlow;
    });
  }

  /** Changes what a flow holds by name. */
  #hold(flow: ModelFlow, changes: ModelChanges): void {
    const named = this.#changedValues(flow.named, changes);
    flow.values += putCount(flow.named, named);
    flow.named = named;
  }

  #changedValues(
    before: Record<string, ModelValue>,
    { values = {}, valueRefs = {}, dropValues = [], overrideValues = [] }: ModelChanges,
  ): Record<string, ModelValue> {
    const after = { ...before };
    for (const name of dropValues) {
      if (name in after) after[name] = { ...after[name]!, value: undefined, isLinked: false };
    }
    for (const [name, ref] of Object.entries(valueRefs)) {
      const version = after[name]?.version ?? 0;
      after[name] = { value: this.shared.get(ref), version, isLinked: true };
    }
    for (const [name, value] of Object.entries(values)) {
      const { value: held, version = 0, isLinked = false } = after[name] ?? {};
      const isSame = !isLinked && JSON.stringify(held) === JSON.stringify(value);
      if (held !== undefined && isSame) continue;
      if (held !== undefined && !overrideValues.includes(name)) throw new Refusal("value_conflict");
      after[name] = { value, version: version + 1, isLinked: false };
    }
    return after;
  }

  /** The flow that a command names. */
  named({ id, partitionKey }: ModelItem): ModelFlow {
    const found = this.visible().filter((flow) =>
      flow.id === id && (partitionKey === undefined || flow.partitionKey === partitionKey)
    );
    for (const flow of found) this.family.look(flow);
    if (found.length > 1) throw new Refusal("invalid_argument");
    if (found[0] === undefined) throw new Refusal("not_found");
    return found[0];
  }

  #owned(item: ModelItem): ModelFlow {
    const flow = this.named(item);
    const owns = flow.owner !== null && flow.token === item.leaseToken &&
      flow.fencing === item.fencingToken;
    if (!owns) throw new Refusal("stale_lease");
    return flow;
  }

  #lose(flow: ModelFlow, exhaustedTo: string): void {
    flow.fencing++;
    flow.error = "lease_lost";
    flow.values++;
    if (TERMINAL.includes(exhaustedTo)) {
      this.end(flow, exhaustedTo, "lease_lost");
      return;
    }
    if (flow.state !== exhaustedTo) {
      flow.attempts = 0;
      flow.reclaims = 0;
    }
    flow.state = exhaustedTo;
    flow.owner = null;
    flow.dueMs = this.nowMs;
    this.changed(flow, "lease_lost");
  }

  /** Ends a flow. Its parent and its children hear of it when the command settles. */
  end(
    flow: ModelFlow,
    state: string,
    event: string,
    ttlMs?: number,
    facts: ModelFacts = {},
  ): ModelFlow {
    this.overrideDue(flow);
    flow.state = state;
    flow.owner = null;
    flow.reclaims = 0;
    flow.dueMs = null;
    if (ttlMs !== undefined) flow.ttlMs = ttlMs;
    flow.untilMs = this.nowMs + flow.ttlMs;
    this.changed(flow, event, facts);
    this.family.ended(flow);
    return flow;
  }

  /** Gives a flow new values, of which the payload stays until another one comes. */
  #bring(flow: ModelFlow, payload: unknown, other: unknown): void {
    flow.values += given(payload) + given(other);
    if (payload !== undefined) flow.payload = payload;
  }

  /** A flow gets another due time, or none. When it was to be tried again nobody has seen. */
  overrideDue(flow: ModelFlow): void {
    if (flow.dueRange !== null) flow.history.at(-1)!.dueMs = Infinity;
    flow.dueRange = null;
  }

  changed(flow: ModelFlow, event: string, facts: ModelFacts = {}): void {
    // What follows a retry in the same command shows the due time, and hides that of the retry.
    if (flow.dueRange !== null && event !== "retry") flow.history.at(-1)!.dueMs = Infinity;
    const { rewoundTo = null, retry = null, signal = null, groupId = null, childId = null } = facts;
    flow.rewoundTo = rewoundTo;
    flow.version++;
    flow.updatedAtMs = this.nowMs;
    flow.graceMs = 0;
    if (flow.owner === null) flow.token = null;
    flow.history.push({
      event,
      version: flow.version,
      atMs: this.nowMs,
      state: flow.owner === null ? flow.state : "running",
      fencing: flow.fencing,
      attempts: flow.attempts,
      retry,
      owner: flow.owner,
      priority: flow.priority,
      dueMs: flow.dueMs,
      ttlMs: flow.ttlMs,
      payload: flow.payload,
      result: flow.result,
      error: flow.error,
      rewoundTo,
      signal,
      groupId,
      childId,
      named: flow.named,
    });
    if (flow.dueMs === null) this.family.parked(flow);
  }
}

function replaceAll<Name, Member>(map: Map<Name, Member>, by: ReadonlyMap<Name, Member>): void {
  map.clear();
  for (const [name, member] of by) map.set(name, member);
}

/** What a request for a flow says. */
export function requestText(request: ModelCreate): string {
  const { idempotent: _, values: __, valueRefs: ___, ...asked } = request;
  return JSON.stringify(asked, Object.keys(asked).sort()) + JSON.stringify(asked.payload) +
    changesText(request);
}

/** What a request says about named values; nothing, if it changes none. */
function changesText(changes: ModelChanges): string {
  const { values = {}, valueRefs = {}, dropValues = [], overrideValues = [] } = changes;
  const sorted = (members: object) => Object.entries(members).sort(([a], [b]) => a < b ? -1 : 1);
  const isEmpty = Object.keys({ ...values, ...valueRefs }).length + dropValues.length === 0;
  if (isEmpty) return "";
  return JSON.stringify([
    ...[sorted(values), sorted(valueRefs)],
    ...[[...dropValues].sort(), [...overrideValues].sort()],
  ]);
}

/** How many values were put between two states of a flow's names. */
function putCount(
  before: Readonly<Record<string, ModelValue>>,
  after: Readonly<Record<string, ModelValue>>,
): number {
  return Object.entries(after)
    .reduce((sum, [name, { version }]) => sum + version - (before[name]?.version ?? 0), 0);
}

/** When a flow that has a due time can be claimed, or taken over. */
export function takeableMs({ dueMs, graceMs }: ModelFlow): number {
  return Math.max(dueMs!, graceMs);
}

/** Orders flows as claims take them. */
function byUrgency(a: ModelFlow, b: ModelFlow): number {
  return b.priority - a.priority || takeableMs(a) - takeableMs(b) || compareIds(a, b);
}

function given(value: unknown): number {
  return value === undefined ? 0 : 1;
}

/** Orders flows by id, then by partition, as bytes. */
export function compareIds(a: ModelFlow, b: ModelFlow): number {
  return compareBytes(a.id, b.id) || compareBytes(a.partitionKey, b.partitionKey);
}

function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [[...a], [...b]];
  const place = left.findIndex((character, index) => character !== right[index]);
  if (place < 0 || right[place] === undefined) return left.length - right.length;
  return left[place]!.codePointAt(0)! - right[place].codePointAt(0)!;
}

/** The shortest and the longest wait before a retry. */
function waitRange(policy: Required<ModelPolicy>, attempt: number): [number, number] {
  const { kind, baseMs, maxMs, jitterPct } = policy;
  let wait = 0;
  if (kind === "fixed") wait = Math.min(baseMs, maxMs);
  if (kind === "linear") wait = Math.min(baseMs * attempt, maxMs);
  if (kind === "exponential") {
    wait = Math.min(baseMs, maxMs);
    for (let n = 1; n < attempt; n++) wait = Math.min(2 * wait, maxMs);
  }
  const spread = Math.floor(wait * jitterPct / 100);
  return [wait - spread, Math.min(maxMs, wait + spread)];
}
