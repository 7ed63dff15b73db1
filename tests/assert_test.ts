import {
  assert,
  assertEquals,
  assertInstanceOf,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "./assert.ts";
import { test, when } from "./harness.ts";

test("assertThrows() returns the error when class and message fit", () => {
  const error = assertThrows(
    () => {
      throw new RangeError("too far");
    },
    RangeError,
    "far",
  );
  assertInstanceOf(error, RangeError);
});

test("assertThrows() refuses a function that returns, another class and another message", () => {
  const throwsRange = () => {
    throw new RangeError("too far");
  };
  assertThrows(() => assertThrows(() => 1), AssertionError);
  assertThrows(() => assertThrows(throwsRange, TypeError), AssertionError);
  assertThrows(() => assertThrows(throwsRange, RangeError, "near"), AssertionError);
});

test("assertRejects() returns the error and refuses a promise that resolves", async () => {
  const error = await assertRejects(() => Promise.reject(new TypeError("no")), TypeError, "no");
  assertStringIncludes(error.message, "no");
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError);
});

test("assertRejects() refuses a function that throws at once", async () => {
  await assertRejects(
    () =>
      assertRejects(() => {
        throw new TypeError("too early");
      }),
    AssertionError,
  );
});

test("assertEquals() sees a missing key, an undefined value and differing bytes", () => {
  assertEquals({ a: [1, new Uint8Array([2])] }, { a: [1, new Uint8Array([2])] });
  assertNotEquals<unknown>({ a: undefined }, {});
  assertThrows(() => assertEquals(new Uint8Array([1]), new Uint8Array([2])), AssertionError);
  assertThrows(() => assertMatch("abc", /x/), AssertionError);
  assertThrows(() => assert(0), AssertionError);
});

test("when() skips a test whose capability is absent", when(false), () => {
  throw new Error("A skipped test ran");
});
