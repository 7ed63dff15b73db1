/**
 * OUTBOX and INBOX records: messages between shards.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../../../codec/mod.ts";
import { type Attributes, isTerminalState, type TerminalState } from "../../mod.ts";
import type { CreateRequest } from "../command.ts";
import type { InboxEffect, OutboxEffect } from "../effect.ts";
import type { BirthMessage, EndMessage, Message } from "../families/message.ts";
import type { DigestedValue, ValueChanges } from "../values/named_values.ts";
import type { Value, ValueLink } from "../values/value.ts";
import { parseObject } from "./body.ts";
import { digestBytes, readDigest } from "./hex.ts";
import { readMembership, writeMembership } from "./membership.ts";
import { newer, refuseUnknownBits } from "./newer.ts";
import { priorityOf } from "./numbers.ts";
import { encodingOf } from "./value.ts";

/** Kinds of messages by number. A number is never used again for another kind. */
const KINDS: readonly (Message["kind"] | undefined)[] = [undefined, "birth", "end", "close"];

const HAS_STATE = 1;
const HAS_RUN_AT = 2;
const HAS_PRIORITY = 4;
const HAS_PAYLOAD = 8;
const HAS_PAYLOAD_LINK = 16;
const HAS_ROOT = 32;
const HAS_CORRELATION = 64;
const HAS_ATTRIBUTES = 128;
const HAS_TTL = 256;
const HAS_HISTORY = 512;
const IS_IDEMPOTENT = 1_024;
const HAS_VALUES = 2_048;
const KNOWN_FLAGS = 4_095;

/** Writes the fixed part of an OUTBOX. */
export function writeOutboxFixed(writer: ByteWriter, { to, message }: OutboxEffect): void {
  writer.u16(to);
  writer.u8(KINDS.indexOf(message.kind));
}

/** Writes what follows the fixed part of an OUTBOX. */
export function writeOutboxRest(writer: ByteWriter, { message }: OutboxEffect): void {
  switch (message.kind) {
    case "birth":
      return writeBirth(writer, message);
    case "end":
      writer.text(message.parentFlowId);
      writeMembership(writer, message.membership);
      writer.text(message.childId);
      return writer.text(message.end);
    case "close":
      return writer.u48(message.group);
  }
}

/** Reads an OUTBOX. Bytes of values are views of the record. */
export function readOutbox(fixed: ByteReader, rest: ByteReader): OutboxEffect {
  const to = fixed.u16();
  const message = readMessage(fixed.u8(), rest);
  rest.end();
  return { kind: "outbox", to, message };
}

/** Writes the fixed part of an INBOX, which has no other. */
export function writeInbox(writer: ByteWriter, { from, lsn }: InboxEffect): void {
  writer.u16(from);
  writer.u48(lsn);
}

/** Reads an INBOX. */
export function readInbox(fixed: ByteReader, rest: ByteReader): InboxEffect {
  rest.end();
  return { kind: "inbox", from: fixed.u16(), lsn: fixed.u48() };
}

function readMessage(number: number, rest: ByteReader): Message {
  switch (KINDS[number]) {
    case "birth":
      return readBirth(rest);
    case "end":
      return readEnd(rest);
    case "close":
      return { kind: "close", group: rest.u48() };
    default:
      throw newer(`OUTBOX record with message ${number}`);
  }
}

function writeBirth(writer: ByteWriter, { request, membership }: BirthMessage): void {
  const { payload, values } = request;
  const isLink = payload !== undefined && "linkLsn" in payload;
  writer.u16(
    flag(request.state, HAS_STATE) | flag(request.runAtMs, HAS_RUN_AT) |
      flag(request.priority, HAS_PRIORITY) |
      flag(payload, isLink ? HAS_PAYLOAD_LINK : HAS_PAYLOAD) |
      flag(request.rootFlowId, HAS_ROOT) | flag(request.correlationId, HAS_CORRELATION) |
      flag(request.attributes, HAS_ATTRIBUTES) | flag(request.retentionTtlMs, HAS_TTL) |
      flag(request.historyMaxEvents, HAS_HISTORY) | (request.idempotent ? IS_IDEMPOTENT : 0) |
      flag(values, HAS_VALUES),
  );
  writer.text(request.id);
  writer.text(request.partitionKey);
  writer.text(request.type);
  writer.text(request.parentFlowId ?? "");
  writeMembership(writer, membership);
  if (request.state !== undefined) writer.text(request.state);
  if (request.runAtMs !== undefined) writer.u53(request.runAtMs);
  if (request.priority !== undefined) writer.u8(request.priority);
  if (payload !== undefined) writeContent(writer, payload);
  if (request.rootFlowId !== undefined) writer.text(request.rootFlowId);
  if (request.correlationId !== undefined) writer.text(request.correlationId);
  if (request.attributes !== undefined) writer.text(JSON.stringify(request.attributes));
  if (request.retentionTtlMs !== undefined) writer.u53(request.retentionTtlMs);
  if (request.historyMaxEvents !== undefined) writer.u32(request.historyMaxEvents);
  if (values !== undefined) writeChanges(writer, values);
}

