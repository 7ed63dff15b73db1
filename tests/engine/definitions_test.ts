import { FlowError } from "../../mod.ts";
import { Definitions } from "../../src/engine/definitions.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

test("Definitions compares with the first outline of a type, whatever was refused since", () => {
  const definitions = new Definitions();
  const outline = ["a", "b"];
  definitions.define({ type: "t", outline });
  for (let again = 0; again < 2; again++) {
    const error = assertThrows(
      () => definitions.define({ type: "t", outline: ["a", "c"] }),
      FlowError,
    );
    assertEquals([error.code, error.details["other"], error.details["own"]], [
      ...["definition_conflict", "b", "c"],
    ]);
  }
  for (const same of [outline, ["a", "b"], ["b", "a"]]) {
    definitions.define({ type: "t", outline: same });
  }
});

test("Definitions remembers a thousand types, those that were heard of last", () => {
  const definitions = new Definitions();
  const define = (number: number, fact: string): void =>
    definitions.define({ type: `t${number}`, outline: [fact] });
  for (let number = 0; number < 1_000; number++) define(number, "a");
  define(0, "a");
  define(1_000, "a");
  // The one that nobody has spoken of for longest is forgotten.
  define(1, "b");
  for (const number of [0, 3, 1_000]) {
    assertThrows(() => define(number, "b"), FlowError, "another definition");
  }
});
