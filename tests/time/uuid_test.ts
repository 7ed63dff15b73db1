/**
 * Identifiers that sort by the order of their making.
 *
 * @module
 */

import fc from "fast-check";
import { InvariantError } from "../../src/invariant.ts";
import { manualTime, Uuids } from "../../src/time/mod.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("A UUID has the shape of RFC 9562, with the time it was made", () => {
  const wallMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  assertProperty(
    fc.property(wallMs, fc.integer(), (startMs, seed) => {
      const uuid = new Uuids(manualTime({ startMs, seed })).next();
      assertMatch(uuid, shape);
      assertEquals(parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16), startMs);
    }),
    { file: import.meta.url },
  );
});

test("A UUID puts counter and random bits where they belong, all 73 of them", () => {
  const { clock } = manualTime({ startMs: 0x0123456789ab });
  const first = (word: number): string => new Uuids({ clock, random: { u32: () => word } }).next();
  assertEquals(first(0xffff_ffff), "01234567-89ab-77ff-bfff-ffffffffffff");
  assertEquals(first(0), "01234567-89ab-7000-8000-000000000000");
});

test("Each UUID sorts behind those before it, also within one millisecond and while the clock goes back", () => {
  const time = manualTime({ startMs: 1_000_000 });
  let wallMs = 1_000_000;
  const uuids = new Uuids({ clock: { ...time.clock, wallMs: () => wallMs }, random: time.random });
  const made: string[] = [];
  // More than the counter can hold; then back, and on.
  for (
    const [shiftMs, count] of [[0, 10_000], [-500, 1_000], [1, 1_000], [10_000, 1_000]] as const
  ) {
    wallMs += shiftMs;
    for (let index = 0; index < count; index++) made.push(uuids.next());
  }
  assertEquals(made.toSorted(), made);
  assertEquals(new Set(made).size, 13_000);
  assertEquals(parseInt(made.at(-1)!.slice(0, 13).replace("-", ""), 16), wallMs);
});

test("UUIDs of two makers differ, also in the same millisecond", () => {
  const time = manualTime();
  const makers = [new Uuids(time), new Uuids(time)];
  const made = Array.from({ length: 1_000 }, () => makers.map((maker) => maker.next())).flat();
  assertEquals(new Set(made).size, 2_000);
});

test("A UUID rounds a fraction of a millisecond down and refuses a time it has no room for", () => {
  assert(new Uuids(manualTime({ startMs: 1.9 })).next().startsWith("00000000-0001-7"));
  for (const startMs of [-1, 2 ** 48]) {
    assertThrows(() => new Uuids(manualTime({ startMs })).next(), InvariantError);
  }
});
