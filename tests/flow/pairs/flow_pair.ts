/**
 * Flows of the store and of the model, side by side.
 *
 * @module
 */

import { FlowError } from "../../../src/errors.ts";
import { toRecord } from "../../../src/flow/core/mod.ts";
import { type BatchOutcome, FlowBatchError, type FlowRecord } from "../../../src/flow/mod.ts";
import { assert, assertEquals, assertFalse } from "../../assert.ts";
import type { CoreStore } from "../core_store.ts";
import { assertHistory, assertReply } from "../model/match.ts";
import type {
  Model,
  ModelChanges,
  ModelCreate,
  ModelFlow,
  ModelItem,
  ModelPolicy,
} from "../model/model.ts";
import { Refusal } from "../model/refusal.ts";
import { cleanup } from "../model/whole.ts";
import type { FamilyOp } from "./family_operations.ts";
import type { KvOp } from "./kv_operations.ts";
import type { ClaimOptions, Mode, NewFlow, Op, Target } from "./operations.ts";
import type { Changes, Signal } from "./told.ts";

/** Any command or query about flows alone. */
export type FlowOp = Exclude<Op, KvOp | FamilyOp | { readonly op: "advance" }>;

/** Runs commands about flows on both and compares what they say. */
export class FlowPair {
  readonly #store: CoreStore;
  readonly #model: Model;
  readonly #tokens = new Set<string>();
  /** References to values that flows have held. Only what one holds still is linked. */
  readonly #held = new Set<string>();

  constructor(store: CoreStore, model: Model) {
    this.#store = store;
    this.#model = model;
  }

  run(command: FlowOp): void {
    switch (command.op) {
      case "create":
        return this.#create(command.mode, command.items);
      case "claim":
        return this.#claim(command.reclaim, command.options);
      case "extend":
        return this.#extend(command);
      case "settle":
        return this.#settle(command);
      case "rewind":
        return this.#rewind(command);
      case "cleanup":
        return this.#cleanup(command);
      case "history":
        return this.#history(command);
      case "signal":
        return this.#signal(command.target, command.signal);
      case "value":
        return this.#put(command);
      case "policy":
        return this.#setPolicy(command);
    }
  }

