import { StreamWriter } from "../../src/codec/mod.ts";
import { type Brief, ColdBlock, isNear } from "../../src/flow/core/cold/cold_block.ts";
import { ColdFlows } from "../../src/flow/core/cold/cold_flows.ts";
import { seatOf } from "../../src/flow/core/cold/cold_lane.ts";
import { hashOfKey } from "../../src/flow/core/flow_key.ts";
import type { ColdRecords } from "../../src/flow/core/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const KIND = { type: "t", state: "s" };

/** Nobody reads what is only moved. */
const NO_RECORDS = {} as ColdRecords;

/** What is kept of a flow, made of its number. */
function brief(number: number, lsn = 2 * number): Brief {
  const key = { hi: Math.imul(number, 0x9e37_79b1) >>> 0, lo: number * 4 };
  return { key, idHash: number, partitionHash: number % 3, lsn, bodyLsn: lsn - 1, wakeMs: null };
}

test("isNear() wants a body before its control block, in reach of 32 bits", () => {
  const lsn = 2 ** 40;
  const distances = [-1, 0, 1, 2 ** 32 - 1, 2 ** 32];
  assertEquals(distances.map((distance) => isNear({ lsn, bodyLsn: lsn - distance })), [
    ...[false, false, true, true, false],
  ]);
  const block = new ColdBlock(0, lsn);
  for (const distance of [1, 2 ** 32 - 1]) {
    const place = block.add({ ...brief(1, lsn), bodyLsn: lsn - distance });
    assertEquals([block.has(place), block.bodyLsnOf(place)], [true, lsn - distance]);
  }
});

test("takes() of a block says whether there is a place in it, in reach of 32 bits", () => {
  const base = 2 ** 40;
  const block = new ColdBlock(0, base);
  const far = base + 2 ** 32 - 1;
  assertEquals([block.takes(far), block.takes(far + 1)], [true, false]);
  for (let place = 0; place < 1_023; place++) block.add(brief(place, base + place));
  assert(block.takes(far));
  assertEquals(block.lsnOf(block.add(brief(1_023, far))), far);
  assertEquals([block.takes(far), block.end], [false, 1_024]);
});

test("the version of a block is never the same again, whoever comes for whoever has left", () => {
  const block = new ColdBlock(0, 0);
  const versions = [block.version];
  const note = (): number => versions.push(block.version);
  const place = block.add(brief(1));
  note();
  block.setAwake(place);
  note();
  block.remove(place);
  note();
  block.add(brief(2));
  note();
  block.empty();
  note();
  assertEquals(new Set(versions).size, versions.length);
});

test("a block counts those who are warm, whoever is let go or leaves", () => {
  const block = new ColdBlock(0, 0);
  for (let number = 1; number <= 3; number++) block.add(brief(number));
  const counts: number[] = [];
  const change = (act: () => void): void => {
    act();
    counts.push(block.warmCount);
  };
  change(() => block.setWarm(0, true));
  change(() => block.setWarm(0, true));
  change(() => block.setWarm(1, true));
  change(() => block.setWarm(0, false));
  change(() => block.remove(2));
  change(() => block.remove(1));
  assertEquals(counts, [1, 1, 2, 1, 1, 0]);
});

test("bytes of ColdFlows are those of the blocks, of the lists, and of what is beside them", () => {
  const cold = new ColdFlows(NO_RECORDS);
  assertEquals(cold.bytes, 0);
  cold.add(KIND, brief(1));
  const block = 1_024 * (6 * 4 + 2) + 600;
  assertEquals(cold.bytes, block + 14);
  for (let number = 2; number <= 1_025; number++) cold.add(KIND, brief(number));
  assertEquals(cold.bytes, 2 * block + 1_025 * 14);
});

/** Two blocks, and the seats of their flows by number. */
function twoBlocks() {
  const cold = new ColdFlows(NO_RECORDS);
  const seats = new Map<number, number>();
  for (let number = 1; number <= 2_048; number++) cold.add(KIND, brief(number));
  for (const { at } of cold.seats()) seats.set(at.block.keyOf(at.place).lo / 4, seatOf(at));
  /** Lets flows leave until only a few are there, those with a number that goes by 64. */
  const thinOut = (): void => {
    for (const number of seats.keys()) {
      if (number % 64 === 0) continue;
      const { key } = brief(number);
      // Blocks are joined meanwhile, so the seat is looked up anew.
      const seat = cold.seatsByKey(hashOfKey(key)).find((seat) => cold.isAt(seat, key));
      cold.warmed(seat!, number);
      cold.changed(number);
    }
  };
  const blocks = () => [...cold.lanes("t")].flatMap((lane) => lane.blocks);
  return { cold, seats, thinOut, blocks };
}

