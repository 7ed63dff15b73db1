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
import type { Flow } from "./flow.ts";
import { toRecord } from "./flow_record.ts";
import { Hydrator, type ReadValue } from "./hydrator.ts";
import type { ItemOutcome, Reply, ValuesReply } from "./reply.ts";
import { decodeValue } from "./value_codec.ts";

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
  switch (reply.kind) {
    case "flow":
      if (reply.flow === null) return null;
      return hydrated(reply.flow, new Hydrator(reply.hydration, read));
    case "flows": {
      const hydrator = new Hydrator(reply.hydration, read);
      return reply.flows.map((flow) => hydrated(flow, hydrator));
    }
    case "outcomes":
      return reply.outcomes.map(toOutcome);
    case "page":
      return { items: reply.flows.map(toRecord), cursor: reply.cursor };
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
    case "values":
      return valuesOf(reply, read);
    case "kv_set":
      return reply.record;
    case "kv_delete":
      return reply.existed;
    case "atomic":
      return reply.replies.map((part) => answer(part, read));
  }
}

function toOutcome(outcome: ItemOutcome): BatchOutcome {
  return outcome.ok ? { ok: true, record: toRecord(outcome.flow) } : outcome;
}

/** The values that references lead to, null where one leads nowhere. */
function valuesOf({ lsns, totalBytesMax }: ValuesReply, read: ReadValue): unknown[] {
  let leftBytes = totalBytesMax;
  return lsns.map((lsn, index) => {
    const found = lsn === null ? undefined : read(lsn, leftBytes);
    if (found === undefined) return null;
    const { encoding, size, bytes } = found;
    if (bytes === undefined) throw tooMuch(index, totalBytesMax - leftBytes + size, totalBytesMax);
    leftBytes -= size;
    return decodeValue({ encoding, bytes });
  });
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
