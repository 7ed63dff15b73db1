import fc from "fast-check";
import { assert, assertEquals, assertFalse } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { currentRuntime } from "../runtimes.ts";
import { FlowError } from "../../src/errors.ts";
import { type FlowState, toRecord } from "../../src/flow/core/mod.ts";
import {
  type BatchOutcome,
  FlowBatchError,
  type FlowRecord,
  type HistoryEvent,
  KV_PARTITION,
} from "../../src/flow/mod.ts";
import { FamilyPair } from "./family_pair.ts";
import { KV_PARTITIONS } from "./kv_operations.ts";
import { KvPair } from "./kv_pair.ts";
import { CoreStore } from "./core_store.ts";
import { showGroup } from "./group_view.ts";
import { assertIndexed } from "./indexed.ts";
import {
  type ClaimOptions,
  IDS,
  type Mode,
  type NewFlow,
  type Op,
  op,
  PARTITIONS,
  type Target,
  TYPES,
} from "./operations.ts";
import {
  compareIds,
  Model,
  type ModelChanges,
  type ModelCreate,
  type ModelEvent,
  type ModelFlow,
  type ModelItem,
  type ModelPolicy,
} from "./model.ts";
import { Refusal } from "./refusal.ts";
import type { Changes, Signal } from "./told.ts";
import { cleanup } from "./whole_model.ts";

/** Runs one command on both and compares what they say. */
class Pair {
  readonly store: CoreStore;
  readonly model: Model;
  readonly #tokens = new Set<string>();
  readonly #keys: KvPair;
  readonly #families: FamilyPair;
  /** The flows as they were compared last. */
  #compared = new Map<string, string>();

