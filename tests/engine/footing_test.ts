/**
 * What an answer stands on, at the very edge of it.
 *
 * @module
 */

import { isDurable, isVoid } from "../../src/engine/calls/footing.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

test("isDurable() and isVoid() agree about the last record that is durable, and what comes after it", () => {
  const seen = (lsn: number, isOver: boolean): unknown => {
    const footing = { life: { durableLsn: 7, isOver }, lsn };
    return [isDurable(footing), isVoid(footing)];
  };
  assertEquals([6, 7, 8].map((lsn) => seen(lsn, false)), [[true, false], [true, false], [
    false,
    false,
  ]]);
  // What was on disk when the state was thrown away has happened, and is not done once more.
  assertEquals([6, 7, 8].map((lsn) => seen(lsn, true)), [[true, false], [true, false], [
    false,
    true,
  ]]);
});
