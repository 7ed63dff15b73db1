/**
 * Values of users as bytes, and back.
 *
 * @module
 */
import { FlowError } from "../../../errors.ts";
import { refuseUnlessJson } from "./json_check.ts";
import type { Value } from "./value.ts";
import type { ValueMemory } from "./value_memory.ts";

const RAW = 0;
const JSON_TEXT = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a value is encoded with. */
export interface ValueRoom {
  /** The most bytes that it may have. */
  readonly bytesMax: number;
  /** Where its bytes are. Default: in an array of their own. */
  readonly memory?: ValueMemory | undefined;
}

/**
 * A user's value as bytes; undefined is no value. Bytes stay bytes, everything else becomes JSON, and
 * what JSON would make another value of is refused.
 *
 * @param field What the value is called in errors.
 */
export function encodeValue(
  field: string,
  value: unknown,
  room: ValueRoom,
): Value | undefined {
  if (value === undefined) return undefined;
  try {
    return encoded(field, value, room);
  } catch (error) {
    if (error instanceof FlowError) throw error;
    // A getter has thrown, or the bytes have been transferred to somebody else.
    const why = error instanceof Error ? error.message : String(error);
    throw new FlowError("invalid_argument", `${field} cannot be read: ${why}`, {
      details: { field },
      cause: error,
    });
  }
}

function encoded(field: string, value: unknown, { bytesMax, memory }: ValueRoom): Value {
  if (value instanceof Uint8Array) {
    refuseAbove(bytesMax, field, value.length);
    // The caller may write to its bytes again before they are on disk.
    return { encoding: RAW, bytes: memory?.copy(value) ?? new Uint8Array(value) };
  }
  refuseUnlessJson(field, value);
  const text = JSON.stringify(value);
  const bytes = memory?.encode(text) ?? encoder.encode(text);
  refuseAbove(bytesMax, field, bytes.length);
  return { encoding: JSON_TEXT, bytes };
}

/** A value that is known to be JSON, as bytes. */
export function jsonValue(value: unknown): Value {
  return { encoding: JSON_TEXT, bytes: encoder.encode(JSON.stringify(value)) };
}

/** What a value says, as something that is the caller's own. */
export function decodeValue({ encoding, bytes }: Value): unknown {
  return encoding === RAW ? ownBytes(bytes) : JSON.parse(decoder.decode(bytes));
}

/**
 * Bytes with nothing around them. What was read stands among other records, and whoever looks at the
 * `buffer` of what he gets, or passes it on, is to find his own bytes there, from 0 on. Large values
 * are put together from parts, and have a buffer already.
 */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function refuseAbove(bytesMax: number, field: string, size: number): void {
  if (size <= bytesMax) return;
  throw new FlowError("too_large", `${field} has ${size} bytes, the limit is ${bytesMax}`, {
    details: { field, value: size, limit: bytesMax },
  });
}