  /** @param endsMax So many ends of descendants one command writes. */
  constructor(endsMax: number) {
    this.store = new CoreStore({ nowMs: 1_000, limits: { commandBytesMax: 4_096 * endsMax } });
    this.model = new Model(1_000, endsMax);
    this.#keys = new KvPair(this.store, this.model, assertRecord);
    this.#families = new FamilyPair(
      this.store,
      this.model,
      (store, model) => this.#compare(store, model),
    );
  }

  run(command: Op): void {
    switch (command.op) {
      case "kv":
      case "kv_list":
      case "atomic":
        this.#keys.run(command);
        break;
      case "spawn":
      case "spawn_again":
      case "foundling":
      case "lineage":
        this.#families.run(command);
        break;
      case "advance":
        this.store.nowMs += command.ms;
        this.model.nowMs += command.ms;
        break;
      case "create":
        this.#create(command.mode, command.items);
        break;
      case "claim":
        this.#claim(command.reclaim, command.options);
        break;
      case "extend": {
        const item = this.#item(command.target, true);
        const { leaseMs } = command;
        const { id, partitionKey, ...tokens } = item;
        this.#compare(
          () =>
            this.store.extendLease({ id, partitionKey }, { leaseToken: "", ...tokens, leaseMs }),
          () => this.model.extend(item, leaseMs),
        );
        break;
      }
      case "settle":
        this.#settle(command);
        break;
      case "rewind":
        this.#rewind(command);
        break;
      case "cleanup": {
        const { limit } = command;
        assertEquals(this.store.retentionCleanup({ limit }), cleanup(this.model, limit ?? 100));
        break;
      }
      case "history":
        this.#history(command);
        break;
      case "signal":
        this.#signal(command.target, command.signal);
        break;
      case "value":
        this.#put(command);
        break;
      case "policy": {
        const { type, levels, expected } = command;
        const policies = Object.entries(levels).map(([state, level]) =>
          [state, asPolicy(level)] as const
        );
        const states = Object.fromEntries(policies.filter(([state]) => state !== ""));
        const own = policies.find(([state]) => state === "")?.[1];
        this.#compare(
          () => {
            const { generation } = this.store.policySet(type, {
              ...own,
              states,
              expectedGeneration: expected,
            });
            assertEquals(generation, this.store.state.policies.get(type)!.generation);
          },
          () => this.model.policySet(type, levels, expected),
        );
        break;
      }
    }
    this.#compareTouched();
  }

  #signal({ pick, ...named }: Target, signal: Signal): void {
    const { delayMs, changes, ...options } = signal;
    const runAtMs = typeof delayMs === "number" ? this.model.nowMs + delayMs : delayMs;
    const { id, partitionKey } = this.#found(pick, named);
    const told = { ...options, ...this.#changes(changes), runAtMs };
    this.#compare(
      () => this.store.signal({ id, partitionKey }, told),
      () => this.model.signal({ id, partitionKey, ...told }),
    );
  }

  #put({ target, name, value, override, isShared }: Extract<Op, { op: "value" }>): void {
    if (isShared) {
      this.model.shared.set(this.store.valuePut(value).ref, value);
      return;
    }
    const { pick, ...named } = target;
    const { id, partitionKey } = this.#found(pick, named);
    this.#compare(
      () => {
        const options = { ownerFlowId: id, partitionKey, name, override };
        const put = this.store.valuePut(value, options);
        assertEquals(this.store.valueMget([put.ref]), [value]);
        return this.store.get({ id, partitionKey: put.partitionKey });
      },
      () => this.model.valuePut({ id, partitionKey, name, value, override }),
    );
  }

  /** The options that do this to named values. */
  #changes(changes: Changes | undefined): ModelChanges {
    if (changes === undefined) return {};
    const { links, ...options } = changes;
    const refs = [...this.model.shared.keys()];
    if (refs.length === 0) return options;
    const valueRefs = Object.fromEntries(
      Object.entries(links).map(([name, number]) => [name, refs[number % refs.length]!]),
    );
    return { ...options, valueRefs };
  }

  #create(mode: Mode, items: readonly NewFlow[]): void {
    const { nowMs } = this.model;
    const requests = items.map(({ delayMs, changes, ...item }) => {
      const { values, valueRefs } = this.#changes(changes);
      return { delayMs, ...item, values, valueRefs };
    }).map(({ delayMs, ...item }) => ({
      ...item,
      runAtMs: delayMs === undefined ? undefined : nowMs + delayMs,
    }));
    const modelled = requests.map((item): ModelCreate => ({
      ...item,
      partitionKey: item.partitionKey ?? automaticPartition(item.id),
    }));
    if (mode === "single") {
      const { id, ...options } = requests[0]!;
      return this.#compare(
        () => this.store.create(id, options),
        () => this.model.create(modelled[0]!),
      );
    }
    const twins = new Set(modelled.map(({ id, partitionKey }) => `${partitionKey} ${id}`)).size <
      modelled.length;
    this.#compare(
      () => this.store.createMany(requests, { independent: mode === "independent" }),
      () => {
        if (mode === "independent") {
          return this.model.each(modelled, (item) => this.model.create(item));
        }
        if (twins) throw new Refusal("duplicate_id");
        return this.model.all(modelled, (item) => this.model.create(item));
      },
    );
  }

  #rewind({ target, back, expectState, delayMs }: Extract<Op, { op: "rewind" }>): void {
    const { id, partitionKey, flow } = this.#found(target.pick, target);
    const event = back === undefined ? undefined : flow?.history.at(-1 - back);
    const toEvent = event === undefined ? "1000-99" : `${event.atMs}-${event.version}`;
    const runAtMs = delayMs === undefined ? undefined : this.model.nowMs + delayMs;
    const options = { toEvent, expectState, runAtMs };
    this.#compare(
      () => this.store.rewind({ id, partitionKey }, options),
      () => this.model.rewind({ id, partitionKey, ...options }),
    );
  }

  #history({ target, ask, from, to }: Extract<Op, { op: "history" }>): void {
    const { flow } = this.#found(target.pick, target);
    if (flow === undefined) return;
    const idAt = (back: number | undefined) => {
      const event = back === undefined ? undefined : flow.history.at(-1 - back);
      return event === undefined ? undefined : `${event.atMs}-${event.version}`;
    };
    const asked = { ...ask, fromEvent: idAt(from), toEvent: idAt(to) };
    const { id, partitionKey } = flow;
    this.model.whole(() => this.model.find(partitionKey, id));
    const events = this.store.history({ id, partitionKey }, { ...asked, values: true });
    assertHistory(events, this.model.history(flow, asked));
  }

  #claim(reclaim: boolean, options: ClaimOptions): void {
    const { type, state, partitionKeys, priority, limit, leaseMs, reclaimExpired, reclaimRatio } =
      options;
    const runningOnly = reclaim || state === "running";
    const any = state === undefined || state === "any" || state === "running";
    const worker = "w";
    const both = { worker, limit, leaseMs, priority, partitionKeys };
    const single = Array.isArray(state) ? state[0] : state;
    const claimed = reclaim
      ? this.store.reclaim(type, { ...both, state: single })
      : this.store.claimDue(type, { ...both, state, reclaimExpired, reclaimRatio });
    const states = any ? null : reclaim ? [single!] : [state].flat();
    const claim = {
      type,
      states,
      partitionKeys: partitionKeys ?? null,
      priority: priority ?? null,
      waiting: !runningOnly,
      expired: runningOnly || (reclaimExpired ?? true),
      ratio: reclaimRatio ?? 25,
      limit,
      leaseMs,
      worker,
    };
    const expected = this.model.whole(() => this.model.claim(claim));
    assertEquals(claimed.length, expected.length);
    for (const [index, flow] of expected.entries()) {
      const { leaseToken } = claimed[index]!;
      assert(leaseToken !== null && leaseToken !== "");
      assertFalse(this.#tokens.has(`${flow.partitionKey} ${flow.id} ${leaseToken}`));
      this.#tokens.add(`${flow.partitionKey} ${flow.id} ${leaseToken}`);
      flow.token = leaseToken;
    }
    assertReply(claimed, expected);
  }

  #settle({ mode, settle, targets, changes }: Extract<Op, { op: "settle" }>): void {
    const { kind, ...given } = settle;
    const { nowMs } = this.model;
    const { delayMs, ...rest } = { delayMs: undefined, ...given } as {
      delayMs?: number | null | undefined;
      retry?: ModelPolicy | undefined;
    };
    const runAtMs = typeof delayMs === "number" ? nowMs + delayMs : delayMs;
    const named = kind === "retry" ? {} : this.#changes(changes);
    const own = { ...rest, ...named };
    const timed = kind === "transition" || kind === "retry" ? { ...own, runAtMs } : own;
    const retry = timed.retry === undefined ? {} : { retry: asPolicy(timed.retry).retry };
    const needed = kind !== "transition" && kind !== "cancel";
    const items = targets.map((target) => this.#item(target, needed));
    const one = (item: ModelItem): ModelFlow => this.model[kind]({ ...timed, ...item } as never);
    if (mode === "single") {
      const { id, partitionKey, ...tokens } = items[0]!;
      const options = { ...timed, ...retry, ...tokens };
      return this.#compare(
        () => this.store[kind]({ id, partitionKey }, options),
        () => one(items[0]!),
      );
    }
    const independent = mode === "independent";
    const twins =
      new Set(items.map(({ id, partitionKey }) => JSON.stringify([id, partitionKey]))).size <
        items.length;
    this.#compare(
      () => this.store[`${kind}Many`](items, { ...timed, ...retry, independent }),
      () => {
        if (independent) return this.model.each(items, one);
        if (twins) throw new Refusal("duplicate_id");
        return this.model.all(items, one);
      },
    );
  }

  /** What a caller quotes about a flow. `needed`: the command takes no flow without a token. */
  #item({ pick, tokens, ...named }: Target, needed: boolean): ModelItem {
    const { id, partitionKey, flow } = this.#found(pick, named);
    const fencing = flow?.fencing ?? 0;
    const leaseToken = flow?.token ?? (needed ? "0-0" : undefined);
    switch (tokens) {
      case "current":
        return { id, partitionKey, leaseToken, fencingToken: fencing };
      case "stale":
        return { id, partitionKey, leaseToken: "1-0", fencingToken: Math.max(0, fencing - 1) };
      case "fencing":
        return {
          id,
          partitionKey,
          leaseToken: needed ? "2-0" : undefined,
          fencingToken: fencing,
        };
      case "none":
        return needed
          ? { id, partitionKey, leaseToken, fencingToken: fencing + 1 }
          : { id, partitionKey, leaseToken: undefined, fencingToken: undefined };
    }
  }

  #found(
    pick: Target["pick"],
    { id, partitionKey }: { readonly id: string; readonly partitionKey: string | undefined },
  ): { id: string; partitionKey: string | undefined; flow: ModelFlow | undefined } {
    const visible = this.model.visible();
    if (pick !== undefined) {
      const wanted = visible.filter(({ owner, groups, untilMs }) =>
        pick.among === "leased" ? owner !== null : groups.length > 0 && untilMs === null
      );
      const among = pick.among === "all" || wanted.length === 0 ? visible : wanted;
      const flow = among[pick.number % among.length];
      if (flow !== undefined) return { id: flow.id, partitionKey: flow.partitionKey, flow };
    }
    const flow = visible.find((flow) =>
      flow.id === id && (partitionKey === undefined || flow.partitionKey === partitionKey)
    );
    return { id, partitionKey, flow };
  }

  #compare(
    store: () => unknown,
    model: () => ModelFlow | ModelFlow[] | (ModelFlow | string)[] | void,
  ): void {
    let refusal: FlowError | undefined;
    let reply: unknown;
    const length = this.store.log.length;
    try {
      reply = store();
    } catch (error) {
      assert(error instanceof FlowError, `${error}`);
      refusal = error;
      assertEquals(this.store.log.length, length);
    }
    // An argument that is missing is the parser's business, not the model's.
    if (refusal?.code === "invalid_argument" && /is missing/.test(refusal.message)) return;
    let expected: ReturnType<typeof model>;
    try {
      expected = this.model.whole(model);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      assertEquals(refusal?.code, error.code);
      const codes = refusal instanceof FlowBatchError ? codesOf(refusal.outcomes) : undefined;
      assertEquals(codes, error.codes as string[] | undefined);
      return;
    }
    assertEquals(refusal, undefined);
    if (expected === undefined) return;
    this.#adoptDueTimes();
    assertReply(reply as FlowRecord, expected);
  }

  /** A retry is due somewhere in a range; from here on it is due when the store says. */
  #adoptDueTimes(): void {
    for (const flow of this.model.flows) {
      if (flow.dueRange === null) continue;
      const dueMs = this.store.get({ id: flow.id, partitionKey: flow.partitionKey })?.nextRunAtMs;
      assert(typeof dueMs === "number" && dueMs >= flow.dueRange[0] && dueMs <= flow.dueRange[1]);
      flow.dueMs = dueMs;
      flow.dueRange = null;
      flow.history.at(-1)!.dueMs = dueMs;
    }
  }

  /** Compares the flows that have changed since the last time. */
  #compareTouched(): void {
    const { store, model } = this;
    const compared = new Map<string, string>();
    for (const flow of model.flows) {
      const { id, partitionKey, version, createdAtMs, membership } = flow;
      const name = `${partitionKey} ${id}`;
      const state = `${version} ${createdAtMs} ${membership?.number}`;
      compared.set(name, state);
      if (this.#compared.get(name) === state) continue;
      const found = store.state.table.find(partitionKey, id);
      assert(found !== undefined, `There is no ${name}`);
      assertRecord(toRecord(found), flow);
    }
    assertEquals(store.state.table.size, model.flows.length);
    assertEquals(store.state.closings.size, model.family.closings.length);
    this.#compared = compared;
  }

  /** Compares everything that can be seen. */
  compareAll(): void {
    const { store, model } = this;
    model.closeAll();
    store.close();
    const ids = new Set([...IDS.slice(0, 2), ...model.flows.map(({ id }) => id)]);
    for (const id of ids) {
      for (const partitionKey of [...PARTITIONS, automaticPartition(id)]) {
        const flow = model.visible().find((flow) =>
          flow.id === id && flow.partitionKey === partitionKey
        );
        const record = store.get({ id, partitionKey }, { payload: true, values: true });
        if (flow === undefined) {
          assertEquals(record, null);
          assertEquals(store.history({ id, partitionKey }), []);
          continue;
        }
        assert(record !== null);
        assertRecord(record, flow);
        const held = Object.entries(flow.named).filter(([, { value }]) => value !== undefined);
        const values = Object.fromEntries(held.map(([name, { value }]) => [name, value]));
        assertEquals(record.values ?? {}, values);
        const error = flow.error === "lease_lost" ? record.error : flow.error;
        assertEquals([record.payload, record.result, record.error], [
          flow.payload,
          flow.result,
          error,
        ]);
        const history = store.history({ id, partitionKey }, { values: true });
        assertHistory(history, model.history(flow));
      }
    }
    for (const type of TYPES) this.#compareQueries(type);
    this.#keys.compareAll();
    this.#families.compareAll();
    assertIndexed(store.state);
  }

  #compareQueries(type: string): void {
    const { store, model } = this;
    const flows = model.visible().filter((flow) => flow.type === type);
    const names = (list: readonly { id: string; partitionKey: string }[]) =>
      list.map(({ id, partitionKey }) => `${partitionKey} ${id}`);
    const byChange = (a: ModelFlow, b: ModelFlow) =>
      a.updatedAtMs - b.updatedAtMs || compareIds(a, b);
    assertEquals(names(store.list(type)), names(flows.toSorted(byChange)));
    const running = flows.filter(({ owner }) => owner !== null);
    assertEquals(names(store.list(type, { state: "running" })), names(running.toSorted(byChange)));
    const paged: FlowRecord[] = [];
    let cursor: string | null = null;
    do {
      const page = store.page(type, { count: 2, partitionKey: "p" }, cursor);
      paged.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== null);
    const inP = flows.filter(({ partitionKey }) => partitionKey === "p");
    assertEquals(names(paged), names(inP.toSorted(byChange)));
    const ended = flows.filter(({ state }) => ["completed", "failed", "cancelled"].includes(state))
      .sort(byChange);
    assertEquals(names(store.terminals(type)), names(ended));
    const range = { fromMs: 1_020, toMs: Math.max(1_020, model.nowMs - 1), rev: true, count: 2 };
    const failed = ended.filter(({ state, updatedAtMs }) =>
      state === "failed" && updatedAtMs >= range.fromMs && updatedAtMs <= range.toMs
    );
    assertEquals(names(store.failures(type, range)), names(failed.reverse().slice(0, 2)));
    const stuck = running.filter(({ dueMs }) => dueMs! <= model.nowMs);
    assertEquals(
      names(store.stuck(type)),
      names(stuck.toSorted((a, b) => a.dueMs! - b.dueMs! || compareIds(a, b))),
    );
    const waiting = flows.filter(({ owner, dueMs }) => owner === null && dueMs !== null);
    const due = waiting.filter(({ dueMs }) => dueMs! <= model.nowMs);
    const info = store.info(type);
    assertEquals(
      [info.running, info.inflight, info.due, info.scheduled, info.oldestDueMs],
      [
        running.length,
        running.length,
        due.length,
        waiting.length - due.length,
        due.length === 0 ? null : Math.min(...due.map(({ dueMs }) => dueMs!)),
      ],
    );
    const states: Record<string, number> = {};
    for (const flow of flows) {
      const state = flow.owner === null ? flow.state : "running";
      states[state] = (states[state] ?? 0) + 1;
    }
    assertEquals(sorted(info.states), sorted(states));
  }
}

