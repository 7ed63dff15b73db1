import fc from "fast-check";
import { Keydir, MergedRun } from "../../src/bitcask/mod.ts";
import { StreamReader, StreamWriter } from "../../src/codec/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assertEquals, assertLess, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

/** A record, and where it stands. */
interface Standing {
  readonly lsn: number;
  readonly segment: number;
  readonly offset: number;
  readonly previous: number;
}

/** How the next record follows the one before. */
interface Step {
  /** How many LSNs are left out before it. */
  readonly gap: number;
  /** How many bytes there are from one to the other; none: a place before it. */
  readonly bytes: number;
  /** Whether it begins a segment. */
  readonly rolls: boolean;
  /** How many records that are there its predecessor is back; 0: it has none. */
  readonly back: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  gap: fc.oneof(
    { weight: 30, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(5) },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 32, 2 ** 40) },
  ),
  bytes: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(77, 109, 128, 205) },
    { weight: 5, arbitrary: fc.integer({ min: 20, max: 1_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 8_192, max: 300_000 }) },
    { weight: 1, arbitrary: fc.constant(0) },
  ),
  rolls: fc.nat(150).map((number) => number === 0),
  back: fc.oneof(fc.constant(0), fc.constant(3), fc.nat(1_000)),
});

const steps = fc.array(step, { minLength: 1, maxLength: 900, size: "max" });

function standingsOf(steps: readonly Step[]): Standing[] {
  const standings: Standing[] = [];
  const followed = new Set<number>();
  let [lsn, segment, offset] = [0, 1, 4_160];
  for (const { gap, bytes, rolls, back } of steps) {
    lsn += 1 + gap;
    if (rolls) [segment, offset] = [segment + 1, 4_160];
    else offset = bytes === 0 ? 4_160 : offset + bytes;
    const wanted = back === 0 ? 0 : standings.at(-back)?.lsn ?? 0;
    // No two records follow the same one.
    const previous = followed.has(wanted) ? 0 : wanted;
    followed.add(previous);
    standings.push({ lsn, segment, offset, previous });
  }
  return standings;
}

function append(keydir: Keydir, { lsn, segment, offset, previous }: Standing): void {
  keydir.append(lsn, segment, offset);
  if (previous > 0) keydir.link(lsn, previous);
}

function assertKnows(keydir: Keydir, standings: Iterable<Standing>): void {
  for (const { lsn, segment, offset, previous } of standings) {
    assertEquals([keydir.find(lsn), keydir.previous(lsn)], [{ segment, offset }, previous]);
  }
}

/** Asserts that a keydir takes as many bytes as one that has read what it has written. */
function assertCounts(keydir: Keydir): void {
  const loaded = saved(keydir);
  assertEquals(keydir.bytes, loaded.bytes);
  assertEquals(saved(loaded).bytes, loaded.bytes);
}

/** Asserts that a keydir has these records and no others around them. */
function assertHasOnly(keydir: Keydir, standings: readonly Standing[]): void {
  const lsns = new Set(standings.map(({ lsn }) => lsn));
  for (const { lsn } of standings) {
    for (const near of [lsn - 1, lsn, lsn + 1]) {
      assertEquals(keydir.has(near), lsns.has(near), `LSN ${near}`);
      if (!lsns.has(near)) assertEquals(keydir.previous(near), 0);
    }
  }
}

function saved(keydir: Keydir): Keydir {
  return saving(keydir)();
}

/** Begins to save a keydir: what is loaded in the end is what it is now. */
function saving(keydir: Keydir, between: () => void = () => {}): () => Keydir {
  const pieces: Uint8Array[] = [];
  const writer = new StreamWriter((bytes) => pieces.push(bytes.slice()));
  const steps = keydir.save(writer);
  steps.next();
  return () => {
    while (steps.next().done !== true) between();
    writer.flush();
    const loaded = new Keydir();
    const reader = new StreamReader(() => pieces.shift());
    loaded.load(reader);
    assertEquals(reader.isAtEnd, true);
    return loaded;
  };
}

test("Keydir has, finds and strings together exactly what was appended, saved or not", () => {
  assertProperty(
    fc.property(steps, fc.array(fc.nat(), { maxLength: 30 }), fc.nat(), (steps, asked, cut) => {
      const standings = standingsOf(steps);
      let keydir = new Keydir();
      for (const [index, standing] of standings.entries()) {
        // It is written down at some time, and goes on in another process or in this one.
        if (index === cut % standings.length) {
          const loaded = saved(keydir);
          if (cut % 2 === 0) keydir = loaded;
        }
        append(keydir, standing);
        const some = standings[(asked[index % asked.length] ?? 0) % (index + 1)]!;
        assertKnows(keydir, [some, standing]);
      }
      assertCounts(keydir);
      for (const known of [keydir, saved(keydir)]) {
        assertKnows(known, standings);
        assertKnows(known, standings.toReversed());
        assertHasOnly(known, standings);
      }
    }),
    { file: import.meta.url, runs: 60 },
  );
});

