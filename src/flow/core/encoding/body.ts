/**
 * BODY records: what a flow is for life.
 *
 * @module
 */
import {
  type ByteReader,
  type ByteSpan,
  type ByteWriter,
  DecodeError,
  putU32,
  putU53,
  putU8,
  u32At,
} from "../../../codec/mod.ts";
import { fixedLengthAt, RECORD_HEADER_BYTES, type RecordSpan } from "../../../log/mod.ts";
import type { Attributes } from "../../mod.ts";
import type { BodyEffect } from "../effect.ts";
import { type Identity, NO_ATTRIBUTES } from "../flow.ts";
import type { BodyGist, GistRoom } from "../merge/gist.ts";
import type { Dictionary } from "../table/dictionary.ts";
import { putHash, readHashAt, readKey } from "./key.ts";
import { readMembership, writeMembership } from "./membership.ts";
import { type NameIds, nameIn } from "./names.ts";
import { refuseUnknownBits } from "./newer.ts";

const HAS_PARENT = 1;
const HAS_ROOT = 2;
const HAS_CORRELATION = 4;
const HAS_ATTRIBUTES = 8;
const HAS_MEMBERSHIP = 16;
const KNOWN_FLAGS = HAS_PARENT | HAS_ROOT | HAS_CORRELATION | HAS_ATTRIBUTES | HAS_MEMBERSHIP;

/** Bytes of the fixed part, and of the key that it begins with. */
export const BODY_FIXED_BYTES = 33;
export const BODY_KEY_BYTES = 8;

/** Writes the fixed part: every field where FORMAT.md draws it. */
export function writeBodyFixed(writer: ByteWriter, effect: BodyEffect, names: NameIds): void {
  const { identity } = effect;
  const at = writer.room(BODY_FIXED_BYTES);
  const { view } = writer;
  putHash(view, at, effect.key);
  putU32(view, at + 8, names.idOf(identity.type));
  putU53(view, at + 12, identity.createdAtMs);
  putU32(view, at + 20, identity.historyMaxEvents);
  putHash(view, at + 24, identity.digest);
  putU8(
    view,
    at + 32,
    (identity.parentFlowId === null ? 0 : HAS_PARENT) |
      (identity.rootFlowId === null ? 0 : HAS_ROOT) |
      (identity.correlationId === null ? 0 : HAS_CORRELATION) |
      (isEmpty(identity.attributes) ? 0 : HAS_ATTRIBUTES) |
      (identity.membership === null ? 0 : HAS_MEMBERSHIP),
  );
}

/** Writes what follows the fixed part. */
export function writeBodyRest(writer: ByteWriter, { identity }: BodyEffect): void {
  writer.text(identity.id);
  writer.text(identity.partitionKey);
  if (identity.parentFlowId !== null) writer.text(identity.parentFlowId);
  if (identity.rootFlowId !== null) writer.text(identity.rootFlowId);
  if (identity.correlationId !== null) writer.text(identity.correlationId);
  if (!isEmpty(identity.attributes)) writer.text(JSON.stringify(identity.attributes));
  if (identity.membership === null) return;
  writeMembership(writer, identity.membership);
}

/** What the BODY record says that stands there; undefined if it begins as another version has them. */
export function bodyOf({ bytes, start, end }: ByteSpan): ByteSpan | undefined {
  if (fixedLengthAt(bytes, start) !== BODY_FIXED_BYTES) return undefined;
  return { bytes, start: start + RECORD_HEADER_BYTES, end };
}

/** Where some of the fixed part stands. */
const TYPE_AT = 8;
const HISTORY_AT = 20;
const FLAGS_AT = 32;

/** The type of a flow that has no relatives and no correlation id; undefined: it has some. */
export function typeOfLoner(
  bytes: Uint8Array,
  fixedAt: number,
  dictionary: Dictionary,
): string | undefined {
  const relatives = HAS_PARENT | HAS_ROOT | HAS_CORRELATION | HAS_MEMBERSHIP;
  if (bytes[fixedAt + FLAGS_AT]! & relatives) return undefined;
  return nameIn(dictionary, u32At(bytes, fixedAt + TYPE_AT));
}

/** Fills a gist. Returns false if the record has flags of another version, or begins as that has them. */
export function readBodyGist(
  { bytes, start, fixedLength }: RecordSpan,
  { key, identity }: GistRoom<BodyGist>,
): boolean {
  const at = start + RECORD_HEADER_BYTES;
  if (fixedLength !== BODY_FIXED_BYTES || bytes[at + FLAGS_AT]! & ~KNOWN_FLAGS) return false;
  readHashAt(bytes, at, key);
  identity.historyMaxEvents = u32At(bytes, at + HISTORY_AT);
  return true;
}

/** Reads a record. */
export function readBody(
  fixed: ByteReader,
  rest: ByteReader,
  dictionary: Dictionary,
): BodyEffect {
  return { kind: "body", key: readKey(fixed), identity: readIdentity(fixed, rest, dictionary) };
}

/** Reads what follows the key. */
export function readIdentity(
  fixed: ByteReader,
  rest: ByteReader,
  dictionary: Dictionary,
): Identity {
  const type = nameIn(dictionary, fixed.u32());
  const createdAtMs = fixed.u53();
  const historyMaxEvents = fixed.u32();
  const digest = { hi: fixed.u32(), lo: fixed.u32() };
  const flags = fixed.u8();
  refuseUnknownBits("BODY", flags, KNOWN_FLAGS);
  const identity = {
    id: rest.text(),
    partitionKey: rest.text(),
    type,
    parentFlowId: flags & HAS_PARENT ? rest.text() : null,
    rootFlowId: flags & HAS_ROOT ? rest.text() : null,
    correlationId: flags & HAS_CORRELATION ? rest.text() : null,
    attributes: flags & HAS_ATTRIBUTES ? parseObject(rest.text()) as Attributes : NO_ATTRIBUTES,
    membership: flags & HAS_MEMBERSHIP ? readMembership(rest) : null,
    createdAtMs,
    historyMaxEvents,
    digest,
  };
  rest.end();
  return identity;
}

/** Reads an object that was written as JSON. */
export function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DecodeError("The text is not JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new DecodeError("The JSON is no object");
}

function isEmpty(attributes: Attributes): boolean {
  if (attributes === NO_ATTRIBUTES) return true;
  for (const _ in attributes) return false;
  return true;
}