function assertHistory(events: readonly HistoryEvent[], expected: readonly ModelEvent[]): void {
  const seen = events.map((event, index): Omit<ModelEvent, "named"> => ({
    event: event.event,
    version: event.version,
    atMs: event.atMs,
    state: event.state,
    fencing: event.fencingToken,
    attempts: event.attempts,
    retry: event.retry === undefined
      ? null
      : { decision: event.retry.decision, attempt: event.retry.attempt },
    owner: event.leaseOwner,
    priority: event.priority,
    dueMs: expected[index]?.dueMs === Infinity ? Infinity : event.nextRunAtMs,
    payload: event.payload,
    result: event.result,
    error: expected[index]?.error === "lease_lost" ? "lease_lost" : event.error,
    rewoundTo: event.rewoundToEventId,
    signal: event.signal ?? null,
    groupId: event.groupId ?? null,
    childId: event.childId ?? null,
  }));
  assertEquals(seen, expected.map(({ named: _, ...event }) => event));
}

function assertReply(
  reply: FlowRecord | FlowRecord[] | BatchOutcome[],
  expected: ModelFlow | (ModelFlow | string)[],
): void {
  const flows = [expected].flat();
  const replies = [reply].flat();
  assertEquals(replies.length, flows.length);
  for (const [index, flow] of flows.entries()) {
    const answer = replies[index]!;
    if (typeof flow === "string") {
      assertEquals<string>("ok" in answer && !answer.ok ? answer.error.code : "ok", flow);
    } else if ("ok" in answer) assertRecord(answer.ok ? answer.record : undefined, flow);
    else assertRecord(answer, flow);
  }
}