test("Keydir knows what a merge has kept, and what it has not touched", () => {
  const cuts = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 9 }));
  assertProperty(
    fc.property(steps, cuts, (steps, [one, other, divisor]) => {
      const standings = standingsOf(steps);
      const keydir = new Keydir();
      for (const standing of standings) append(keydir, standing);
      const bySegment = Map.groupBy(standings, ({ segment }) => segment);
      const last = bySegment.size;
      // The last segment is open. Some of the others are merged, and some of their records kept.
      const [from, to] = [1 + one % last, 1 + other % last].sort((a, b) => a - b) as [
        number,
        number,
      ];
      const isMerged = ({ segment }: Standing): boolean => segment >= from && segment < to;
      const isKept = (standing: Standing): boolean =>
        !isMerged(standing) || (standing.lsn * 7) % 10 < divisor;
      const merged = standings.filter(isMerged);
      if (merged.length === 0) return;
      const byLsn = new Map(standings.map((standing) => [standing.lsn, standing]));
      const run = new MergedRun(keydir, {
        firstLsn: merged[0]!.lsn,
        lastLsn: merged.at(-1)!.lsn,
        keeps: (lsn) => isKept(byLsn.get(lsn)!),
      });
      const kept: Standing[] = [];
      for (const standing of standings) {
        let { previous } = standing;
        if (isMerged(standing)) run.pass(standing.lsn);
        if (!isKept(standing)) continue;
        if (!isMerged(standing)) {
          kept.push(standing);
          continue;
        }
        while (previous > 0 && !isKept(byLsn.get(previous)!)) {
          previous = byLsn.get(previous)!.previous;
        }
        const place = {
          segment: 2_000 + (kept.length >> 8),
          offset: 64 * (kept.length + 70),
        };
        run.append(standing.lsn, place.segment, place.offset);
        kept.push({ ...standing, ...place, previous });
      }
      keydir.replace(run);
      assertCounts(keydir);
      for (const known of [keydir, saved(keydir)]) {
        assertKnows(known, kept);
        assertHasOnly(known, kept);
      }
    }),
    { file: import.meta.url, runs: 60 },
  );
});

test("MergedRun leads past any number of records that are not kept, and looks at each of them once", () => {
  const keydir = new Keydir();
  const lsns = Array.from({ length: 5_000 }, (_, index) => index + 1);
  for (const lsn of lsns) {
    append(keydir, { lsn, segment: 1, offset: 64 * lsn, previous: Math.max(0, lsn - 2) });
  }
  keydir.append(5_001, 2, 64);
  let lookups = 0;
  const { previous } = keydir;
  keydir.previous = (lsn) => {
    lookups++;
    return previous.call(keydir, lsn);
  };
  const keeps = (lsn: number): boolean => lsn === 1 || lsn >= 4_998;
  const run = new MergedRun(keydir, { firstLsn: 1, lastLsn: 5_000, keeps });
  for (const lsn of lsns) run.pass(lsn);
  for (const lsn of lsns.filter(keeps)) run.append(lsn, 3, 64 * lsn);
  assertEquals(lookups, 5_000);
  keydir.previous = previous;
  keydir.replace(run);
  assertEquals([1, 4_998, 4_999, 5_000].map((lsn) => keydir.previous(lsn)), [0, 0, 1, 4_998]);
});

test("Keydir takes a byte or so for each record of flows that are alike, and says how much", () => {
  const keydir = new Keydir();
  const before = keydir.bytes;
  let offset = 4_160;
  let lsn = 0;
  for (let batch = 0; batch < 100; batch++) {
    const first = lsn;
    for (let index = 0; index < 200; index++) {
      append(keydir, { lsn: ++lsn, segment: 1, offset, previous: 0 });
      offset += index % 2 === 0 ? 128 : 77;
    }
    // Claims of the flows of this batch.
    for (let index = 0; index < 100; index++) {
      append(keydir, { lsn: ++lsn, segment: 1, offset, previous: first + 2 * index + 2 });
      offset += 120;
    }
    offset += 128;
  }
  // What is written to has room for more.
  keydir.append(lsn + 1, 2, 4_160);
  const each = (keydir.bytes - new Keydir().bytes - 3_500) / lsn;
  assertLess(before, 8_000);
  assertLess(each, 1.2);
});

test("Keydir refuses to string a record behind another one when others have come after it", () => {
  const keydir = new Keydir();
  for (let lsn = 1; lsn <= 300; lsn++) keydir.append(lsn, 1, 64 * lsn);
  assertThrows(() => keydir.link(100, 5), InvariantError, "cannot follow 5 any more");
  keydir.append(301, 2, 64);
  assertThrows(() => keydir.link(300, 5), InvariantError, "without a link");
  assertThrows(() => keydir.link(301, 301), InvariantError, "cannot follow 301");
  assertThrows(() => keydir.append(302, 2, 2 ** 32), InvariantError, "no place");
});

test("Keydir is saved as it was when that began, whatever comes and is merged meanwhile", () => {
  assertProperty(
    fc.property(steps, fc.nat(), (steps, cut) => {
      const standings = standingsOf(steps);
      const [before, after] = splitAt(standings, cut % standings.length);
      const keydir = new Keydir();
      for (const standing of before) append(keydir, standing);
      const left = after.values();
      const load = saving(keydir, () => {
        const { value: next } = left.next();
        if (next !== undefined) append(keydir, next);
      });
      const sealed = before.filter(({ segment }) => segment < (before.at(-1)?.segment ?? 0));
      if (sealed.length > 0) {
        const [firstLsn, lastLsn] = [sealed[0]!.lsn, sealed.at(-1)!.lsn];
        keydir.replace(new MergedRun(keydir, { firstLsn, lastLsn, keeps: () => false }));
      }
      const loaded = load();
      assertKnows(loaded, before);
      assertHasOnly(loaded, before);
      assertEquals(after.some(({ lsn }) => loaded.has(lsn)), false);
      for (const standing of after) append(loaded, standing);
      assertKnows(loaded, standings);
    }),
    { file: import.meta.url, runs: 60 },
  );
});

function splitAt<Item>(items: readonly Item[], index: number): [Item[], Item[]] {
  return [items.slice(0, index), items.slice(index)];
}
