/**
 * The names and signatures of `@std/assert` that this suite uses, on `node:assert`, so that the suite
 * runs without JSR on all three runtimes. `deno task test:std` maps this file to the real one, which
 * is how the two are kept equal: nothing may be added here that `@std/assert` does not have.
 *
 * @module
 */

import node from "node:assert";

// deno-lint-ignore no-explicit-any -- a constructor type has to accept any parameters
type AnyClass = abstract new (...args: any[]) => any;
type ErrorClass<E extends Error> = AnyClass & { readonly prototype: E };

/** Thrown by every assertion here. */
export const AssertionError: ErrorClass<Error> = node.AssertionError;

/** Throws with `msg`. */
export function fail(msg = "Failed"): never {
  throw new node.AssertionError({ message: msg });
}

function check(holds: boolean, says: () => string, msg: string | undefined): void {
  if (!holds) fail(msg === undefined ? says() : `${says()}: ${msg}`);
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = "Expected a truthy value"): asserts expr {
  if (!expr) fail(msg);
}

/** Asserts that `expr` is falsy. */
export function assertFalse(expr: unknown, msg = "Expected a falsy value"): void {
  if (expr) fail(msg);
}

/** Asserts deep equality. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  node.deepStrictEqual(actual, expected, msg);
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  node.notDeepStrictEqual(actual, expected, msg);
}

/** Asserts that two values are not identical. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  node.notStrictEqual(actual, expected, msg);
}

/** Asserts `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  check(actual > expected, () => `Expected ${actual} > ${expected}`, msg);
}

/** Asserts `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  check(actual >= expected, () => `Expected ${actual} >= ${expected}`, msg);
}

/** Asserts `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  check(actual < expected, () => `Expected ${actual} < ${expected}`, msg);
}

/** Asserts `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  check(actual <= expected, () => `Expected ${actual} <= ${expected}`, msg);
}

/** Asserts that a string contains another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  check(actual.includes(expected), () => `Expected "${actual}" to contain "${expected}"`, msg);
}

/** Asserts that a string matches a pattern. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  check(expected.test(actual), () => `Expected "${actual}" to match ${expected}`, msg);
}

/** Asserts that a value is an instance of a class. */
export function assertInstanceOf<T extends AnyClass>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  check(
    actual instanceof expectedType,
    () => `Expected an instance of ${expectedType.name}, got ${describe(actual)}`,
    msg,
  );
}

/** Asserts that what `expected` names is in `actual`, with the same values. */
export function assertObjectMatch(actual: object, expected: object, msg?: string): void {
  assertEquals(shapedLike(actual, expected), expected, msg);
}

/** The members of `actual` that `expected` has, too. */
function shapedLike(actual: unknown, expected: unknown): unknown {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) return actual;
  if (typeof actual !== "object" || actual === null) return actual;
  return Object.fromEntries(
    Object.entries(expected).filter(([name]) => name in actual).map(([name, member]) => [
      name,
      shapedLike(actual[name as keyof typeof actual], member),
    ]),
  );
}

/** Asserts that `fn` throws (an `ErrorClass` whose message contains `msgIncludes`); returns the error. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    return expected(error, classOrMsg, msgIncludes, msg);
  }
  return fail(note(classOrMsg, msg, "Expected the function to throw"));
}

/** Asserts that the promise of `fn` rejects, like {@linkcode assertThrows}; resolves to the error. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    return fail(`Expected a rejection, but the function threw at once: ${describe(error)}`);
  }
  try {
    await promise;
  } catch (error) {
    return expected(error, classOrMsg, msgIncludes, msg);
  }
  return fail(note(classOrMsg, msg, "Expected the promise to reject"));
}

function expected(
  error: unknown,
  classOrMsg: ErrorClass<Error> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): unknown {
  if (typeof classOrMsg !== "function") return error;
  assertInstanceOf(error, classOrMsg, msg);
  if (msgIncludes !== undefined) assertStringIncludes(error.message, msgIncludes, msg);
  return error;
}

function note(
  classOrMsg: ErrorClass<Error> | string | undefined,
  msg: string | undefined,
  says: string,
): string {
  const extra = typeof classOrMsg === "string" ? classOrMsg : msg;
  return extra === undefined ? says : `${says}: ${extra}`;
}

function describe(value: unknown): string {
  return value instanceof Error ? `${value.name}: ${value.message}` : String(value);
}