function assertRecord(record: FlowRecord | undefined, flow: ModelFlow): void {
  assert(record !== undefined);
  const { dueRange } = flow;
  if (dueRange !== null) {
    assert(record.nextRunAtMs !== null);
    assert(record.nextRunAtMs >= dueRange[0] && record.nextRunAtMs <= dueRange[1]);
  }
  assertEquals(
    {
      id: record.id,
      partitionKey: record.partitionKey,
      type: record.type,
      state: record.state,
      runState: record.runState,
      version: record.version,
      attempts: record.attempts,
      attemptsTotal: record.attemptsTotal,
      reclaims: record.reclaims,
      fencing: record.fencingToken,
      priority: record.priority,
      createdAtMs: record.createdAtMs,
      updatedAtMs: record.updatedAtMs,
      dueMs: dueRange === null ? record.nextRunAtMs : null,
      ttlMs: record.retentionTtlMs,
      untilMs: record.terminalRetentionUntilMs,
      owner: record.leaseOwner,
      token: record.leaseToken,
      deadlineMs: record.leaseDeadlineMs,
      rewoundTo: record.rewoundToEventId,
      family: [record.parentFlowId, record.rootFlowId, record.correlationId],
      membership: [record.parentPartitionKey, record.parentGroupId],
      groups: Object.entries(record.childGroups).map(([name, group]) => showGroup(name, group)),
      refs: [record.payloadRef === null, record.resultRef === null, record.errorRef === null],
      versions: Object.entries(record.valueRefs).map(([name, { version }]) => [name, version]),
    },
    {
      id: flow.id,
      partitionKey: flow.partitionKey,
      type: flow.type,
      state: flow.owner === null ? flow.state : "running",
      runState: flow.owner === null ? null : flow.state,
      version: flow.version,
      attempts: flow.attempts,
      attemptsTotal: flow.attemptsTotal,
      reclaims: flow.reclaims,
      fencing: flow.fencing,
      priority: flow.priority as FlowRecord["priority"],
      createdAtMs: flow.createdAtMs,
      updatedAtMs: flow.updatedAtMs,
      dueMs: dueRange === null ? flow.dueMs : null,
      ttlMs: flow.ttlMs,
      untilMs: flow.untilMs,
      owner: flow.owner,
      token: flow.token,
      deadlineMs: flow.owner === null ? 0 : flow.dueMs!,
      rewoundTo: flow.rewoundTo,
      family: [flow.parent, flow.root ?? flow.id, flow.correlation],
      membership: [flow.membership?.partitionKey ?? null, flow.membership?.groupId ?? null],
      groups: flow.groups.map((group) => showGroup(group.groupId, { ...group, summary: group })),
      refs: [flow.payload === undefined, flow.result === undefined, flow.error === undefined],
      versions: Object.entries(flow.named)
        .filter(([, { value }]) => value !== undefined)
        .map(([name, { version, isLinked }]) => [name, isLinked ? null : version]),
    },
  );
}

