/**
 * Identifiers that sort by time.
 *
 * @module
 */

import fc from "fast-check";
import { InvariantError } from "../../src/invariant.ts";
import { manualTime, uuidv7 } from "../../src/time/mod.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("uuidv7() has the shape of RFC 9562, with the time it was made", () => {
  const wallMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  assertProperty(
    fc.property(wallMs, fc.integer(), (startMs, seed) => {
      const uuid = uuidv7(manualTime({ startMs, seed }));
      assertMatch(uuid, shape);
      assertEquals(parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16), startMs);
    }),
    { file: import.meta.url },
  );
});

test("uuidv7() puts the random bits where they belong, all 74 of them", () => {
  const time = manualTime({ startMs: 0x0123456789ab });
  const all = { clock: time.clock, random: { u32: () => 0xffff_ffff } };
  assertEquals(uuidv7(all), "01234567-89ab-7fff-bfff-ffffffffffff");
  const none = { clock: time.clock, random: { u32: () => 0 } };
  assertEquals(uuidv7(none), "01234567-89ab-7000-8000-000000000000");
});

test("uuidv7() sorts by time and is new every time", () => {
  const time = manualTime();
  const uuids = Array.from({ length: 1_000 }, () => (time.tick(1), uuidv7(time)));
  assertEquals(uuids.toSorted(), uuids);
  const sameMoment = new Set(Array.from({ length: 1_000 }, () => uuidv7(time)));
  assertEquals(sameMoment.size, 1_000);
});

test("uuidv7() rounds a fraction of a millisecond down and refuses a time it has no room for", () => {
  assert(uuidv7(manualTime({ startMs: 1.9 })).startsWith("00000000-0001-7"));
  for (const startMs of [-1, 2 ** 48]) {
    assertThrows(() => uuidv7(manualTime({ startMs })), InvariantError);
  }
});
