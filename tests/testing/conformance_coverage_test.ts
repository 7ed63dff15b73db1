import type {
  AtomicCommands,
  AtomicKv,
  Backoff,
  ChildItem,
  FlowErrorCode,
  FlowEventName,
  FlowStore,
  KvStore,
  RetentionPolicy,
  RetryPolicy,
  StatePolicy,
} from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { type Command, conformance } from "../../src/testing/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { DURABLE_SUPPORTS, openSubject } from "./conformance_subjects.ts";
import { type Heard, listen, nothingHeard } from "./heard_calls.ts";

/** The names of the members of an object, none of anything else. */
type Names<T> = T extends readonly unknown[] ? never
  : T extends object ? Extract<keyof T, string>
  : never;

/** The names of the options of a command. */
type OptionOf<C extends Command> = C extends "retentionCleanup" ? Names<Parameters<FlowStore[C]>[0]>
  : C extends "spawnChildren" ? Names<Parameters<FlowStore[C]>[2]>
  : Names<Parameters<FlowStore[C]>[1]>;

type KvCommand = keyof KvStore;

/** The names of the options of a command about keys. */
type KvOptionOf<C extends KvCommand> = C extends "set" ? Names<Parameters<KvStore[C]>[2]>
  : Names<Parameters<KvStore[C]>[1]>;

type AtomicName = Exclude<keyof AtomicCommands, "kv"> | `kv.${keyof AtomicKv}`;

/** The names of what an item of a command over many flows may say. */
type ItemOf<C extends Command> = C extends "spawnChildren" ? Names<ChildItem>
  : Parameters<FlowStore[C]>[0] extends readonly (infer Item)[] ? Names<Item>
  : never;

const NAMED = { values: 0, valueRefs: 0 } as const;
const CHANGES = { ...NAMED, dropValues: 0, overrideValues: 0 } as const;
const PROOF = { leaseToken: 0, fencingToken: 0 } as const;
const BATCH = { nowMs: 0, independent: 0, partitionKey: 0 } as const;
const REF = { id: 0, partitionKey: 0 } as const;
const CREATE = {
  type: 0,
  state: 0,
  partitionKey: 0,
  runAtMs: 0,
  priority: 0,
  payload: 0,
  payloadRef: 0,
  ...NAMED,
  parentFlowId: 0,
  rootFlowId: 0,
  correlationId: 0,
  attributes: 0,
  idempotent: 0,
  retentionTtlMs: 0,
  historyMaxEvents: 0,
} as const;
const { partitionKey: _partition, parentFlowId: _parent, rootFlowId: _root, ...CHILD } = CREATE;
const COMPLETE = { result: 0, payload: 0, ttlMs: 0, ...CHANGES } as const;
const FAIL = { error: 0, payload: 0, ttlMs: 0, ...CHANGES } as const;
const CANCEL = { reason: 0, ttlMs: 0, ...CHANGES } as const;
const RETRY = { error: 0, payload: 0, runAtMs: 0, retry: 0 } as const;
const TRANSITION = {
  from: 0,
  to: 0,
  runAtMs: 0,
  priority: 0,
  payload: 0,
  payloadRef: 0,
  ...CHANGES,
} as const;
const RECLAIM = {
  nowMs: 0,
  worker: 0,
  limit: 0,
  leaseMs: 0,
  priority: 0,
  partitionKey: 0,
  partitionKeys: 0,
  payload: 0,
  payloadMaxBytes: 0,
  values: 0,
  state: 0,
  lostLeases: 0,
} as const;
const SHOWN = { payload: 0, full: 0, payloadMaxBytes: 0, values: 0 } as const;
const ROWS = { ...SHOWN, partitionKey: 0, count: 0, cursor: 0, consistent: 0 } as const;
const ENDED = { ...ROWS, fromMs: 0, toMs: 0, rev: 0 } as const;

const LINEAGE = { ...ENDED, state: 0, terminalOnly: 0, activeOnly: 0 } as const;