function asPolicy(level: ModelPolicy) {
  const { maxRetries, kind, baseMs, maxMs, jitterPct, exhaustedTo, ttlMs, maxReclaims } = level;
  return {
    retry: { maxRetries, backoff: { kind, baseMs, maxMs, jitterPct }, exhaustedTo },
    retention: { ttlMs },
    maxReclaims,
  };
}

function codesOf(outcomes: readonly BatchOutcome[]): string[] {
  return outcomes.map((outcome) => outcome.ok ? "ok" : outcome.error.code);
}

function sorted(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1);
}

/** The partition of a flow that was given none, by the plainest way to a CRC-32. */
function automaticPartition(id: string): string {
  let crc = -1;
  for (const byte of new TextEncoder().encode(id)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return `__flow_auto__:${(~crc >>> 0) % 256}`;
}

/** Commands to try at least. The other runtimes run the same code; a few show that it is the same. */
const COMMANDS_MIN = currentRuntime === "deno" ? 200_000 : 10_000;

/** A run has so many commands, but for a few that are left out. */
const RUN_COMMANDS = 64;

/** So many commands lie between looks at everything. */
const LOOK_COMMANDS = 10;

const scenario = fc.record({
  // What is left out when a failure is reduced to what matters is undefined.
  commands: fc.array(fc.option(op, { nil: undefined, freq: 50 }), {
    minLength: RUN_COMMANDS,
    maxLength: RUN_COMMANDS,
  }),
  endsMax: fc.constantFrom(1_000, 1, 2, 4),
});

test("decide() and evolve() agree with the model, command by command", () => {
  let commandCount = 0;
  assertProperty(
    fc.property(scenario, ({ commands, endsMax }) => {
      const pair = new Pair(endsMax);
      for (const [index, command] of commands.entries()) {
        if (command === undefined) continue;
        pair.run(command);
        commandCount += 1;
        if (index % LOOK_COMMANDS === 0) pair.compareAll();
      }
      assertEquals(pair.store.recovered().closings, pair.store.state.closings);
      pair.compareAll();
      assertRecovered(pair.store);
    }),
    {
      file: import.meta.url,
      runs: Math.ceil(1.05 * COMMANDS_MIN / RUN_COMMANDS),
      tried: () => `${commandCount} commands`,
    },
  );
});

/** Asserts that the log makes the same state again. */
function assertRecovered(store: CoreStore): void {
  const [recovered, state] = [store.recovered(), store.state];
  const flowsOf = ({ table }: FlowState) => [...table].sort((a, b) => a.bodyLsn - b.bodyLsn);
  assertEquals(flowsOf(recovered), flowsOf(state));
  const keysOf = ({ kv }: FlowState) =>
    [...kv.over(Infinity)].concat(
      KV_PARTITIONS.flatMap((partitionKey = KV_PARTITION) => [
        ...kv.walk(partitionKey, { prefix: "", after: null, rev: false }),
      ]),
    );
  assertEquals(keysOf(recovered), keysOf(state));
  assertEquals(recovered.signals, state.signals);
  assertEquals(recovered.policies, state.policies);
  assertIndexed(recovered);
}
