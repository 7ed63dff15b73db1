/**
 * What the cases assert with. It depends on no test framework, since it is used under any.
 *
 * @module
 */
import { type FlowErrorCode, isFlowError } from "../../errors.ts";

/** A store did not do what a case expects of it. */
class ConformanceError extends Error {
  /** Always `"ConformanceError"`. */
  override readonly name = "ConformanceError";
}

/** Fails a case. */
export function fail(message: string, cause?: unknown): never {
  throw new ConformanceError(message, cause === undefined ? undefined : { cause });
}

/** Asserts that something holds. */
export function holds(condition: unknown, message: string): asserts condition {
  if (!condition) fail(message);
}

/** Asserts that two values are equal in depth. A member that is undefined is as good as absent. */
export function same<T>(actual: T, expected: T, what = "The value"): void {
  const difference = differenceOf(actual, expected, what);
  if (difference !== undefined) fail(difference);
}

/** Asserts that an object has these members, whatever others it has; returns the object. */
export function shows<T extends object>(
  actual: T | null | undefined,
  members: { readonly [Name in keyof T]?: T[Name] | undefined },
  what = "The record",
): T {
  if (actual === null || actual === undefined) return fail(`${what} is ${String(actual)}`);
  for (const [name, expected] of Object.entries(members)) {
    const member = (actual as Readonly<Record<string, unknown>>)[name];
    const difference = differenceOf(member, expected, `${what}.${name}`);
    if (difference !== undefined) fail(difference);
  }
  return actual;
}

/**
 * Asserts that a call is refused with a `FlowError` of this code, whose details have these members.
 * Resolves to the error.
 */
export async function refused(
  call: () => Promise<unknown>,
  code: FlowErrorCode,
  details: Readonly<Record<string, unknown>> = {},
): Promise<Error & { readonly details: Readonly<Record<string, unknown>> }> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    if (!isFlowError(error)) return fail(`Expected a FlowError "${code}", got ${error}`, error);
    if (error.code !== code) {
      fail(`Expected "${code}", got "${error.code}": ${error.message}`, error);
    }
    shows(error.details, details, `details of "${code}"`);
    return error;
  }
  return fail(`Expected the call to be refused with "${code}", but it resolved to ${show(answer)}`);
}

/** What makes two values different, as a sentence; undefined if nothing does. */
function differenceOf(actual: unknown, expected: unknown, at: string): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (!isObject(actual) || !isObject(expected)) return isNot(actual, expected, at);
  if (actual instanceof Uint8Array || expected instanceof Uint8Array) {
    return isBytesLike(actual, expected) ? undefined : isNot(actual, expected, at);
  }
  if (Array.isArray(actual) !== Array.isArray(expected)) return isNot(actual, expected, at);
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length !== expected.length) {
    return isNot(actual, expected, at);
  }
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const difference = differenceOf(
      memberOf(actual, name),
      memberOf(expected, name),
      `${at}.${name}`,
    );
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isBytesLike(actual: object, expected: object): boolean {
  return actual instanceof Uint8Array && expected instanceof Uint8Array &&
    actual.length === expected.length && actual.every((byte, index) => byte === expected[index]);
}

function isNot(actual: unknown, expected: unknown, at: string): string {
  return `${at} is ${show(actual)}, but should be ${show(expected)}`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function memberOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function show(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  return JSON.stringify(value) ?? String(value);
}