/** Every option of every command. Does not compile when one is missing here. */
const OPTIONS: { readonly [C in Command]: Readonly<Record<OptionOf<C>, 0>> } = {
  create: { ...CREATE, nowMs: 0 },
  createMany: { ...CREATE, ...BATCH },
  claimDue: {
    ...RECLAIM,
    states: 0,
    reclaimExpired: 0,
    reclaimRatio: 0,
    blockMs: 0,
    signal: 0,
  },
  reclaim: RECLAIM,
  extendLease: { ...PROOF, leaseMs: 0, nowMs: 0 },
  complete: { ...PROOF, ...COMPLETE, nowMs: 0 },
  completeMany: { ...COMPLETE, ...BATCH },
  transition: { ...PROOF, ...TRANSITION, nowMs: 0 },
  transitionMany: { ...TRANSITION, ...BATCH },
  retry: { ...PROOF, ...RETRY, nowMs: 0 },
  retryMany: { ...RETRY, ...BATCH },
  fail: { ...PROOF, ...FAIL, nowMs: 0 },
  failMany: { ...FAIL, ...BATCH },
  cancel: { ...PROOF, ...CANCEL, nowMs: 0 },
  cancelMany: { ...CANCEL, ...BATCH },
  spawnChildren: {
    groupId: 0,
    wait: 0,
    waitState: 0,
    success: 0,
    failure: 0,
    onChildFailed: 0,
    onParentClosed: 0,
    from: 0,
    ...PROOF,
    ...CHILD,
    nowMs: 0,
  },
  byParent: { ...LINEAGE, parentPartitionKey: 0, groupId: 0 },
  byRoot: LINEAGE,
  byCorrelation: LINEAGE,
  signal: {
    signal: 0,
    idempotencyKey: 0,
    ifState: 0,
    transitionTo: 0,
    runAtMs: 0,
    ...CHANGES,
    nowMs: 0,
  },
  rewind: { toEvent: 0, expectState: 0, runAtMs: 0, nowMs: 0 },
  valuePut: { ownerFlowId: 0, partitionKey: 0, name: 0, override: 0, ttlMs: 0, nowMs: 0 },
  valueMget: {},
  get: SHOWN,
  history: {
    count: 0,
    rev: 0,
    fromEvent: 0,
    toEvent: 0,
    fromMs: 0,
    toMs: 0,
    fromVersion: 0,
    toVersion: 0,
    event: 0,
    worker: 0,
    values: 0,
    payloadMaxBytes: 0,
    consistent: 0,
  },
  list: { ...ROWS, state: 0 },
  terminals: { ...ENDED, state: 0 },
  failures: ENDED,
  types: {},
  info: { partitionKey: 0 },
  stuck: { partitionKey: 0, count: 0, cursor: 0, olderThanMs: 0 },
  retentionCleanup: { limit: 0, nowMs: 0 },
  policySet: { retry: 0, retention: 0, maxReclaims: 0, states: 0, expectedGeneration: 0 },
  policyGet: { state: 0 },
};

/** Every option of every command about keys. */
const KV_OPTIONS: { readonly [C in KvCommand as `kv.${C}`]: Readonly<Record<KvOptionOf<C>, 0>> } = {
  "kv.get": { partitionKey: 0 },
  "kv.set": { partitionKey: 0, ttlMs: 0, ifVersion: 0, nowMs: 0 },
  "kv.delete": { partitionKey: 0, ifVersion: 0, nowMs: 0 },
  "kv.list": { partitionKey: 0, count: 0, cursor: 0, rev: 0 },
};

type CommandOverMany = Extract<Command, `${string}Many` | "spawnChildren">;

/** Everything that an item of a command over many flows may say. */
const ITEMS: { readonly [C in CommandOverMany]: Readonly<Record<ItemOf<C>, 0>> } = {
  createMany: { ...CREATE, id: 0 },
  spawnChildren: { ...REF, ...CHILD },
  completeMany: { ...REF, ...PROOF, ...COMPLETE },
  transitionMany: { ...REF, ...PROOF, ...TRANSITION },
  retryMany: { ...REF, ...PROOF, ...RETRY },
  failMany: { ...REF, ...PROOF, ...FAIL },
  cancelMany: { ...REF, ...PROOF, ...CANCEL },
};

const BACKOFF: Readonly<Record<keyof Backoff, 0>> = { kind: 0, baseMs: 0, maxMs: 0, jitterPct: 0 };
const RETRY_POLICY: Readonly<Record<keyof RetryPolicy, 0>> = {
  maxRetries: 0,
  backoff: 0,
  exhaustedTo: 0,
};
const RETENTION: Readonly<Record<keyof RetentionPolicy, 0>> = { ttlMs: 0, historyMaxEvents: 0 };
const STATE_POLICY: Readonly<Record<keyof StatePolicy, 0>> = {
  retry: 0,
  retention: 0,
  maxReclaims: 0,
};

/** Every member of a policy, by the option that it stands in. */
const POLICIES: Readonly<Record<string, object>> = {
  "retry.retry": RETRY_POLICY,
  "retry.retry.backoff": BACKOFF,
  "policySet.retry": RETRY_POLICY,
  "policySet.retry.backoff": BACKOFF,
  "policySet.retention": RETENTION,
  "policySet.states": STATE_POLICY,
  "policySet.states.retry": RETRY_POLICY,
  "policySet.states.retry.backoff": BACKOFF,
  "policySet.states.retention": RETENTION,
};

