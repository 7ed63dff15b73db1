/**
 * Segments as bytes: their names and their heads.
 *
 * @module
 */

import { type ByteReader, ByteWriter } from "../../codec/mod.ts";
import { type Directory, readFully, withFile } from "../../files/mod.ts";
import type { LogPosition } from "../log.ts";
import { Feature, readFormat, writeFormat } from "./format.ts";
import { decodeHeader, HEADER_BYTES, magic, sealHeader } from "./header.ts";

const SEGMENT_MAGIC = magic("FCSG");
const EVIDENCE_MAGIC = magic("FCEV");

/** Where frames begin. */
export const SEGMENT_HEAD_BYTES = 4096;

/**
 * Where the evidence stands: in a sector of its own, and in the same 4 KiB as the header. Damage to
 * all of it is noticed by the header, and no page that holds a frame is written again for it.
 */
export const EVIDENCE_OFFSET = 512;

const DB_ID_BYTES = 8;

/** What the header of a segment says. */
export interface SegmentHeader {
  /** The number in its name. */
  readonly id: number;
  /** The shard whose log it belongs to. */
  readonly shard: number;
  /** What its frames repeat. */
  readonly salt: number;
  /** The store, in hexadecimal. */
  readonly dbId: string;
  /** The place that its first frame stands on. Everything before is durable. */
  readonly base: LogPosition;
  /** Whether it holds what a merge has kept. Default false. */
  readonly merged?: boolean;
}

/** What is known to be durable in a segment. */
export interface Evidence {
  /** Salt of the segment. */
  readonly salt: number;
  /** All records up to this LSN were durable when it was written. */
  readonly durableLsn: number;
  /** Number of the opening that wrote it. */
  readonly epoch: number;
}

/** Name of the segment with this id. */
export function segmentName(id: number): string {
  return `log-${id}.seg`;
}

/** The id in a segment's name, or `undefined` for any other name. */
export function segmentIdOf(name: string): number | undefined {
  const id = Number(/^log-([1-9]\d{0,9})\.seg$/.exec(name)?.[1]);
  return id <= 0xffff_ffff ? id : undefined;
}

/** The head of a new segment, evidence not yet written. */
export function encodeSegmentHead(header: SegmentHeader): Uint8Array {
  const writer = new ByteWriter(SEGMENT_HEAD_BYTES);
  writer.u32(SEGMENT_MAGIC);
  writeFormat(writer, header.merged === true ? Feature.MERGED : 0);
  writer.u32(header.id);
  writer.u16(header.shard);
  writer.u16(0);
  writer.u32(header.salt);
  for (const pair of header.dbId.match(/../g) ?? []) writer.u8(Number.parseInt(pair, 16));
  writer.u53(header.base.lsn + 1);
  writer.u53(header.base.index + 1);
  writer.u32(header.base.chain);
  sealHeader(writer);
  writer.zeros(SEGMENT_HEAD_BYTES - HEADER_BYTES);
  return writer.bytes();
}

/**
 * What a segment's header says, or `undefined` if it is damaged.
 *
 * @throws {FlowError} `newer_format` if it is whole and this version cannot read it.
 */
export function decodeSegmentHeader(bytes: Uint8Array, file: string): SegmentHeader | undefined {
  return decodeHeader(bytes, SEGMENT_MAGIC, (fields) => {
    const merged = (readFormat(fields, file, Feature.MERGED) & Feature.MERGED) !== 0;
    const header = readSegmentHeader(fields);
    return header && { ...header, merged };
  });
}

/** The store that the segment in a file belongs to, `undefined` if its header is damaged. */
export function storeOfSegment(directory: Directory, name: string): string | undefined {
  return withFile(directory, name, (file) => {
    const bytes = new Uint8Array(HEADER_BYTES);
    readFully(file, bytes, { at: 0 });
    return decodeSegmentHeader(bytes, name)?.dbId;
  });
}

/** The evidence, as it stands at {@linkcode EVIDENCE_OFFSET}. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES);
  writer.u32(EVIDENCE_MAGIC);
  writer.u32(evidence.salt);
  writer.u53(evidence.durableLsn);
  writer.u32(evidence.epoch);
  sealHeader(writer);
  return writer.bytes();
}

/** The evidence in `bytes`, or `undefined` if it is damaged or was never written. */
export function decodeEvidence(bytes: Uint8Array): Evidence | undefined {
  return decodeHeader(bytes, EVIDENCE_MAGIC, (fields) => ({
    salt: fields.u32(),
    durableLsn: fields.u53(),
    epoch: fields.u32(),
  }));
}

/** The id of a store that two random numbers make. */
export function dbIdOf(high: number, low: number): string {
  return hex(high, 8) + hex(low, 8);
}

function readSegmentHeader(fields: ByteReader): SegmentHeader | undefined {
  const id = fields.u32();
  const shard = fields.u16();
  fields.zeros(2);
  const salt = fields.u32();
  const dbId = [...fields.raw(DB_ID_BYTES)].map((byte) => hex(byte, 2)).join("");
  const firstLsn = fields.u53();
  const firstIndex = fields.u53();
  const chain = fields.u32();
  if (firstLsn === 0 || firstIndex === 0) return undefined;
  return { id, shard, salt, dbId, base: { index: firstIndex - 1, lsn: firstLsn - 1, chain } };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
