/**
 * What is wrong with an argument. Every message names the field, the value, the limit and what to do.
 *
 * @module
 */
import { FlowError } from "../../../errors.ts";

/** Longer texts are cut; nobody reads an id of 70,000 characters. */
const SHOWN_CHARACTERS_MAX = 40;

/** A value of the wrong type, or out of range. */
export function invalid(field: string, value: unknown, must: string, limit?: unknown): FlowError {
  return new FlowError("invalid_argument", `${field} is ${show(value)}, but must be ${must}`, {
    details: { field, value: plain(value), ...limit === undefined ? {} : { limit } },
  });
}

/** A value that has to be there. */
export function missing(field: string, advice: string): FlowError {
  return new FlowError("invalid_argument", `${field} is missing: ${advice}`, {
    details: { field },
  });
}

/** Two values that do not go together. */
export function contradiction(field: string, what: string): FlowError {
  return new FlowError("invalid_argument", `${field} ${what}`, { details: { field } });
}

/** More bytes than the store takes. */
export function tooLarge(field: string, value: unknown, bytes: number, limit: number): FlowError {
  return new FlowError(
    "too_large",
    `${field} ${show(value)} has ${bytes} bytes, the limit is ${limit}`,
    { details: { field, value: bytes, limit } },
  );
}

/** More of something than the store takes at once. */
export function limitExceeded(field: string, value: number, limit: number): FlowError {
  return new FlowError("limit_exceeded", `${field} is ${value}, the limit is ${limit}`, {
    details: { field, value, limit },
  });
}

/** Items as fields name them, such as `items[3].payload`. */
const ITEM = /^(?:items|children)\[(\d+)\]/;

/**
 * Calls what reads items. If it throws because of one of them, the error names the place of that item
 * for programs, too: as `details.index`, like an error of a batch.
 */
export function ofItems<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw placed(error);
  }
}

/** The same error, with the place of the item that it is about, if it is about one. */
export function placed(error: unknown): unknown {
  if (!(error instanceof FlowError)) return error;
  const index = ITEM.exec(String(error.details["field"]))?.[1];
  return index === undefined ? error : Object.assign(error, {
    details: { ...error.details, index: Number(index) },
  });
}

/** A value as messages show it: short, on one line. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(cut(value));
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return showObject(value as object | null);
  }
}

function showObject(value: object | null): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = value.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : `a ${name}`;
}

/** A value that fits into details: as it is if it is a plain one, otherwise what it looks like. */
function plain(value: unknown): unknown {
  switch (typeof value) {
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "string":
      return cut(value);
    default:
      return value === null ? null : show(value);
  }
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