/** Every code: null, or why no case of the suite can expect it. */
const CODES: Readonly<Record<FlowErrorCode, string | null>> = {
  invalid_argument: null,
  unsupported_option: null,
  not_found: null,
  not_applied: null,
  already_exists: null,
  idempotency_conflict: null,
  duplicate_id: null,
  partition_mismatch: null,
  wrong_state: null,
  stale_lease: null,
  flow_terminal: null,
  running_reserved: null,
  terminal_target: null,
  state_mismatch: null,
  guard_required: null,
  signal_conflict: null,
  value_conflict: null,
  version_conflict: null,
  limit_exceeded: null,
  too_large: null,
  group_conflict: null,
  parent_terminal: null,
  child_is_parent: null,
  wait_state_required: null,
  rewind_leased: null,
  rewind_family: null,
  rewind_event_not_found: null,
  rewind_event_unusable: null,
  generation_conflict: null,
  definition_conflict: null,
  too_many_waiters: null,
  overloaded: null,
  store_closed: null,
  handler_timeout: "is said by workers, and not by stores: tests/workflow/time_limit_test.ts",
  payload_missing: "is said by workers, too: tests/workflow/payload_missing_test.ts",
  unknown_outcome: "needs a disk that fails: tests/engine/failure_test.ts",
  store_failed: "needs a disk that fails: tests/engine/failure_test.ts",
  corrupt: "needs damaged files: tests/engine/damage_test.ts",
  log_trimmed: "is not said by a command, but by a stream of events",
  store_locked: "is said before there is a store: tests/files/lock_test.ts",
  copy_failed: "Only a store with files is copied",
  newer_format: "is said before there is a store: tests/log/opening_test.ts",
};

/** Every command of `atomic()`. */
const ATOMIC: Readonly<Record<AtomicName, 0>> = {
  create: 0,
  extendLease: 0,
  complete: 0,
  transition: 0,
  retry: 0,
  fail: 0,
  cancel: 0,
  signal: 0,
  spawnChildren: 0,
  valuePut: 0,
  "kv.set": 0,
  "kv.delete": 0,
};

/** Every event. */
const EVENTS: Readonly<Record<FlowEventName, 0>> = {
  created: 0,
  claimed: 0,
  lease_extended: 0,
  transitioned: 0,
  retry: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  lease_lost: 0,
  rewound: 0,
  signaled: 0,
  value_put: 0,
  children_spawned: 0,
  child_completed: 0,
  child_failed: 0,
  child_cancelled: 0,
  children_cancelled: 0,
  children_resolved: 0,
};

/** Runs the whole suite on a store in memory that outlives its closing. */
async function heardInSuite(): Promise<Heard> {
  const heard = nothingHeard();
  const bodies: (() => Promise<void>)[] = [];
  conformance({
    test: (_name, body) => bodies.push(body),
    supports: DURABLE_SUPPORTS,
    open: async (settings) => {
      const subject = await openSubject({ files: memoryDirectory() }, settings);
      return {
        ...subject,
        store: listen(subject.store, heard),
        reopen: async () => listen(await subject.reopen!(), heard),
      };
    },
  });
  for (const body of bodies) await body();
  return heard;
}

let running: Promise<Heard> | undefined;

/** The suite runs once for all tests of this file. */
function heardOnce(): Promise<Heard> {
  return running ??= heardInSuite();
}

/** `command.option` for every option of a table. */
function pathsOf(table: Readonly<Record<string, object>>): string[] {
  return Object.entries(table).flatMap(([at, names]) =>
    Object.keys(names).map((name) => `${at}.${name}`)
  );
}

test("every option of every command is given in a conformance case, in a call that succeeds", async () => {
  const { options } = await heardOnce();
  const wanted = [...pathsOf(OPTIONS), ...pathsOf(KV_OPTIONS), ...pathsOf(POLICIES)];
  assertEquals(wanted.filter((path) => !options.has(path)), []);
});

test("everything that an item of a batch may say is said in a conformance case", async () => {
  const { items } = await heardOnce();
  assertEquals(pathsOf(ITEMS).filter((path) => !items.has(path)), []);
});

test("every command of atomic() takes effect in a conformance case", async () => {
  const { parts } = await heardOnce();
  assertEquals(Object.keys(ATOMIC).filter((name) => !parts.has(name)), []);
});

test("every error code that a command can answer with is met in a conformance case", async () => {
  const { codes } = await heardOnce();
  const wanted = Object.entries(CODES).filter(([, reason]) => reason === null).map(([code]) =>
    code
  );
  assertEquals([...codes].sort(), wanted.sort());
});

test("every event of a flow is read in a conformance case", async () => {
  const { events } = await heardOnce();
  assertEquals(Object.keys(EVENTS).filter((name) => !events.has(name)), []);
});