function readBirth(rest: ByteReader): BirthMessage {
  const flags = rest.u16();
  refuseUnknownBits("OUTBOX", flags, KNOWN_FLAGS);
  const id = rest.text();
  const partitionKey = rest.text();
  const type = rest.text();
  const parentFlowId = rest.text();
  const membership = readMembership(rest);
  const has = <T>(bit: number, read: () => T): T | undefined => flags & bit ? read() : undefined;
  const request: CreateRequest = {
    id,
    partitionKey,
    type,
    parentFlowId,
    state: has(HAS_STATE, () => rest.text()),
    runAtMs: has(HAS_RUN_AT, () => rest.u53()),
    priority: has(HAS_PRIORITY, () => priorityOf(rest.u8())),
    payload: has<Value | ValueLink>(HAS_PAYLOAD, () => readContent(rest)) ??
      has(HAS_PAYLOAD_LINK, () => ({ linkLsn: rest.u48() })),
    rootFlowId: has(HAS_ROOT, () => rest.text()),
    correlationId: has(HAS_CORRELATION, () => rest.text()),
    attributes: has(HAS_ATTRIBUTES, () => parseObject(rest.text()) as Attributes),
    retentionTtlMs: has(HAS_TTL, () => rest.u53()),
    historyMaxEvents: has(HAS_HISTORY, () => rest.u32()),
    idempotent: (flags & IS_IDEMPOTENT) !== 0,
    values: has(HAS_VALUES, () => readChanges(rest)),
  };
  return { kind: "birth", request, membership };
}

function readEnd(rest: ByteReader): EndMessage {
  const parentFlowId = rest.text();
  const membership = readMembership(rest);
  return { kind: "end", parentFlowId, membership, childId: rest.text(), end: endOf(rest.text()) };
}

function writeContent(writer: ByteWriter, content: Value | ValueLink): void {
  if ("linkLsn" in content) return writer.u48(content.linkLsn);
  writer.u8(content.encoding);
  writer.blob(content.bytes);
}

function readContent(rest: ByteReader): Value {
  return { encoding: encodingOf(rest.u8()), bytes: rest.blob() };
}

/** Writes the names that a flow is created with: there is nothing to drop or to override. */
function writeChanges(writer: ByteWriter, { link, put }: ValueChanges): void {
  writer.u32(link.size);
  for (const [name, { linkLsn }] of link) {
    writer.text(name);
    writer.u48(linkLsn);
  }
  writer.u32(put.size);
  for (const [name, { value, digest }] of put) {
    writer.text(name);
    writer.raw(digestBytes(digest));
    writeContent(writer, value);
  }
}

function readChanges(rest: ByteReader): ValueChanges {
  const link = new Map<string, ValueLink>();
  for (let left = rest.u32(); left > 0; left--) link.set(rest.text(), { linkLsn: rest.u48() });
  const put = new Map<string, DigestedValue>();
  for (let left = rest.u32(); left > 0; left--) {
    const name = rest.text();
    const digest = readDigest(rest);
    put.set(name, { digest, value: readContent(rest) });
  }
  return { drop: [], link, put, override: [] };
}

function flag(member: unknown, bit: number): number {
  return member === undefined ? 0 : bit;
}

function endOf(state: string): TerminalState {
  if (!isTerminalState(state)) throw new DecodeError(`"${state}" ends no flow`);
  return state;
}
