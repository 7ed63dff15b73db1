/**
 * What callers hear, once it may be told.
 *
 * @module
 */
import type {
  BatchOutcome,
  FlowInfo,
  FlowRecord,
  Page,
  ResolvedPolicy,
  RetentionCleanup,
} from "../mod.ts";
import type { Flow } from "./flow.ts";
import { toRecord } from "./flow_record.ts";
import { Hydrator, type ReadValue } from "./hydrator.ts";
import type { ItemOutcome, Reply } from "./reply.ts";

/** What a promise resolves to. */
export type Answer =
  | FlowRecord
  | null
  | FlowRecord[]
  | BatchOutcome[]
  | Page<FlowRecord>
  | ResolvedPolicy
  | FlowInfo
  | RetentionCleanup;

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
    case "cleanup":
      return reply.cleanup;
  }
}

function toOutcome(outcome: ItemOutcome): BatchOutcome {
  return outcome.ok ? { ok: true, record: toRecord(outcome.flow) } : outcome;
}

function hydrated(flow: Flow, hydrator: Hydrator): FlowRecord {
  return { ...toRecord(flow), ...hydrator.values(flow.control) };
}
