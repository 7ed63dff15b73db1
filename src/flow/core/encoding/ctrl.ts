/**
 * CTRL records: the control block of a flow after a command, and the event.
 *
 * @module
 */
import { PRIORITY_MAX } from "../../../bounds.ts";
import {
  type ByteReader,
  type ByteWriter,
  type Hash64,
  putU32,
  putU48,
  putU53,
  putU8,
  u48At,
} from "../../../codec/mod.ts";
import { invariant } from "../../../invariant.ts";
import { RECORD_HEADER_BYTES, type RecordSpan } from "../../../log/mod.ts";
import type { FlowEventName, RetryFacts } from "../../mod.ts";
import type { ChildFacts, CtrlEffect } from "../effect.ts";
import { Lease } from "../lease.ts";
import type { CtrlGist, GistRoom } from "../merge/gist.ts";
import type { Dictionary } from "../table/dictionary.ts";
import { BACKOFF_KINDS } from "../words.ts";
import { putHash, readHashAt, readKey } from "./key.ts";
import { type NameIds, nameIn } from "./names.ts";
import { refuseUnknownBits } from "./newer.ts";
import { priorityOf, wordOf } from "./numbers.ts";

/** Events by number. A number is never used again for another event. */
const EVENTS: readonly (FlowEventName | undefined)[] = [
  undefined,
  "created",
  "claimed",
  "lease_extended",
  "transitioned",
  "retry",
  "completed",
  "failed",
  "cancelled",
  "lease_lost",
  "rewound",
  "signaled",
  "value_put",
  "children_spawned",
  "child_completed",
  "child_failed",
  "child_cancelled",
  "children_cancelled",
  "children_resolved",
];

/** The names of all events. */
export const EVENT_NAMES: readonly FlowEventName[] = EVENTS.filter((name) => name !== undefined);

const DECISIONS: readonly RetryFacts["decision"][] = ["scheduled", "exhausted"];

const HAS_NEXT_RUN = 1;
const HAS_LEASE = 2;
const HAS_RETENTION_UNTIL = 4;
const HAS_RETRY = 8;
const HAS_SIGNAL = 16;
const HAS_GROUP = 32;
const HAS_CHILD = 64;
const KNOWN_FLAGS = HAS_NEXT_RUN | HAS_LEASE | HAS_RETENTION_UNTIL | HAS_RETRY | HAS_SIGNAL |
  HAS_GROUP | HAS_CHILD;

/** Bytes of the fixed part, and where some of it stands. */
const FIXED_BYTES = 108;
const VERSION_AT = 8;
const EVENT_AT = 14;
const FLAGS_AT = 15;
const PRIORITY_AT = 16;
const PAYLOAD_AT = 72;
const RESULT_AT = 78;
const ERROR_AT = 84;
const VALUES_AT = 102;

const NO_SECRET: Readonly<Hash64> = { hi: 0, lo: 0 };

/** Writes the fixed part: every field where FORMAT.md draws it. */
export function writeCtrlFixed(writer: ByteWriter, effect: CtrlEffect, names: NameIds): void {
  const { control, event, retry, signal, children } = effect;
  const { lease, nextRunAtMs, retentionUntilMs } = control;
  const at = writer.room(FIXED_BYTES);
  const { view } = writer;
  putHash(view, at, effect.key);
  putU48(view, at + VERSION_AT, control.version);
  putU8(view, at + EVENT_AT, EVENTS.indexOf(event));
  putU8(
    view,
    at + FLAGS_AT,
    (nextRunAtMs === null ? 0 : HAS_NEXT_RUN) |
      (lease === null ? 0 : HAS_LEASE) |
      (retentionUntilMs === null ? 0 : HAS_RETENTION_UNTIL) |
      (retry === undefined ? 0 : HAS_RETRY) |
      (signal === undefined ? 0 : HAS_SIGNAL) |
      (children === undefined ? 0 : HAS_GROUP) |
      (typeof children?.childId === "string" ? HAS_CHILD : 0),
  );
  putU8(view, at + PRIORITY_AT, control.priority);
  putU8(view, at + 17, 0);
  putU32(view, at + 18, names.idOf(control.state));
  putU32(view, at + 22, control.attempts);
  putU32(view, at + 26, control.attemptsTotal);
  putU32(view, at + 30, control.reclaims);
  putU48(view, at + 34, control.fencingToken);
  putU53(view, at + 40, control.updatedAtMs);
  putU53(view, at + 48, nextRunAtMs ?? 0);
  putU53(view, at + 56, control.retentionTtlMs);
  putU53(view, at + 64, retentionUntilMs ?? 0);
  putU48(view, at + PAYLOAD_AT, control.payloadLsn);
  putU48(view, at + RESULT_AT, control.resultLsn);
  putU48(view, at + ERROR_AT, control.errorLsn);
  putHash(view, at + 90, lease?.secret ?? NO_SECRET);
  putU32(view, at + 98, control.valueCount);
  putU48(view, at + VALUES_AT, control.valuesLsn);
}