test("two blocks with few flows become one, which knows what both have known", () => {
  const { cold, thinOut, blocks } = twoBlocks();
  thinOut();
  assertEquals(blocks().length, 1);
  const places = [...cold.seats()].map(({ at }) => at);
  assertEquals(places.length, 32);
  for (const [index, { block, place }] of places.entries()) {
    const known = brief(64 * (index + 1));
    assertEquals(block.briefOf(place), known);
    const hashes = [0, 1, 2].filter((hash) => block.mayBeIn(place, hash));
    assertEquals(hashes, [known.partitionHash]);
  }
});

test("blocks with few flows stay as they are while somebody knows their seats by number", () => {
  for (const number of [64, 2_048]) {
    const { cold, seats, thinOut, blocks } = twoBlocks();
    const seat = seats.get(number)!;
    cold.warmed(seat, number);
    thinOut();
    assertEquals([blocks().length, cold.seatOf(number)], [2, seat]);
    cold.changed(number);
    assertEquals([cold.size, cold.warmCount], [31, 0]);
  }
  const { cold, seats, thinOut, blocks } = twoBlocks();
  cold.postpone(seats.get(64)!, 1, "Damaged");
  thinOut();
  assertEquals(blocks().length, 2);
});

test("blocks with few flows stay as they are while they are written down", () => {
  const { cold, thinOut, blocks } = twoBlocks();
  const saving = cold.save(new StreamWriter(() => {}));
  saving.next();
  thinOut();
  assertEquals(blocks().length, 2);
  for (const _ of saving);
});

test("isLeft() says whether a flow is in a seat that is still to be written", () => {
  const { cold, seats } = twoBlocks();
  for (const number of [1, 2_048]) cold.warmed(seats.get(number)!, number);
  const left = (): boolean[] => [1, 2_048, 7].map((handle) => cold.isLeft(handle));
  assertEquals(left(), [false, false, false]);
  const saving = cold.save(new StreamWriter(() => {}));
  saving.next();
  assertEquals(left(), [true, true, false]);
  saving.next();
  assertEquals(left(), [false, true, false]);
  cold.add(KIND, brief(3_000));
  saving.next();
  assertEquals(left(), [false, false, false]);
});

test("search() of a lane finds the first flow of all that is beyond something, whoever has left", () => {
  const cold = new ColdFlows(NO_RECORDS);
  for (let number = 1; number <= 3_000; number++) cold.add(KIND, brief(number));
  for (const { at } of [...cold.seats()]) {
    const number = at.block.keyOf(at.place).lo / 4;
    // Also the first and the last of a block.
    if (number % 5 === 0 || (number + 2) % 1_024 < 4) {
      cold.warmed(seatOf(at), number);
      cold.changed(number);
    }
  }
  const [lane] = cold.lanes("t");
  const lsns = [...cold.seats()].map(({ at: { block, place } }) => block.lsnOf(place));
  for (let from = 0; from <= 6_002; from += 7) {
    const found = lane!.search(({ block, place }) => block.lsnOf(place) >= from);
    const lsn = found && found.block.lsnOf(found.place);
    assertEquals(lsn, lsns.find((lsn) => lsn >= from), `from ${from}`);
  }
});

test("wakesUntil() names no more flows than it is asked for, and nobody who has left", () => {
  const cold = new ColdFlows(NO_RECORDS);
  for (let number = 1; number <= 5; number++) {
    cold.add(KIND, { ...brief(number), wakeMs: number * 1_000 });
  }
  assertEquals([0, 3, 9].map((countMax) => cold.wakesUntil(5, countMax).length), [0, 3, 5]);
  for (const seat of cold.wakesUntil(4, 9)) {
    const number = cold.keyOf(seat).lo / 4;
    cold.warmed(seat, number);
    cold.changed(number);
  }
  assertEquals([cold.wakeSecond, cold.wakesUntil(4, 9)], [1, []]);
  cold.lookAgain([]);
  assertEquals(cold.wakeSecond, 5);
});
