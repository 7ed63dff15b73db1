/**
 * Effects as records, and back.
 *
 * @module
 */
import { ByteReader, type ByteWriter } from "../../../codec/mod.ts";
import {
  beginRecord,
  endRecord,
  type LogRecord,
  RECORD_HEADER_BYTES,
  RecordType,
} from "../../../log/mod.ts";
import type { TypePolicy } from "../../mod.ts";
import type { DelEffect, DictEffect, Effect, PolicyEffect, SignalKeyEffect } from "../effect.ts";
import type { Dictionary } from "../table/dictionary.ts";
import { parseObject, readBody, writeBodyFixed, writeBodyRest } from "./body.ts";
import { readCtrl, writeCtrlFixed, writeCtrlRest } from "./ctrl.ts";
import { readClosing, readGroup, writeClosing, writeGroupFixed, writeGroupRest } from "./group.ts";
import { readHash, readKey, writeHash, writeKey } from "./key.ts";
import { readKv, readKvDel, writeKvDelRest, writeKvFixed, writeKvRest } from "./kv.ts";
import { readInbox, readOutbox, writeInbox, writeOutboxFixed, writeOutboxRest } from "./message.ts";
import { type NameIds, nameIds, nameIn } from "./names.ts";
import { newer } from "./newer.ts";
import {
  readValue,
  readValuePart,
  writeValueFixed,
  writeValuePartFixed,
  writeValueRest,
} from "./value.ts";
import { readValues, writeValuesRest } from "./values.ts";

/** The types of records by effect. */
const TYPES: Readonly<Record<Effect["kind"], number>> = {
  dict: RecordType.DICT,
  body: RecordType.BODY,
  value: RecordType.VALUE,
  value_part: RecordType.VALUE_PART,
  values: RecordType.VALUES,
  ctrl: RecordType.CTRL,
  group: RecordType.GROUP,
  closing: RecordType.CLOSING,
  outbox: RecordType.OUTBOX,
  inbox: RecordType.INBOX,
  signal_key: RecordType.SIGNALKEY,
  del: RecordType.DEL,
  policy: RecordType.POLICY,
  kv: RecordType.KV,
  kv_del: RecordType.KVDEL,
};

/** What the records of a command need to be written. */
export interface RecordsOptions {
  /** The LSN of the first. */
  readonly firstLsn: number;
  /** The names before the command. */
  readonly dictionary: Dictionary;
}

/**
 * Writes the records of a command's effects, whole, with header and checksum.
 *
 * @returns Where each of them begins, and behind that where the last one ends.
 */
export function writeEffects(
  writer: ByteWriter,
  effects: readonly Effect[],
  { firstLsn, dictionary }: RecordsOptions,
): number[] {
  const names = nameIds(dictionary, effects);
  const bounds = [writer.length];
  // One for all records: it is read at once.
  const head = { type: 0, lsn: firstLsn, fixedLength: 0 };
  for (const effect of effects) {
    const start = beginRecord(writer);
    writeFixed(writer, effect, names);
    head.type = TYPES[effect.kind];
    head.fixedLength = writer.length - start - RECORD_HEADER_BYTES;
    writeRest(writer, effect, names);
    endRecord(writer, start, head);
    head.lsn++;
    bounds.push(writer.length);
  }
  return bounds;
}

/**
 * The effect of a record.
 *
 * @param dictionary The names before the record.
 * @throws {DecodeError} If the record does not hold what its type says.
 * @throws {FlowError} `newer_format` if it holds something that this version does not know.
 */