  #extend({ target, leaseMs }: Extract<Op, { op: "extend" }>): void {
    const item = this.#item(target, true);
    const { id, partitionKey, ...tokens } = item;
    this.compare(
      () => this.#store.extendLease({ id, partitionKey }, { leaseToken: "", ...tokens, leaseMs }),
      () => this.#model.extend(item, leaseMs),
    );
  }

  #cleanup({ limit }: Extract<Op, { op: "cleanup" }>): void {
    assertEquals(this.#store.retentionCleanup({ limit }), cleanup(this.#model, limit ?? 100));
  }

  #setPolicy({ type, levels, expected }: Extract<Op, { op: "policy" }>): void {
    const policies = Object.entries(levels).map(([state, level]) =>
      [state, asPolicy(level)] as const
    );
    const states = Object.fromEntries(policies.filter(([state]) => state !== ""));
    const own = policies.find(([state]) => state === "")?.[1];
    this.compare(
      () => {
        const options = { ...own, states, expectedGeneration: expected };
        const { generation } = this.#store.policySet(type, options);
        assertEquals(generation, this.#store.state.policies.get(type)!.generation);
      },
      () => this.#model.policySet(type, levels, expected),
    );
  }

  #signal({ pick, ...named }: Target, signal: Signal): void {
    const { delayMs, changes, ...options } = signal;
    const runAtMs = typeof delayMs === "number" ? this.#model.nowMs + delayMs : delayMs;
    const { id, partitionKey } = this.#found(pick, named);
    const told = { ...options, ...this.#changes(changes), runAtMs };
    this.compare(
      () => this.#store.signal({ id, partitionKey }, told),
      () => this.#model.signal({ id, partitionKey, ...told }),
    );
  }

  #put({ target, name, value, override, isShared }: Extract<Op, { op: "value" }>): void {
    if (isShared) {
      this.#model.shared.set(this.#store.valuePut(value).ref, value);
      return;
    }
    const { pick, ...named } = target;
    const { id, partitionKey } = this.#found(pick, named);
    this.compare(
      () => {
        const options = { ownerFlowId: id, partitionKey, name, override };
        const put = this.#store.valuePut(value, options);
        assertEquals(this.#store.valueMget([put.ref]), [value]);
        return this.#store.get({ id, partitionKey: put.partitionKey });
      },
      () => this.#model.valuePut({ id, partitionKey, name, value, override }),
    );
  }

  /** The options that do this to named values. */
  #changes(changes: Changes | undefined): ModelChanges {
    if (changes === undefined) return {};
    const { links, ...options } = changes;
    const refs = this.#linkable();
    if (refs.length === 0) return options;
    const valueRefs = Object.fromEntries(
      Object.entries(links).map(([name, number]) => [name, refs[number % refs.length]!]),
    );
    return { ...options, valueRefs };
  }

  /** What can be linked: values of no flow, and what flows hold by name at the moment. */
  #linkable(): string[] {
    const { shared } = this.#model;
    const refs = [...shared.keys()].filter((ref) => !this.#held.has(ref));
    for (const { id, partitionKey, named } of this.#model.visible()) {
      const flow = this.#store.state.table.find(partitionKey, id);
      for (const [name, { ref }] of Object.entries(flow ? toRecord(flow).valueRefs : {})) {
        this.#held.add(ref);
        shared.set(ref, named[name]!.value);
        refs.push(ref);
      }
    }
    return refs;
  }

  #create(mode: Mode, items: readonly NewFlow[]): void {
    const { nowMs } = this.#model;
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
      return this.compare(
        () => this.#store.create(id, options),
        () => this.#model.create(modelled[0]!),
      );
    }
    const twins = new Set(modelled.map(({ id, partitionKey }) => `${partitionKey} ${id}`)).size <
      modelled.length;
    this.compare(
      () => this.#store.createMany(requests, { independent: mode === "independent" }),
      () => {
        if (mode === "independent") {
          return this.#model.each(modelled, (item) => this.#model.create(item));
        }
        if (twins) throw new Refusal("duplicate_id");
        return this.#model.all(modelled, (item) => this.#model.create(item));
      },
    );
  }

  #rewind({ target, back, expectState, delayMs }: Extract<Op, { op: "rewind" }>): void {
    const { id, partitionKey, flow } = this.#found(target.pick, target);
    const event = back === undefined ? undefined : flow?.history.at(-1 - back);
    const toEvent = event === undefined ? "1000-99" : `${event.atMs}-${event.version}`;
    const runAtMs = delayMs === undefined ? undefined : this.#model.nowMs + delayMs;
    const options = { toEvent, expectState, runAtMs };
    this.compare(
      () => this.#store.rewind({ id, partitionKey }, options),
      () => this.#model.rewind({ id, partitionKey, ...options }),
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
    this.#model.whole(() => this.#model.find(partitionKey, id));
    const events = this.#store.history({ id, partitionKey }, { ...asked, values: true });
    assertHistory(events, this.#model.history(flow, asked));
  }

  #claim(reclaim: boolean, options: ClaimOptions): void {
    const { type, state, partitionKeys, priority, limit, leaseMs, reclaimExpired, reclaimRatio } =
      options;
    const { lostLeases } = options;
    const runningOnly = reclaim || state === "running";
    const any = state === undefined || state === "any" || state === "running";
    const worker = "w";
    const both = { worker, limit, leaseMs, priority, partitionKeys, lostLeases };
    const single = Array.isArray(state) ? state[0] : state;
    const claimed = reclaim
      ? this.#store.reclaim(type, { ...both, state: single })
      : this.#store.claimDue(type, { ...both, state, reclaimExpired, reclaimRatio });
    const states = any ? null : reclaim ? [single!] : [state].flat();
    const claim = {
      type,
      states,
      partitionKeys: partitionKeys ?? null,
      priority: priority ?? null,
      waiting: !runningOnly,
      expired: runningOnly || (reclaimExpired ?? true),
      ratio: reclaimRatio ?? 25,
      lostLeases: lostLeases ?? {},
      limit,
      leaseMs,
      worker,
    };
    const expected = this.#model.whole(() => this.#model.claim(claim));
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
    const { nowMs } = this.#model;
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
    const one = (item: ModelItem): ModelFlow => this.#model[kind]({ ...timed, ...item } as never);
    if (mode === "single") {
      const { id, partitionKey, ...tokens } = items[0]!;
      const options = { ...timed, ...retry, ...tokens };
      return this.compare(
        () => this.#store[kind]({ id, partitionKey }, options),
        () => one(items[0]!),
      );
    }
    const independent = mode === "independent";
    const twins =
      new Set(items.map(({ id, partitionKey }) => JSON.stringify([id, partitionKey]))).size <
        items.length;
    this.compare(
      () => this.#store[`${kind}Many`](items, { ...timed, ...retry, independent }),
      () => {
        if (independent) return this.#model.each(items, one);
        if (twins) throw new Refusal("duplicate_id");
        return this.#model.all(items, one);
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
    const visible = this.#model.visible();
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

  /** Runs one command on both and compares what they say. */
  compare(
    store: () => unknown,
    model: () => ModelFlow | ModelFlow[] | (ModelFlow | string)[] | void,
  ): void {
    let refusal: FlowError | undefined;
    let reply: unknown;
    const length = this.#store.log.length;
    try {
      reply = store();
    } catch (error) {
      assert(error instanceof FlowError, `${error}`);
      refusal = error;
      assertEquals(this.#store.log.length, length);
    }
    // An argument that is missing is the parser's business, not the model's.
    if (refusal?.code === "invalid_argument" && /is missing/.test(refusal.message)) return;
    let expected: ReturnType<typeof model>;
    try {
      expected = this.#model.whole(model);
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
    for (const flow of this.#model.flows) {
      if (flow.dueRange === null) continue;
      const dueMs = this.#store.get({ id: flow.id, partitionKey: flow.partitionKey })?.nextRunAtMs;
      assert(typeof dueMs === "number" && dueMs >= flow.dueRange[0] && dueMs <= flow.dueRange[1]);
      flow.dueMs = dueMs;
      flow.dueRange = null;
      flow.history.at(-1)!.dueMs = dueMs;
    }
  }
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

/** The partition of a flow that was given none, by the plainest way to a CRC-32. */
export function automaticPartition(id: string): string {
  let crc = -1;
  for (const byte of new TextEncoder().encode(id)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return `__flow_auto__:${(~crc >>> 0) % 256}`;
}
