/**
 * What callers hear, once it may be told.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import type {
  BatchOutcome,
  FlowInfo,
  FlowRecord,
  KvRecord,
  Page,
  ResolvedPolicy,
  RetentionCleanup,
  StoredValue,
} from "../mod.ts";
import type { Hydration } from "./command.ts";
import type { Flow } from "./flow.ts";
import { toRecord } from "./flow_record.ts";
import { type Parts, whole } from "./queries/parts.ts";
import { cursorBehind } from "./queries/rows.ts";
import type { FlowsReply, ItemOutcome, Reply, RowsReply, ValuesReply } from "./reply.ts";
import { Hydrator, type ReadValue } from "./values/hydrator.ts";
import { decodeValue } from "./values/value_codec.ts";

/** What a promise resolves to. */
export type Answer =
  | FlowRecord
  | null
  | FlowRecord[]
  | BatchOutcome[]
  | Page<FlowRecord>
  | ResolvedPolicy
  | FlowInfo
  | RetentionCleanup
  | StoredValue
  | KvRecord
  | boolean
  | unknown[];

/** Turns a reply into what the caller gets. Reads the values that the reply is to show. */
export function answer(reply: Reply, read: ReadValue): Answer {
  const parts = answerInParts(reply, read);
  return parts === undefined ? answerAtOnce(reply, read) : whole(parts);
}

/** What takes no parts. */
function answerAtOnce(reply: Reply, read: ReadValue): Answer {
  switch (reply.kind) {
    case "flow":
      if (reply.flow === null) return null;
      return hydrated(reply.flow, new Hydrator(reply.hydration, read));
    case "flows":
      return reply.flows.map(toRecord);
    case "rows":
      return asAsked(reply.flows.map(toRecord), reply.cursor);
    case "values":
      return whole(valuesOf(reply, read));
    case "outcomes":
      return reply.outcomes.map(toOutcome);
    case "policy":
      return reply.policy;
    case "info":
      return reply.info;
    case "types":
      return [...reply.types];
    case "cleanup":
      return reply.cleanup;
    case "value":
      return reply.stored;
    case "kv_set":
      return reply.record;
    case "kv_delete":
      return reply.existed;
    case "atomic":
      return reply.replies.map((part) => answer(part, read));
  }
}

/**
 * The same for a reply that shows values of many flows: reads those of one at a time, and returns what
 * the caller gets in the end. Undefined: there is little to read.
 */
export function answerInParts(reply: Reply, read: ReadValue): Parts<Answer> | undefined {
  switch (reply.kind) {
    case "flows":
      return reply.hydration === null ? undefined : claimed(reply, read);
    case "rows":
      return reply.hydration === null ? undefined : shownRows(reply, read, reply.hydration);
    case "values":
      return valuesOf(reply, read);
    default:
      return undefined;
  }
}

/** Rows as a page, or all at once. */
function asAsked(
  items: FlowRecord[],
  cursor: string | null | undefined,
): FlowRecord[] | Page<FlowRecord> {
  return cursor === undefined ? items : { items, cursor };
}

function toOutcome(outcome: ItemOutcome): BatchOutcome {
  return outcome.ok ? { ok: true, record: toRecord(outcome.flow) } : outcome;
}

/** Flows with what they are to show; what is too much for one answer is left out and marked. */
function* claimed({ flows, hydration }: FlowsReply, read: ReadValue): Parts<Answer> {
  const hydrator = new Hydrator(hydration, read);
  const records: FlowRecord[] = [];
  for (const flow of flows) {
    records.push(hydrated(flow, hydrator));
    yield;
  }
  return records;
}

/**
 * Rows with what they are to show. Those whose values are too much for one answer begin the next page;
 * the first is shown with whatever there is room for, or the next page would not get on either.
 */
function* shownRows(
  { flows, cursor }: RowsReply,
  read: ReadValue,
  hydration: Hydration,
): Parts<Answer> {
  const hydrator = new Hydrator(hydration, read);
  const records: FlowRecord[] = [];
  for (const flow of flows) {
    const record = hydrated(flow, hydrator);
    const { length } = records;
    if (length > 0 && hydrator.hasRunOut) {
      if (cursor === undefined) throw tooManyRows(length, hydration.totalBytesMax);
      return { items: records, cursor: cursorBehind(flows[length - 1]!) };
    }
    records.push(record);
    yield;
  }
  return asAsked(records, cursor);
}

function tooManyRows(count: number, limit: number): FlowError {
  return new FlowError(
    "too_large",
    `Rows behind the first ${count} have values beyond ${limit} bytes, the limit of one answer ` +
      "(limits.claimBytesMax): read them page by page (cursor: null), or fewer at a time (count)",
    { details: { field: "count", rows: count, limit } },
  );
}

/** The values that references lead to, null where one leads nowhere. */
function* valuesOf({ lsns, totalBytesMax }: ValuesReply, read: ReadValue): Parts<Answer> {
  const values: unknown[] = [];
  let leftBytes = totalBytesMax;
  for (const [index, lsn] of lsns.entries()) {
    const found = lsn === null ? undefined : read(lsn, leftBytes);
    if (found === undefined) values.push(null);
    else {
      const { encoding, size, bytes } = found;
      if (bytes === undefined) {
        throw tooMuch(index, totalBytesMax - leftBytes + size, totalBytesMax);
      }
      leftBytes -= size;
      values.push(decodeValue({ encoding, bytes }));
    }
    yield;
  }
  return values;
}

function tooMuch(index: number, bytes: number, limit: number): FlowError {
  const field = `refs[${index}]`;
  return new FlowError(
    "too_large",
    `The values up to ${field} have ${bytes} bytes, the limit is ${limit} (limits.valueBytesMax)`,
    { details: { field, value: bytes, limit } },
  );
}

function hydrated(flow: Flow, hydrator: Hydrator): FlowRecord {
  if (!hydrator.showsValues) return toRecord(flow);
  return { ...toRecord(flow), ...hydrator.values(flow.control), ...hydrator.named(flow.values) };
}
