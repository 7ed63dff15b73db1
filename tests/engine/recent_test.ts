import { Recent } from "../../src/engine/thread/recent.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

test("Recent knows the middle and the upper quarter of the last eight figures", () => {
  const recent = new Recent();
  const read = (): number[] => [recent.middle, recent.high];
  assertEquals(read(), [0, 0]);
  const seen: number[][] = [];
  for (const figure of [5, 1, 8, 3, 7, 2, 6, 4]) {
    recent.add(figure);
    seen.push(read());
  }
  // What is missing yet counts as 0.
  assertEquals(seen.slice(0, 3), [[0, 0], [0, 1], [0, 5]]);
  assertEquals(seen[7], [4, 7]);
  // The oldest ones go.
  for (const figure of [9, 9, 9]) recent.add(figure);
  assertEquals(read(), [6, 9]);
  recent.clear();
  assertEquals(read(), [0, 0]);
  recent.add(1);
  assertEquals(read(), [0, 0]);
  recent.add(1);
  assertEquals(read(), [0, 1]);
});
