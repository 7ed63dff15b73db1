/**
 * What makes the options of each command bad.
 *
 * @module
 */
import type { FlowStore } from "../../flow/mod.ts";
import {
  type BadArgument,
  badBooleans,
  badCounts,
  badIntegers,
  badNamedValues,
  badRefs,
  badRetries,
  badTexts,
  badValues,
  DURATION_MS_MAX,
  INSTANT_MS_MAX,
} from "./bad_argument.ts";
import { JOB } from "./leasing.ts";

/** The name of a command. */
export type Command = Exclude<keyof FlowStore, "time" | "watchLease" | "define">;

/** A command, a call of it that is good, and what makes it bad. */
export interface ArgumentTable {
  /** Its name. */
  readonly command: Command;
  /** What stands before the options. */
  readonly subject: unknown;
  /** Options that are needed. */
  readonly options: object;
  /** Whether the options may be left out. */
  readonly optional?: boolean;
  /** Options that make it bad, each by itself. */
  readonly bad: readonly BadArgument[];
}

const PROOF = { leaseToken: "1-1", fencingToken: 1 };
const instants = (name: string): BadArgument[] => badIntegers(name, 0, INSTANT_MS_MAX);
const durations = (name: string): BadArgument[] => badIntegers(name, 1, DURATION_MS_MAX);
const fencing = (): BadArgument[] => badIntegers("fencingToken", 0, Number.MAX_SAFE_INTEGER);
const proof = (): BadArgument[] => [
  ...badTexts("leaseToken"),
  ...fencing(),
  { name: "leaseToken", value: undefined },
  { name: "fencingToken", value: undefined },
];
const hydration = (): BadArgument[] => [
  ...badBooleans("payload"),
  ...badIntegers("payloadMaxBytes", 0, Number.MAX_SAFE_INTEGER),
  { name: "values", value: 7 },
  { name: "values", value: "" },
  { name: "values", value: [""], field: "values[0]" },
];
const rows = (): BadArgument[] => [
  ...badTexts("partitionKey"),
  ...badCounts("count", 10_000),
];
const refusedNames = (...names: readonly string[]): BadArgument[] =>
  names.map((name) => ({ name, value: "x", code: "unsupported_option" }));
const claims = (): BadArgument[] => [
  ...badTexts("worker", "partitionKey"),
  { name: "worker", value: undefined },
  ...badCounts("limit", 1_000),
  ...durations("leaseMs"),
  ...badIntegers("priority", 0, 2),
  { name: "partitionKeys", value: [] },
  { name: "partitionKeys", value: "p" },
  { name: "partitionKeys", value: ["p", ""], field: "partitionKeys[1]" },
  ...hydration(),
  { name: "state", value: "" },
  { name: "state", value: "auto" },
  { name: "lostLeases", value: [] },
  { name: "lostLeases", value: { running: {} } },
  { name: "lostLeases", value: { s: { maxReclaims: -1 } }, field: "lostLeases.s.maxReclaims" },
  { name: "lostLeases", value: { s: { exhaustedTo: "" } }, field: "lostLeases.s.exhaustedTo" },
  { name: "lostLeases", value: { s: { retry: {} } }, field: "lostLeases.s.retry" },
];

