import { shown } from "../../src/workflow/argument.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

test("shown() shows values in short: a text up to 64 characters, and of the rest what it is", () => {
  const long = "x".repeat(64);
  const cases: readonly (readonly [unknown, string])[] = [
    [long, `"${long}"`],
    [`${long}y`, `"${long}…"`],
    [() => 1, "a function"],
    [[], "an empty list"],
    [[1], "a list"],
    [Promise.resolve(), "a Promise"],
    [{}, "an object"],
    [null, "null"],
    [undefined, "undefined"],
    [1.5, "1.5"],
  ];
  for (const [value, expected] of cases) assertEquals(shown(value), expected);
});