export function decodeEffect(
  record: Pick<LogRecord, "type" | "fixed" | "rest">,
  dictionary: Dictionary,
): Effect {
  const fixed = new ByteReader(record.fixed);
  const rest = new ByteReader(record.rest);
  switch (record.type) {
    case RecordType.CTRL:
      return readCtrl(fixed, rest, dictionary);
    case RecordType.BODY:
      return readBody(fixed, rest, dictionary);
    case RecordType.VALUE:
      return readValue(fixed, rest);
    case RecordType.VALUE_PART:
      return readValuePart(fixed, rest);
    case RecordType.VALUES:
      return readValues(fixed, rest);
    case RecordType.GROUP:
      return readGroup(fixed, rest, dictionary);
    case RecordType.CLOSING:
      return readClosing(fixed, rest);
    case RecordType.OUTBOX:
      return readOutbox(fixed, rest);
    case RecordType.INBOX:
      return readInbox(fixed, rest);
    case RecordType.SIGNALKEY:
      return readSignalKey(fixed, rest);
    case RecordType.DEL:
      return readDel(fixed, rest);
    case RecordType.POLICY:
      return readPolicy(fixed, rest, dictionary);
    case RecordType.DICT:
      return readDict(fixed, rest);
    case RecordType.KV:
      return readKv(fixed, rest);
    case RecordType.KVDEL:
      return readKvDel(rest);
    default:
      throw newer(`record of type ${record.type}`);
  }
}

function writeFixed(writer: ByteWriter, effect: Effect, names: NameIds): void {
  switch (effect.kind) {
    case "ctrl":
      return writeCtrlFixed(writer, effect, names);
    case "body":
      return writeBodyFixed(writer, effect, names);
    case "value":
      return writeValueFixed(writer, effect);
    case "value_part":
      return writeValuePartFixed(writer, effect);
    case "group":
      return writeGroupFixed(writer, effect, names);
    case "closing":
      return writeClosing(writer, effect);
    case "outbox":
      return writeOutboxFixed(writer, effect);
    case "inbox":
      return writeInbox(writer, effect);
    case "signal_key":
      writeKey(writer, effect.key);
      writeHash(writer, effect.keyHash);
      return writeHash(writer, effect.digest);
    case "values":
    case "del":
      return writeKey(writer, effect.key);
    case "policy":
      writer.u32(names.idOf(effect.type));
      return writer.u48(effect.generation);
    case "dict":
      return writer.u32(effect.id);
    case "kv":
      return writeKvFixed(writer, effect);
    case "kv_del":
      return;
  }
}

function writeRest(writer: ByteWriter, effect: Effect, names: NameIds): void {
  switch (effect.kind) {
    case "ctrl":
      return writeCtrlRest(writer, effect, names);
    case "body":
      return writeBodyRest(writer, effect);
    case "value":
      return writeValueRest(writer, effect);
    case "value_part":
      return writer.raw(effect.bytes);
    case "values":
      return writeValuesRest(writer, effect);
    case "group":
      return writeGroupRest(writer, effect);
    case "outbox":
      return writeOutboxRest(writer, effect);
    case "closing":
    case "inbox":
    case "signal_key":
    case "del":
      return;
    case "policy":
      return writer.text(JSON.stringify(effect.policy));
    case "dict":
      return writer.text(effect.name);
    case "kv":
      return writeKvRest(writer, effect);
    case "kv_del":
      return writeKvDelRest(writer, effect);
  }
}

function readSignalKey(fixed: ByteReader, rest: ByteReader): SignalKeyEffect {
  rest.end();
  const key = readKey(fixed);
  return { kind: "signal_key", key, keyHash: readHash(fixed), digest: readHash(fixed) };
}

function readDel(fixed: ByteReader, rest: ByteReader): DelEffect {
  rest.end();
  return { kind: "del", key: readKey(fixed) };
}

function readPolicy(fixed: ByteReader, rest: ByteReader, dictionary: Dictionary): PolicyEffect {
  const type = nameIn(dictionary, fixed.u32());
  const generation = fixed.u48();
  const policy = parseObject(rest.text()) as TypePolicy;
  rest.end();
  return { kind: "policy", type, generation, policy };
}

function readDict(fixed: ByteReader, rest: ByteReader): DictEffect {
  const id = fixed.u32();
  const name = rest.text();
  rest.end();
  return { kind: "dict", id, name };
}
