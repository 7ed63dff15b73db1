import fc from "fast-check";
import { compareUtf8 } from "../../src/index/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { compareBytes } from "./crowd.ts";

test("compareUtf8() orders texts by their bytes", () => {
  const character = fc.constantFrom(
    "a",
    "b",
    "\u00e9",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{1F600}",
  );
  const text = fc.string({ unit: character, maxLength: 4 });
  assertProperty(
    fc.property(text, text, (a, b) => {
      assertEquals(Math.sign(compareUtf8(a, b)), Math.sign(compareBytes(a, b)));
    }),
    { file: import.meta.url, runs: 1_000 },
  );
});
