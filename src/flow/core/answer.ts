/**
 * What callers hear, once it may be told.
 *
 * @module
 */
import type { BatchOutcome, FlowInfo, FlowRecord, Page, ResolvedPolicy } from "../mod.ts";
import type { Hydration } from "./command.ts";
import type { Flow } from "./flow.ts";
import { toRecord } from "./flow_record.ts";
import type { ItemOutcome, Reply } from "./reply.ts";
import type { ValueEncoding } from "./value.ts";
import { decodeValue } from "./value_codec.ts";

/** A value as it was found. */
export interface FoundValue {
  /** How to read the bytes. */
  readonly encoding: ValueEncoding;
  /** How many bytes it has. */
  readonly size: number;
  /** The bytes, the caller's own to give away; undefined if there are more than were asked for. */
  readonly bytes: Uint8Array | undefined;
}

/** Reads the value with an LSN; the bytes only if there are at most `maxBytes` of them. */
export type ReadValue = (lsn: number, maxBytes: number) => FoundValue;

/** What a promise resolves to. */
export type Answer =
  | FlowRecord
  | null
  | FlowRecord[]
  | BatchOutcome[]
  | Page<FlowRecord>
  | ResolvedPolicy
  | FlowInfo;

/** Turns a reply into what the caller gets. Reads the values that the reply is to show. */
export function answer(reply: Reply, read: ReadValue): Answer {
  switch (reply.kind) {
    case "flow":
      if (reply.flow === null) return null;
      return new Hydrating(reply.hydration, read).record(reply.flow);
    case "flows": {
      const hydrating = new Hydrating(reply.hydration, read);
      return reply.flows.map((flow) => hydrating.record(flow));
    }
    case "outcomes":
      return reply.outcomes.map(toOutcome);
    case "page":
      return { items: reply.flows.map(toRecord), cursor: reply.cursor };
    case "policy":
      return reply.policy;
    case "info":
      return reply.info;
  }
}

function toOutcome(outcome: ItemOutcome): BatchOutcome {
  return outcome.ok ? { ok: true, record: toRecord(outcome.flow) } : outcome;
}

/** Adds values to records, within what one reply may show. */
class Hydrating {
  readonly #read: ReadValue;
  readonly #maxBytes: number;
  #leftBytes: number;

  constructor(hydration: Hydration | null, read: ReadValue) {
    this.#read = read;
    this.#maxBytes = hydration?.maxBytes ?? -1;
    this.#leftBytes = hydration?.totalBytesMax ?? -1;
  }

  record(flow: Flow): FlowRecord {
    const record = toRecord(flow);
    if (this.#maxBytes < 0) return record;
    const { payloadLsn, resultLsn, errorLsn } = flow.control;
    return {
      ...record,
      ...this.#value("payload", payloadLsn),
      ...this.#value("result", resultLsn),
      ...this.#value("error", errorLsn),
    };
  }

  #value(name: "payload" | "result" | "error", lsn: number): Partial<FlowRecord> {
    if (lsn === 0) return {};
    const { encoding, size, bytes } = this.#read(lsn, Math.min(this.#maxBytes, this.#leftBytes));
    if (bytes === undefined) return { [`${name}Omitted`]: true, [`${name}Size`]: size };
    this.#leftBytes -= size;
    return { [name]: decodeValue({ encoding, bytes }), [`${name}Size`]: size };
  }
}