/** Writes what follows the fixed part. */
export function writeCtrlRest(writer: ByteWriter, effect: CtrlEffect, names: NameIds): void {
  const { control: { lease, rewoundTo }, event, retry, signal, children } = effect;
  if (lease !== null) writer.text(lease.owner);
  if (retry !== undefined) writeRetry(writer, retry, names);
  invariant((event === "rewound") === (rewoundTo !== null), "only a rewind rewinds");
  if (rewoundTo !== null) {
    writer.u53(rewoundTo.ms);
    writer.u48(rewoundTo.version);
  }
  if (signal !== undefined) writer.text(signal);
  if (children === undefined) return;
  writer.text(children.groupId);
  if (children.childId !== null) writer.text(children.childId);
}

function writeRetry(writer: ByteWriter, retry: RetryFacts, names: NameIds): void {
  writer.u8(DECISIONS.indexOf(retry.decision));
  writer.u32(retry.attempt);
  writer.u32(names.idOf(retry.runState));
  writer.u32(retry.maxRetries);
  writer.u8(BACKOFF_KINDS.indexOf(retry.backoffKind));
  writer.u53(retry.backoffBaseMs);
  writer.u53(retry.backoffMaxMs);
  writer.u8(retry.jitterPct);
  writer.u32(names.idOf(retry.exhaustedTo));
}

/** Reads a record. */
export function readCtrl(
  fixed: ByteReader,
  rest: ByteReader,
  dictionary: Dictionary,
): CtrlEffect {
  const key = readKey(fixed);
  const version = fixed.u48();
  const event = wordOf(EVENTS, fixed.u8(), "CTRL record with event");
  const flags = fixed.u8();
  refuseUnknownBits("CTRL", flags, KNOWN_FLAGS);
  const priority = priorityOf(fixed.u8());
  fixed.zeros(1);
  const control = {
    version,
    priority,
    state: nameIn(dictionary, fixed.u32()),
    attempts: fixed.u32(),
    attemptsTotal: fixed.u32(),
    reclaims: fixed.u32(),
    fencingToken: fixed.u48(),
    updatedAtMs: fixed.u53(),
    nextRunAtMs: present(fixed.u53(), flags & HAS_NEXT_RUN),
    retentionTtlMs: fixed.u53(),
    retentionUntilMs: present(fixed.u53(), flags & HAS_RETENTION_UNTIL),
    payloadLsn: fixed.u48(),
    resultLsn: fixed.u48(),
    errorLsn: fixed.u48(),
  };
  const secret = { hi: fixed.u32(), lo: fixed.u32() };
  const valueCount = fixed.left === 0 ? 0 : fixed.u32();
  const valuesLsn = fixed.left === 0 ? 0 : fixed.u48();
  const lease = flags & HAS_LEASE ? new Lease(rest.text(), secret) : null;
  const retry = flags & HAS_RETRY ? { retry: readRetry(rest, dictionary) } : {};
  const rewoundTo = event === "rewound" ? { ms: rest.u53(), version: rest.u48() } : null;
  const signal = flags & HAS_SIGNAL ? { signal: rest.text() } : {};
  const children = flags & HAS_GROUP ? { children: readChildren(rest, flags) } : {};
  rest.end();
  return {
    kind: "ctrl",
    key,
    control: { ...control, lease, rewoundTo, valueCount, valuesLsn },
    event,
    ...retry,
    ...signal,
    ...children,
  };
}

/**
 * Fills a gist. Returns false if the record says something that {@linkcode readCtrl} refuses, or begins
 * as another version has them.
 */
export function readCtrlGist(
  { bytes, start, fixedLength }: RecordSpan,
  { key, control }: GistRoom<CtrlGist>,
): boolean {
  const at = start + RECORD_HEADER_BYTES;
  const isRead = fixedLength === FIXED_BYTES && EVENTS[bytes[at + EVENT_AT]!] !== undefined &&
    (bytes[at + FLAGS_AT]! & ~KNOWN_FLAGS) === 0 && bytes[at + PRIORITY_AT]! <= PRIORITY_MAX;
  if (!isRead) return false;
  readHashAt(bytes, at, key);
  control.version = u48At(bytes, at + VERSION_AT);
  control.payloadLsn = u48At(bytes, at + PAYLOAD_AT);
  control.resultLsn = u48At(bytes, at + RESULT_AT);
  control.errorLsn = u48At(bytes, at + ERROR_AT);
  control.valuesLsn = u48At(bytes, at + VALUES_AT);
  return true;
}

function readChildren(rest: ByteReader, flags: number): ChildFacts {
  return { groupId: rest.text(), childId: flags & HAS_CHILD ? rest.text() : null };
}

function readRetry(rest: ByteReader, dictionary: Dictionary): RetryFacts {
  return {
    decision: wordOf(DECISIONS, rest.u8(), "CTRL record with decision"),
    attempt: rest.u32(),
    runState: nameIn(dictionary, rest.u32()),
    maxRetries: rest.u32(),
    backoffKind: wordOf(BACKOFF_KINDS, rest.u8(), "CTRL record with backoff"),
    backoffBaseMs: rest.u53(),
    backoffMaxMs: rest.u53(),
    jitterPct: rest.u8(),
    exhaustedTo: nameIn(dictionary, rest.u32()),
  };
}

function present(value: number, flag: number): number | null {
  return flag === 0 ? null : value;
}