/** Every command whose options have a table. */
export const ARGUMENT_TABLES: readonly ArgumentTable[] = [
  {
    command: "create",
    subject: "a",
    options: { type: JOB },
    bad: [
      ...badTexts("type", "state", "partitionKey", "parentFlowId", "rootFlowId", "correlationId"),
      { name: "type", value: undefined },
      ...instants("runAtMs"),
      { name: "runAtMs", value: null },
      ...badIntegers("priority", 0, 2),
      ...badValues("payload"),
      ...badRefs("payloadRef"),
      ...badNamedValues({ changes: false }),
      { name: "attributes", value: [] },
      { name: "attributes", value: { x: null }, field: "attributes.x" },
      { name: "attributes", value: { x: NaN }, field: "attributes.x" },
      { name: "attributes", value: { x: [1] }, field: "attributes.x" },
      { name: "attributes", value: { good: "x", bad: null }, field: "attributes.bad" },
      { name: "attributes", value: { "": 1 }, field: "attributes name" },
      ...badBooleans("idempotent"),
      ...durations("retentionTtlMs"),
      ...badCounts("historyMaxEvents", 1_000_000),
      { name: "ttlMs", value: 1 },
      ...refusedNames("return"),
    ],
  },
  {
    command: "claimDue",
    subject: JOB,
    options: { worker: "w" },
    bad: [
      ...claims(),
      { name: "state", value: [] },
      { name: "state", value: ["s", ""], field: "state[1]" },
      { name: "state", value: ["s", "any"] },
      { name: "states", value: ["running", "s"] },
      { name: "states", value: [] },
      ...badBooleans("reclaimExpired"),
      ...badIntegers("reclaimRatio", 0, 100),
      ...badIntegers("blockMs", 0, DURATION_MS_MAX),
      { name: "blockMs", value: null },
      { name: "signal", value: "stop" },
      ...refusedNames("return"),
    ],
  },
  {
    command: "reclaim",
    subject: JOB,
    options: { worker: "w" },
    bad: [
      ...claims(),
      ...["states", "blockMs", "reclaimRatio"].map((name) => ({ name, value: 1 })),
    ],
  },
  {
    command: "extendLease",
    subject: "a",
    options: PROOF,
    bad: [
      ...proof(),
      ...durations("leaseMs"),
      ...refusedNames("return"),
    ],
  },
  {
    command: "complete",
    subject: "a",
    options: PROOF,
    bad: [
      ...proof(),
      ...badValues("result"),
      ...badValues("payload"),
      ...durations("ttlMs"),
      ...badNamedValues({ changes: true }),
      ...refusedNames("return", "resultRef"),
    ],
  },
  {
    command: "transition",
    subject: "a",
    options: { ...PROOF, from: "s", to: "t" },
    bad: [
      ...badTexts("from", "to", "leaseToken"),
      { name: "from", value: undefined },
      { name: "to", value: undefined },
      ...fencing(),
      { name: "fencingToken", value: undefined },
      ...instants("runAtMs"),
      ...badIntegers("priority", 0, 2),
      ...badValues("payload"),
      ...badRefs("payloadRef"),
      ...badNamedValues({ changes: true }),
      ...refusedNames("return"),
    ],
  },
  {
    command: "retry",
    subject: "a",
    options: PROOF,
    bad: [
      ...proof(),
      ...badValues("error"),
      ...badValues("payload"),
      ...instants("runAtMs"),
      ...badRetries("retry"),
      ...refusedNames("return", "errorRef"),
    ],
  },
  {
    command: "fail",
    subject: "a",
    options: PROOF,
    bad: [
      ...proof(),
      ...badValues("error"),
      ...badValues("payload"),
      ...durations("ttlMs"),
      ...badNamedValues({ changes: true }),
      ...refusedNames("return", "errorRef"),
    ],
  },
  {
    command: "cancel",
    subject: "a",
    options: {},
    optional: true,
    bad: [
      ...badTexts("leaseToken"),
      ...fencing(),
      ...badValues("reason"),
      ...durations("ttlMs"),
      ...badNamedValues({ changes: true }),
      { name: "payload", value: 1 },
      ...refusedNames("return", "reasonRef"),
    ],
  },
  {
    command: "signal",
    subject: "a",
    options: { signal: "x" },
    bad: [
      ...badTexts("signal", "idempotencyKey", "transitionTo"),
      { name: "signal", value: undefined },
      { name: "ifState", value: "" },
      { name: "ifState", value: [] },
      { name: "ifState", value: ["s", ""], field: "ifState[1]" },
      { name: "ifState", value: "any" },
      ...instants("runAtMs"),
      ...badNamedValues({ changes: true }),
      ...refusedNames("return"),
    ],
  },
  {
    command: "rewind",
    subject: "a",
    options: { toEvent: "1-1" },
    bad: [
      ...["", 7, null, undefined, "1", "1-0", "01-1", "a-b"].map((value) => ({
        name: "toEvent",
        value,
      })),
      ...badTexts("expectState"),
      ...instants("runAtMs"),
      ...refusedNames("return", "reasonRef"),
    ],
  },
  {
    command: "valuePut",
    subject: 1,
    options: {},
    optional: true,
    bad: [
      ...badTexts("partitionKey"),
      { name: "ownerFlowId", value: "a" },
      { name: "name", value: "x" },
      { name: "override", value: true },
      ...badBooleans("override"),
      ...durations("ttlMs"),
    ],
  },
  {
    command: "get",
    subject: "a",
    options: {},
    optional: true,
    bad: [
      ...hydration(),
      ...badBooleans("full"),
    ],
  },
  {
    command: "history",
    subject: "a",
    options: {},
    optional: true,
    bad: [
      ...badCounts("count", 10_000),
      ...badBooleans("rev", "values", "consistent"),
      ...["", 7, "1", "x-1"].flatMap((value) =>
        ["fromEvent", "toEvent"].map((name) => ({ name, value }))
      ),
      ...instants("fromMs"),
      ...instants("toMs"),
      ...badIntegers("fromVersion", 0, Number.MAX_SAFE_INTEGER),
      ...badIntegers("toVersion", 0, Number.MAX_SAFE_INTEGER),
      { name: "event", value: "exploded" },
      ...badTexts("worker"),
      ...badIntegers("payloadMaxBytes", 0, Number.MAX_SAFE_INTEGER),
    ],
  },
  {
    command: "list",
    subject: JOB,
    options: {},
    optional: true,
    bad: [
      ...rows(),
      ...badTexts("state"),
      { name: "cursor", value: 7 },
      ...badBooleans("consistent"),
    ],
  },
  ...(["terminals", "failures"] as const).map((command): ArgumentTable => ({
    command,
    subject: JOB,
    options: {},
    optional: true,
    bad: [
      ...rows(),
      ...instants("fromMs"),
      ...instants("toMs"),
      ...badBooleans("rev", "consistent"),
      { name: "cursor", value: "x" },
      { name: "state", value: "queued" },
    ],
  })),
  {
    command: "stuck",
    subject: JOB,
    options: {},
    optional: true,
    bad: [
      ...rows(),
      ...badIntegers("olderThanMs", 0, DURATION_MS_MAX),
      ...["x", 7, "1:a:p", "lease:x"].map((value) => ({ name: "cursor", value })),
    ],
  },
  { command: "info", subject: JOB, options: {}, optional: true, bad: badTexts("partitionKey") },
  {
    command: "policyGet",
    subject: JOB,
    options: {},
    optional: true,
    bad: [
      ...badTexts("state"),
      { name: "state", value: "running" },
    ],
  },
];
