import { checkInteger, invalid, ofItems, show } from "../src/argument.ts";
import { FlowError } from "../src/errors.ts";
import { assertEquals, assertThrows } from "./assert.ts";
import { test } from "./harness.ts";

test("show() shows values in short and on one line: a text up to 64 characters, and of the rest what it is", () => {
  const long = "x".repeat(64);
  const cases: readonly (readonly [unknown, string])[] = [
    [long, `"${long}"`],
    [`${long}y`, `"${long}…"`],
    // Not through a character of two halves.
    [`${"x".repeat(63)}\u{1F600}`, `"${"x".repeat(63)}…"`],
    ["a\nb", '"a\\nb"'],
    [() => 1, "a function"],
    [Symbol("s"), "a symbol"],
    [[], "an empty array"],
    [[1], "an array of 1"],
    [Promise.resolve(), "a Promise"],
    [new Error("none"), "an Error"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [null, "null"],
    [undefined, "undefined"],
    [1.5, "1.5"],
    [5n, "5n"],
  ];
  for (const [value, expected] of cases) assertEquals(show(value), expected);
});

test("an error about an argument has the field, a plain value, and a limit that is a number", () => {
  const { message, details } = invalid("states", [1], "a text");
  assertEquals(message.startsWith("states is an array of 1, but must be a text. "), true);
  assertEquals(details, { field: "states", value: "an array of 1" });
  const error = assertThrows(() => checkInteger("limit", 9, 1, 5), FlowError);
  assertEquals(error.details, { field: "limit", value: 9, limit: 5 });
});

test("ofItems() adds the place of the item that an error is about", () => {
  const indexOf = (field: string): unknown => {
    const read = () => ofItems(() => checkInteger(field, "x", 1, 5));
    return assertThrows(read, FlowError).details["index"];
  };
  assertEquals(
    ["items[12].a", "children[0]", "items[3].values.b", "refs[1]", "priority"]
      .map(indexOf),
    [12, 0, 3, undefined, undefined],
  );
});
