/**
 * Calls with arguments that are wrong, and what is said about them.
 *
 * @module
 */

import { FlowError, type FlowErrorCode } from "../../src/errors.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { CoreStore } from "./core_store.ts";

/** A bad call: its arguments, and what the error is to say. */
export interface Bad {
  /** Arguments after the first one, or all of them if `whole`. */
  readonly args: readonly unknown[];
  readonly field: string;
  readonly code?: FlowErrorCode;
  readonly says?: string;
}

export const long = "x".repeat(70_000);
export const cycle: Record<string, unknown> = { a: { b: [] } };
(cycle["a"] as { b: unknown[] }).b.push(cycle);

/** Calls every one, and asserts that each is refused as it should be and that nothing is written. */
export function refuses(command: keyof CoreStore, rows: readonly Bad[]): void {
  const store = new CoreStore({
    limits: {
      valueBytesMax: 1_000,
      kvKeyBytesMax: 1_024,
      kvValueBytesMax: 1_000,
      batchItemsMax: 3,
      claimLimitMax: 10,
      queryCountMax: 20,
    },
  });
  for (const { args, field, code = "invalid_argument", says } of rows) {
    const call = store[command] as (...args: unknown[]) => unknown;
    const what = `${command}(${args.map((arg) => show(arg)).join(", ")})`;
    const error = assertThrows(() => call.apply(store, [...args]), FlowError, undefined, what);
    assertEquals(error.code, code, `${what}: ${error.message}`);
    assertEquals(error.details["field"], field, `${what}: ${error.message}`);
    assertStringIncludes(error.message, field, what);
    if (says !== undefined) assertStringIncludes(error.message, says, what);
  }
  assertEquals(store.log.length, 0);
  assertEquals(store.state.table.size, 0);
}

export function show(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 80);
  } catch {
    return String(value);
  }
}

/** Rows that hold for everything that names a text: an id, a type, a worker. */
export function badTexts(field: string, argsOf: (value: unknown) => readonly unknown[]): Bad[] {
  return [
    { args: argsOf(""), field, says: `${field} is "", but must be a non-empty string` },
    { args: argsOf(7), field, says: `${field} is 7` },
    { args: argsOf(null), field, says: `${field} is null` },
    { args: argsOf(["a"]), field, says: `${field} is an array of 1` },
    { args: argsOf({}), field },
    { args: argsOf(7n), field, says: "7n" },
    { args: argsOf(() => 0), field, says: "a function" },
    { args: argsOf("a\ud800"), field, says: "half characters" },
    { args: argsOf(long), field, code: "too_large", says: "has 70000 bytes, the limit is 1024" },
    { args: argsOf("\u{1F600}".repeat(257)), field, code: "too_large", says: "has 1028 bytes" },
  ];
}

/** Rows that hold for every whole number from `min` on. */
export function badNumbers(
  field: string,
  argsOf: (value: unknown) => readonly unknown[],
  min = 0,
): Bad[] {
  return [min - 1, -5, 1.5, NaN, Infinity, "1", null, 5n, {}, 2 ** 53].map((value) => ({
    args: argsOf(value),
    field,
    says: `${field} is `,
  }));
}

/** Rows that hold for every true or false. */
export function badBooleans(field: string, argsOf: (value: unknown) => readonly unknown[]): Bad[] {
  return [0, 1, "true", null].map((value) => ({
    args: argsOf(value),
    field,
    says: "true or false",
  }));
}

/** Rows that hold for every value of a user. */
export function badValues(field: string, argsOf: (value: unknown) => readonly unknown[]): Bad[] {
  return [
    { args: argsOf(NaN), field, says: `${field} is NaN, which JSON cannot hold` },
    { args: argsOf({ a: [1, Infinity] }), field: `${field}.a[1]` },
    { args: argsOf({ a: 5n }), field: `${field}.a`, says: "is a bigint" },
    { args: argsOf({ "a b": () => 0 }), field: `${field}["a b"]`, says: "is a function" },
    { args: argsOf(Symbol("s")), field, says: "is a symbol" },
    { args: argsOf([undefined]), field: `${field}[0]`, says: "is undefined" },
    { args: argsOf({ at: new Date(0) }), field: `${field}.at`, says: "is a Date" },
    { args: argsOf(new Map()), field, says: "is a Map" },
    { args: argsOf(new URL("https://example.com")), field, says: "is a URL" },
    { args: argsOf([new Float32Array(1)]), field: `${field}[0]`, says: "Uint8Array" },
    { args: argsOf(new (class Order {})()), field, says: "is an Order" },
    { args: argsOf({ a: hiding({}) }), field: `${field}.a`, says: "has toJSON()" },
    { args: argsOf(hiding([])), field, says: "has toJSON()" },
    { args: argsOf(Object.create(hiding(Object.create(null)))), field, says: "a class instance" },
    { args: argsOf(cycle), field: `${field}.a.b[0]`, says: "contains itself" },
    { args: argsOf(deep(1_100)), field: `${field}${"[0]".repeat(1_000)}`, says: "nested deeper" },
    {
      args: argsOf("x".repeat(999)),
      field,
      code: "too_large",
      says: "has 1001 bytes, the limit is 1000",
    },
    { args: argsOf(new Uint8Array(1_001)), field, code: "too_large", says: "has 1001 bytes" },
  ];
}

/** An object with what JSON would put in its place. */
function hiding(value: object): object {
  return Object.defineProperty(value, "toJSON", { value: () => 7, enumerable: false });
}

export function deep(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

/** Rows for options that are no object, and for names that do not exist. */
export function badOptions(argsOf: (options: unknown) => readonly unknown[], good: object): Bad[] {
  return [
    ...[null, 7, "x", [], true].map((options) => ({
      args: argsOf(options),
      field: "options",
      says: "must be an object",
    })),
    { args: argsOf({ ...good, zebra: 1 }), field: "zebra", says: "known are " },
    { args: argsOf({ ...good, return: "jobs" }), field: "return", code: "unsupported_option" },
  ];
}

export const proof = { leaseToken: "1-0", fencingToken: 1 };
