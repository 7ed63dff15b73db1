import fc from "fast-check";
import { StreamReader, StreamWriter } from "../../src/codec/mod.ts";
import { FlowError } from "../../src/errors.ts";
import { ColdFlows } from "../../src/flow/core/cold/cold_flows.ts";
import { seatOf } from "../../src/flow/core/cold/cold_lane.ts";
import { SeatChains } from "../../src/flow/core/cold/seat_chains.ts";
import { hashOfKey } from "../../src/flow/core/flow_key.ts";
import {
  Cooling,
  indexFlaws,
  nextWakeMs,
  PartitionCounts,
  readInfo,
  wakeFlows,
} from "../../src/flow/core/mod.ts";
import type { BodyEffect, ColdRecords, CtrlEffect } from "../../src/flow/core/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { CoreStore } from "./core_store.ts";

/** Flows become cold as soon as time has gone on. */
const AT_ONCE = { hotFlowsMax: 0, aheadMs: 0 };

const KIND = { type: "t", state: "s" };

/** Nobody reads what is only moved. */
const NO_RECORDS = {} as ColdRecords;

/** Something that is kept of a flow, all of it made of its number. */
function brief(number: number, lsn: number) {
  return {
    key: { hi: Math.imul(number, 0x9e37_79b1) >>> 0, lo: number * 4 },
    idHash: number % 7,
    partitionHash: number % 3,
    lsn,
    bodyLsn: lsn - 1,
    wakeMs: number % 2 === 0 ? null : number * 1_000,
  };
}

/** The seat of a flow. */
function seatOfNumber(cold: ColdFlows, number: number): number {
  const { key } = brief(number, 2);
  const seat = cold.seatsByKey(hashOfKey(key)).find((seat) => cold.isAt(seat, key));
  assert(seat !== undefined, `Flow ${number} is not found`);
  return seat;
}

/** The numbers of the flows that have seats, in the order of the seats. */
function numbersIn(cold: ColdFlows): number[] {
  return [...cold.seats()].map(({ at: { block, place } }) => block.keyOf(place).lo / 4);
}

function throughBytes(cold: ColdFlows): ColdFlows {
  const pieces: Uint8Array[] = [];
  const writer = new StreamWriter((bytes) => void pieces.push(bytes.slice()));
  for (const _ of cold.save(writer));
  writer.flush();
  const loaded = new ColdFlows(NO_RECORDS);
  const reader = new StreamReader(() => pieces.shift());
  loaded.load(reader);
  assert(reader.isAtEnd);
  return loaded;
}

test("SeatChains finds what was added and not removed, whatever the hashes", () => {
  const hash = fc.oneof(fc.nat(3), fc.nat(40).map((n) => (n * 2 ** 27) >>> 0), fc.nat());
  const steps = fc.array(fc.tuple(hash, fc.boolean()), { maxLength: 2_000 });
  assertProperty(
    fc.property(steps, fc.boolean(), fc.boolean(), (steps, isReserved, mayCrowd) => {
      const hashOf = (seat: number): number => steps[seat]![0];
      const chains = new SeatChains({ hashOf, mayCrowd });
      if (isReserved) chains.reserve(steps.length);
      const model = new Set<number>();
      for (const [seat, [hash, leaves]] of steps.entries()) {
        chains.add(seat);
        model.add(seat);
        if (!leaves) continue;
        const gone = [...model][hash % model.size]!;
        chains.remove(gone);
        model.delete(gone);
      }
      assertEquals(steps.flatMap((_, seat) => chains.has(seat) ? [seat] : []), [...model]);
      for (const hash of new Set(steps.map(([hash]) => hash))) {
        const expected = [...model].filter((seat) => hashOf(seat) === hash);
        for (const found of [[...chains.list(hash)], [...chains.each(hash)]]) {
          assertEquals(found.sort((a, b) => a - b), expected);
        }
      }
    }),
    { file: import.meta.url, runs: 50 },
  );
});

test("SeatChains divides a bucket of very many seats little by little", () => {
  const COUNT = 100_000;
  let asked = 0;
  const hashOf = (seat: number): number => {
    asked++;
    return seat < COUNT ? 5 : seat;
  };
  const chains = new SeatChains({ hashOf, mayCrowd: true });
  let askedMost = 0;
  const add = (seat: number): void => {
    asked = 0;
    chains.add(seat);
    askedMost = Math.max(askedMost, asked);
  };
  for (let seat = 0; seat < COUNT; seat++) add(seat);
  for (let seat = COUNT; seat < 3 * COUNT; seat += 2) {
    add(seat);
    add(seat + 1);
    chains.remove(seat);
    assert(chains.has(seat + 1) && !chains.has(seat));
  }
  assert(askedMost < 100, `${askedMost} seats were looked at at once`);
  assertEquals([...chains.each(5)].length, COUNT);
});

test("SeatChains lets seats leave a bucket while it is divided", () => {
  const random = seededRandom(1);
  // Of the first bucket that is divided: half of them are to move to the new one.
  const hashOf = (seat: number): number => seat % 2 === 0 ? 0 : 256;
  const chains = new SeatChains({ hashOf, mayCrowd: true });
  const model = new Set<number>();
  const leave = (seat: number): void => {
    chains.remove(seat);
    model.delete(seat);
  };
  for (let seat = 0; seat < 1_100; seat++) {
    chains.add(seat);
    model.add(seat);
    if (seat < 1_024) continue;
    // The oldest are at the end of what is still to be divided, the newest at its beginning.
    leave([...model][random.u32() % model.size]!);
    leave([...model][0]!);
    for (const hash of [0, 256]) {
      const expected = [...model].filter((seat) => hashOf(seat) === hash);
      assertEquals([...chains.each(hash)].sort((a, b) => a - b), expected);
    }
    assert([...model].every((seat) => chains.has(seat)));
  }
  for (const seat of [...model]) leave(seat);
  assertEquals([...chains.each(0), ...chains.each(256)], []);
});

test("SeatChains does not remove what is not there", () => {
  const chains = new SeatChains({ hashOf: () => 1, mayCrowd: false });
  chains.add(1);
  assertThrows(() => chains.remove(2), InvariantError);
});

test("ColdFlows keeps flows in the order of their changes, whoever leaves, also in a checkpoint", () => {
  assertProperty(
    fc.property(
      fc.integer({ min: 1, max: 6_000 }),
      fc.integer({ min: 2, max: 12 }),
      fc.nat(20),
      (count, kept, seed) => {
        const cold = new ColdFlows(NO_RECORDS);
        for (let number = 1; number <= count; number++) {
          assert(cold.takes(KIND, brief(number, 2 * number)));
          cold.add(KIND, brief(number, 2 * number));
        }
        const isKept = (number: number): boolean => (number * 7 + seed) % kept === 0;
        for (const number of numbersIn(cold)) {
          if (isKept(number)) continue;
          // Blocks are joined meanwhile, so the seat is looked up anew.
          cold.warmed(seatOfNumber(cold, number), number);
          cold.changed(number);
        }
        const expected = Array.from({ length: count }, (_, index) => index + 1).filter(isKept);
        for (const flows of [cold, throughBytes(cold)]) {
          assertEquals(numbersIn(flows), expected);
          assertEquals(flows.size, expected.length);
          for (const number of expected) {
            assert([...flows.seatsById(number % 7)].includes(seatOfNumber(flows, number)));
          }
          const asleep = expected.filter((number) => number % 2 === 1);
          const counts = [...flows.lanes("t")].map(({ asleepCount }) => asleepCount);
          assertEquals(counts.reduce((sum, count) => sum + count, 0), asleep.length);
          assertEquals(flows.wakesUntil(count, Infinity).length, asleep.length);
          assertEquals(flows.wakesUntil(0, Infinity).length, 0);
        }
      },
    ),
    { file: import.meta.url, runs: 20 },
  );
});

test("ColdFlows wakes everybody in time once, a few at a time, whoever has left", () => {
  const cold = new ColdFlows(NO_RECORDS);
  // Every block has flows for all times.
  const secondOf = (number: number): number => 1 + (number * 7_919) % 5_000;
  for (let number = 1; number <= 5_000; number++) {
    cold.add(KIND, { ...brief(number, 2 * number), wakeMs: secondOf(number) * 1_000 });
  }
  for (let number = 1; number <= 5_000; number += 3) {
    cold.warmed(seatOfNumber(cold, number), number);
    cold.changed(number);
  }
  const woken: number[] = [];
  for (const second of [0, 1_000, 1_001, 4_000, 5_000]) {
    while (cold.wakeSecond <= second) {
      const seats = cold.wakesUntil(second, 100);
      for (const seat of seats) {
        const number = cold.keyOf(seat).lo / 4;
        assert(secondOf(number) <= second);
        cold.warmed(seat, number);
        cold.awoke(number);
        woken.push(number);
      }
      cold.lookAgain(seats);
    }
  }
  const left = Array.from({ length: 5_000 }, (_, index) => index + 1).filter((n) => n % 3 !== 1);
  assertEquals(woken.sort((a, b) => a - b), left);
  assertEquals(cold.wakeSecond, Infinity);
  assertEquals([[...cold.idle()], cold.warmCount], [[], left.length]);
  for (const number of left) cold.changed(number);
  assertEquals([cold.size, cold.warmCount], [0, 0]);
});

test("seats() shows nobody in a seat that is gone, whoever leaves on the way", () => {
  const cold = new ColdFlows(NO_RECORDS);
  const COUNT = 4_096;
  for (let number = 1; number <= COUNT; number++) cold.add(KIND, brief(number, 2 * number));
  const shown = new Set<number>();
  let step = 0;
  for (const { at } of cold.seats()) {
    // What is in a seat that is shown is there.
    const number = at.block.keyOf(at.place).lo / 4;
    assertEquals(seatOf(at), seatOfNumber(cold, number));
    shown.add(number);
    if (++step !== 1_100) continue;
    // Most of the others leave, and blocks are joined that somebody is in the middle of.
    for (let other = 1; other <= COUNT; other++) {
      if (other === number || other % 64 === 0) continue;
      cold.warmed(seatOfNumber(cold, other), other);
      cold.changed(other);
    }
    for (let more = COUNT + 1; more <= 2 * COUNT; more++) cold.add(KIND, brief(more, 2 * more));
  }
  assert(shown.size > 1_100, `${shown.size} flows are shown`);
});

test("ColdFlows lets nobody wait for flows that cannot be read, however many there are", () => {
  const cold = new ColdFlows(NO_RECORDS);
  const COUNT = 4_000;
  for (let number = 1; number <= COUNT; number++) {
    cold.add(KIND, { ...brief(number, 2 * number), wakeMs: 1_000 });
  }
  let wokenCount = 0;
  /** Tries those whose time has come; half of them can be read. Returns how many were tried. */
  const wake = (second: number): number => {
    const seats = cold.wakesUntil(second, 200);
    for (const seat of seats) {
      const number = cold.keyOf(seat).lo / 4;
      if (number % 2 === 1) cold.postpone(seat, second, `Flow ${number} is damaged`);
      else {
        cold.warmed(seat, number);
        cold.awoke(number);
        wokenCount++;
      }
    }
    cold.lookAgain(seats);
    return seats.length;
  };
  while (cold.wakeSecond <= 1) wake(1);
  assertEquals([wokenCount, cold.failure], [COUNT / 2, "Flow 1 is damaged"]);
  let tries = 0;
  for (let second = 2; second <= 41; second++) {
    while (cold.wakeSecond <= second) tries += wake(second);
  }
  // Each of them about twice.
  assert(tries > COUNT / 2 && tries < 40 * 110, `${tries} tries in 40 seconds`);
});

test("ColdFlows gives room back when most flows have left", () => {
  const cold = new ColdFlows(NO_RECORDS);
  for (let number = 1; number <= 20_000; number++) cold.add(KIND, brief(number, 2 * number));
  const before = cold.bytes;
  assert(before / 20_000 < 44, `${before / 20_000} bytes a flow`);
  for (let number = 1; number <= 20_000; number++) {
    if (number % 32 === 0) continue;
    cold.warmed(seatOfNumber(cold, number), number);
    cold.changed(number);
  }
  assertEquals(cold.size, 625);
  assert(cold.bytes < before / 4, `${cold.bytes} of ${before} bytes`);
});

test("ColdFlows gives the numbers of blocks that are gone to the next ones", () => {
  const cold = new ColdFlows(NO_RECORDS);
  const empty = cold.bytes;
  let lsn = 0;
  let bytes: number | undefined;
  for (let round = 0; round < 5; round++) {
    const numbers = Array.from({ length: 2_500 }, (_, index) => 10_000 * round + index);
    for (const number of numbers) cold.add(KIND, brief(number, lsn += 2));
    assertEquals(
      new Set(numbers.map((number) => seatOfNumber(cold, number) >>> 10)),
      new Set([0, 1, 2]),
    );
    bytes ??= cold.bytes;
    assertEquals(cold.bytes, bytes);
    for (const number of numbers) {
      cold.warmed(seatOfNumber(cold, number), number);
      cold.changed(number);
    }
    assertEquals([cold.size, cold.bytes], [0, empty]);
  }
});

test("ColdFlows takes flows only behind those that are there, with bodies near enough", () => {
  const cold = new ColdFlows(NO_RECORDS);
  cold.add(KIND, brief(1, 10));
  assertEquals(cold.takes(KIND, brief(2, 10)), false);
  assertEquals(cold.takes({ ...KIND, state: "other" }, brief(2, 10)), true);
  assertEquals(cold.takes(KIND, { ...brief(2, 2 ** 33), bodyLsn: 1 }), false);
  assertEquals(cold.takes(KIND, { ...brief(2, 11), bodyLsn: 12 }), false);
  // Too far from the others for their block: it has one of its own.
  const far = { ...brief(3, 2 ** 34), bodyLsn: 2 ** 34 - 1 };
  assert(cold.takes(KIND, far));
  cold.add(KIND, far);
  assertEquals([...cold.seats()].map(({ at }) => at.block.lsnOf(at.place)), [10, 2 ** 34]);
});

/** A store in which the flows a to d are cold: two that have ended, one due in a second, one never. */
function coldStore(): CoreStore {
  const store = new CoreStore({ nowMs: 1_000, coolingPlan: AT_ONCE });
  for (const id of "abcd") {
    const runAtMs = id === "a" || id === "b" ? 1_000 : 2_500;
    store.create(id, { type: "t", partitionKey: "p", runAtMs, values: { name: id } });
  }
  const parked = { from: "queued", to: "queued", runAtMs: null, fencingToken: 0 };
  store.transition({ id: "d", partitionKey: "p" }, parked);
  for (const { id, leaseToken, fencingToken } of store.claimDue("t", { worker: "w", limit: 2 })) {
    store.complete({ id, partitionKey: "p" }, { leaseToken, fencingToken, result: id });
  }
  store.nowMs += 1;
  store.policySet("u", {});
  assertEquals([store.state.table.rowCount, store.state.cold.size], [0, 4]);
  return store;
}

test("A cold flow is listed, counted and found as before, and stays cold unless it is looked up", () => {
  const store = coldStore();
  const ids = (flows: readonly { readonly id: string }[]): string =>
    flows.map(({ id }) => id).join("");
  assertEquals(ids(store.list("t")), "abcd");
  assertEquals(ids(store.terminals("t", { rev: true })), "ba");
  const { states, scheduled, due } = store.info("t");
  assertEquals([states, scheduled, due], [{ queued: 2, completed: 2 }, 1, 0]);
  assertEquals(store.info("t", { partitionKey: "p" }).scheduled, 1);
  assertEquals(store.info("t", { partitionKey: "q" }).scheduled, 0);
  assertEquals(store.info("t", { partitionKey: "p" }).states, { queued: 2, completed: 2 });
  assertEquals(store.state.table.rowCount, 0);
  const found = store.get({ id: "a", partitionKey: "p" }, { values: true });
  assertEquals([found?.state, found?.values], ["completed", { name: "a" }]);
  assertEquals(store.state.table.rowCount, 1);
  assertEquals([store.state.table.size, store.state.cold.size], [4, 4]);
});

test("info() of a partition does not count cold flows whose retention is over", () => {
  const store = coldStore();
  store.nowMs = 1_000 + 7 * 86_400_000;
  assertEquals(store.info("t", { partitionKey: "p" }).states, { queued: 2 });
});

test("A list fails at a damaged cold flow that belongs to it, and at no other", () => {
  const store = new CoreStore({ nowMs: 1_000, coolingPlan: AT_ONCE });
  for (let number = 0; number < 600; number++) {
    store.create(`f${number}`, { type: "t", partitionKey: `p${number}`, runAtMs: 9e6 });
    store.nowMs += 1;
  }
  store.policySet("u", {});
  assertEquals(store.state.cold.size, 600);
  const { records } = store;
  let thrown: Error = new FlowError("store_failed", "The disk does not answer", {
    details: { file: "log-1.seg", offset: 4_096 },
  });
  records.body = () => {
    throw thrown;
  };
  assertEquals(store.list("t", { partitionKey: "none" }), []);
  assertEquals(assertThrows(() => store.list("t", { partitionKey: "p7" })), thrown);
  assertEquals([...indexFlaws(store.state)].filter((flaw) => flaw !== undefined), []);
  thrown = new InvariantError("The LSN was left out");
  assertEquals(assertThrows(() => store.list("t", { partitionKey: "none" })), thrown);
});

/** A store with flows of one id in very many partitions, half of them cold. */
function namesakes(count: number): CoreStore {
  const store = new CoreStore({
    nowMs: 1_000,
    coolingPlan: { hotFlowsMax: count / 2, aheadMs: 0 },
  });
  for (let number = 0; number < count; number++) {
    store.create("a", { type: "t", partitionKey: `p${number}`, runAtMs: 90_000 });
    store.nowMs += 1;
  }
  store.policySet("u", {});
  assertEquals(store.state.cold.size, count / 2);
  return store;
}

test("Cold flows that changed at one instant are listed by their ids", () => {
  const store = new CoreStore({ nowMs: 1_000, coolingPlan: AT_ONCE });
  for (const id of ["c", "a", "b"]) {
    store.create(id, { type: "t", partitionKey: "p", runAtMs: 9_000 });
  }
  store.nowMs += 1;
  store.create("0", { type: "t", partitionKey: "p", runAtMs: 9_000 });
  store.nowMs += 1;
  store.policySet("u", {});
  assertEquals([store.state.table.rowCount, store.state.cold.size], [0, 4]);
  assertEquals(store.list("t").map(({ id }) => id), ["a", "b", "c", "0"]);
  for (const { id } of store.list("t")) store.cancel({ id, partitionKey: "p" });
  store.nowMs += 1;
  store.policySet("u", {});
  assertEquals(store.state.cold.size, 4);
  assertEquals(store.terminals("t", { rev: true }).map(({ id }) => id), ["c", "b", "a", "0"]);
});

test("A bare id that very many flows have is refused after a few of them were read", () => {
  const store = namesakes(1_000);
  const { records } = store;
  let readCount = 0;
  const body = records.body.bind(records);
  records.body = (lsn) => {
    readCount++;
    return body(lsn);
  };
  const error = assertThrows(() => store.get("a"), FlowError);
  assertEquals(error.code, "invalid_argument");
  assert(/100 or more partitions/.test(error.message), error.message);
  assertEquals((error.details["partitionKeys"] as string[]).length, 100);
  assert(readCount <= 100, `${readCount} flows were read`);
  assertEquals(store.get({ id: "a", partitionKey: "p7" })?.state, "queued");
});

test("byRoot() of a partition does not look at the flows with that id in all others", () => {
  const store = namesakes(100);
  store.state.table.handlesWith = () => {
    throw new Error("All of them were looked at");
  };
  assertEquals(store.byRoot("a", { partitionKey: "p7" }).map(({ partitionKey }) => partitionKey), [
    "p7",
  ]);
  assertEquals(store.byRoot("a", { partitionKey: "none" }), []);
  store.create("b", { type: "t", partitionKey: "p7", parentFlowId: "a", rootFlowId: "a" });
  assertEquals(store.byRoot("a", { partitionKey: "p7" }).map(({ id }) => id), ["a", "b"]);
});

test("byRoot() over very many roots looks at those of a page, and leaves cold ones cold", () => {
  const store = namesakes(1_000);
  const { table, cold } = store.state;
  const { at } = table;
  let lookCount = 0;
  table.at = (handle) => {
    lookCount++;
    return at.call(table, handle);
  };
  const partitions: string[] = [];
  let toMs: number | undefined;
  for (let page = 0; page < 3; page++) {
    const flows = store.byRoot("a", { count: 5, rev: true, toMs });
    partitions.push(...flows.map(({ partitionKey }) => partitionKey));
    // Each was created in a millisecond of its own.
    toMs = flows.at(-1)!.updatedAtMs - 1;
  }
  assertEquals(partitions, Array.from({ length: 15 }, (_, index) => `p${999 - index}`));
  assert(lookCount < 50, `${lookCount} flows were looked at`);
  assertEquals([cold.size, cold.warmCount], [500, 0]);
  const all = store.byRoot("a", { count: 1_000 }).map(({ partitionKey }) => partitionKey);
  assertEquals(all, Array.from({ length: 1_000 }, (_, index) => `p${index}`));
});

test("indexFlaws() does not look at all flows with an id for each of them", () => {
  const { state } = namesakes(100);
  const lookAtAll = (): never => {
    throw new Error("All of them were looked at");
  };
  state.table.findAll = lookAtAll;
  state.cold.seatsById = lookAtAll;
  assertEquals([...indexFlaws(state)].filter((flaw) => flaw !== undefined), []);
});

test("indexFlaws() finds nothing wrong in flows that change between any two steps of it", () => {
  const store = new CoreStore();
  for (let index = 0; index < 9; index++) store.create(`f${index}`, { type: "job" });
  const claimed = store.claimDue("job", { worker: "w", limit: 9, leaseMs: 60_000 });
  let stepCount = 0;
  for (const flaw of indexFlaws(store.state)) {
    assertEquals(flaw, undefined);
    stepCount += 1;
    store.nowMs += 1;
    for (const { id, leaseToken, fencingToken } of claimed) {
      store.extendLease(id, { leaseToken, fencingToken, leaseMs: 60_000 });
    }
  }
  assert(stepCount > 9);
});

test("indexFlaws() finds nothing wrong in cold flows that leave between any two steps of it", () => {
  for (let leavesAt = 0; leavesAt < 9; leavesAt++) {
    const store = coldStore();
    let stepCount = 0;
    for (const flaw of indexFlaws(store.state)) {
      assertEquals(flaw, undefined, `at ${leavesAt}`);
      if (stepCount++ !== leavesAt) continue;
      for (const id of "cd") store.cancel({ id, partitionKey: "p" });
      store.nowMs += 8 * 86_400_000;
      store.retentionCleanup();
    }
  }
});

test("indexFlaws() notices a cold flow that is not what its seat says, and lanes that miscount", () => {
  const changes: readonly [said: string, change: (store: CoreStore) => void][] = [
    ["is not found", changedBody((identity) => ({ ...identity, id: "z" }))],
    ["stands where others belong", changedBody((identity) => ({ ...identity, type: "z" }))],
    ["stands where others belong", changedBody((identity) => ({ ...identity, partitionKey: "z" }))],
    ["stands where others belong", changedControl((control) => ({ ...control, state: "z" }))],
    [
      "does not wake when it should",
      changedControl((control) => ({ ...control, nextRunAtMs: 99_000, retentionUntilMs: 99_000 })),
    ],
    [
      "does not wake when it should",
      changedControl((control) => ({ ...control, nextRunAtMs: null, retentionUntilMs: null })),
    ],
    ["stands before an older one", ({ state }) => {
      const [lane] = state.cold.lanes("t");
      const places = lane!.places.bind(lane);
      lane!.places = (rev, from) => places(!rev, from);
    }],
    ['flows are cold as "', ({ state }) => void [...state.cold.lanes("t")][0]!.size++],
    ['flows are cold as "', ({ state }) => void [...state.cold.lanes("t")][0]!.asleepCount++],
  ];
  assertEquals([...indexFlaws(coldStore().state)].filter((flaw) => flaw !== undefined), []);
  for (const [said, change] of changes) {
    const store = coldStore();
    change(store);
    const flaws = [...indexFlaws(store.state)].filter((flaw) => flaw !== undefined);
    assert(flaws.some((flaw) => flaw.includes(said)), `${said}: ${flaws.join("; ")}`);
  }
});

/** Makes the bodies of flows say something else than what they were when they became cold. */
function changedBody(change: (identity: BodyEffect["identity"]) => BodyEffect["identity"]) {
  return ({ records }: CoreStore): void => {
    const { body } = records;
    records.body = (lsn) => {
      const effect = body.call(records, lsn);
      return { ...effect, identity: change(effect.identity) };
    };
  };
}

function changedControl(change: (control: CtrlEffect["control"]) => CtrlEffect["control"]) {
  return ({ records }: CoreStore): void => {
    const { control } = records;
    records.control = (lsn) => {
      const effect = control.call(records, lsn);
      return { ...effect, control: change(effect.control) };
    };
  };
}

test("info() of a partition counts what has changed since it was counted, and nothing twice", () => {
  const store = new CoreStore({ nowMs: 1_000, coolingPlan: AT_ONCE });
  for (let number = 0; number < 6_000; number++) {
    const partitionKey = number % 2 === 0 ? "p" : `p${number}`;
    store.create(`b${number}`, { type: "t", partitionKey, runAtMs: 90_000 });
    store.nowMs += 1;
  }
  for (let number = 0; number < 100; number++) {
    const options = { retentionTtlMs: 1_000 * (1 + number % 3) };
    store.create(`e${number}`, { type: "t", partitionKey: "p", ...options });
    store.cancel({ id: `e${number}`, partitionKey: "p" });
    store.nowMs += 1;
  }
  store.policySet("u", {});
  const { state } = store;
  const query = { type: "t", partitionKey: "p" };
  const counts = new PartitionCounts(state, query);
  const check = (): void => {
    const known = readInfo([state], query, store.nowMs, () => counts);
    assertEquals(known, readInfo([state], query, store.nowMs));
  };
  let slices = 1;
  while (!counts.slice(store.nowMs)) {
    // Whoever is counted leaves, and others come.
    store.cancel({ id: `b${2 * slices}`, partitionKey: "p" });
    store.create(`n${slices}`, { type: "t", partitionKey: "p", runAtMs: 90_000 });
    if (slices % 2 === 0) store.nowMs += 1;
    slices++;
  }
  check();
  assert(slices > 5, `${slices} slices`);
  for (let step = 0; step < 10; step++) {
    store.nowMs += 500;
    check();
    store.cancel({ id: `b${500 + 2 * step}`, partitionKey: "p" });
    check();
  }
  // What has not changed is not read again.
  let readCount = 0;
  const body = store.records.body.bind(store.records);
  store.records.body = (lsn) => {
    readCount++;
    return body(lsn);
  };
  counts.now(store.nowMs);
  assertEquals(readCount, 0);
});

test("peek() of a table shows a cold flow and leaves it cold", () => {
  const { state } = coldStore();
  const { key } = [...state.table][0]!;
  assertEquals(state.table.peek(key)?.key, key);
  assertEquals(state.table.rowCount, 0);
  assertEquals(state.table.peek({ hi: 0, lo: 0 }), undefined);
});

test("A cold flow can be claimed when it is due, and changed when somebody names it", () => {
  const store = coldStore();
  assertEquals(store.claimDue("t", { worker: "w" }), []);
  store.nowMs = 2_500;
  const [claimed] = store.claimDue("t", { worker: "w" });
  assertEquals([claimed?.id, claimed?.version], ["c", 2]);
  assertEquals(store.cancel({ id: "d", partitionKey: "p" }).state, "cancelled");
  assertEquals(store.state.cold.size, 2);
});

test("A flow is not cold with a lease, with children, with relatives, or if something happens soon", () => {
  const plan = { hotFlowsMax: 0, aheadMs: 1_000 };
  const store = new CoreStore({ nowMs: 1_000, coolingPlan: plan });
  store.create("leased", { type: "t", partitionKey: "p" });
  store.claimDue("t", { worker: "w" });
  store.create("parent", { type: "t", partitionKey: "p", runAtMs: 9_000 });
  store.spawnChildren({ id: "parent", partitionKey: "p" }, ["child"], {
    ...{ groupId: "g", waitState: "w", success: "s", failure: "f", type: "t", fencingToken: 0 },
  });
  store.create("related", { type: "t", partitionKey: "p", runAtMs: 9_000, correlationId: "k" });
  store.create("soon", { type: "t", partitionKey: "p", runAtMs: 1_500 });
  store.create("later", { type: "t", partitionKey: "p", runAtMs: 9_000 });
  store.nowMs += 1;
  store.policySet("u", {});
  assertEquals(store.state.cold.size, 1);
  assertEquals([...store.state.cold.seats()].map(({ lane }) => lane.state), ["queued"]);
});

test("slice() comes to every flow, however many types there are, and looks at a few of them at once", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  for (let number = 0; number < 300; number++) {
    store.create(`f${number}`, { type: `t${number % 50}`, partitionKey: "p", runAtMs: 9_000 });
  }
  const { state, log } = store;
  const cooling = new Cooling(state, AT_ONCE);
  let cooledCount = 0;
  for (let slices = 0; cooling.isCrowded; slices++) {
    assert(slices < 200, "Somebody never becomes cold");
    const count = cooling.slice({ nowMs: 1_001, durableLsn: log.length, countMax: 7 });
    // Six flows of a type have changed at the same instant.
    assert(count < 7 + 6);
    cooledCount += count;
  }
  assertEquals([cooledCount, state.cold.size, state.table.rowCount], [300, 300, 0]);
});

test("slice() lets go of no more warm flows than it is told to", () => {
  const { state, log } = coldStore();
  const { cold, table } = state;
  for (const { at } of [...cold.seats()]) table.warm(seatOf(at));
  assertEquals([cold.warmCount, table.rowCount], [4, 4]);
  const cooling = new Cooling(state, AT_ONCE);
  const slice = { nowMs: 1_001, durableLsn: log.length, countMax: 3 };
  assertEquals([cooling.slice(slice), cold.warmCount], [3, 1]);
  assertEquals([cooling.slice(slice), cold.warmCount, table.rowCount], [1, 0, 0]);
});

test("slice() leaves flows as they are that are not on disk", () => {
  const store = new CoreStore({ nowMs: 1_000 });
  store.create("a", { type: "t", partitionKey: "p", runAtMs: 9_000 });
  const durableLsn = store.log.length;
  store.nowMs += 1;
  store.create("b", { type: "t", partitionKey: "p", runAtMs: 9_000 });
  const { state } = store;
  const cooling = new Cooling(state, AT_ONCE);
  cooling.slice({ nowMs: 1_002, durableLsn, countMax: 10 });
  assertEquals([state.cold.size, state.table.rowCount], [1, 1]);
  cooling.slice({ nowMs: 1_002, durableLsn: store.log.length, countMax: 10 });
  assertEquals([state.cold.size, state.table.rowCount], [2, 0]);
});

test("wakeFlows() tries a flow again at once that could not be read", () => {
  const store = coldStore();
  const { records, state } = store;
  const { control } = records;
  records.control = (lsn): CtrlEffect => {
    records.control = control;
    const details = { file: "log-1.seg", offset: 4_096 };
    throw new FlowError("store_failed", `The disk does not answer for ${lsn}`, { details });
  };
  assertEquals(wakeFlows(state, { untilMs: 2_500, countMax: 10 }), 1);
  assertEquals([state.cold.failure, state.table.rowCount], [null, 1]);
});

test("wakeFlows() tries a flow again later that cannot be read, and tells why", () => {
  const store = coldStore();
  const { state } = store;
  assertEquals(nextWakeMs(state), 2_000);
  const { records } = store;
  const { control } = records;
  records.control = (): CtrlEffect => {
    const details = { file: "log-1.seg", offset: 4_096 };
    throw new FlowError("store_failed", "The disk does not answer", { details });
  };
  assertEquals(wakeFlows(state, { untilMs: 2_500, countMax: 10 }), 1);
  assert(state.cold.failure?.startsWith("The disk does not answer"));
  assertEquals([state.table.rowCount, nextWakeMs(state)], [0, 3_000]);
  records.control = control;
  assertEquals(wakeFlows(state, { untilMs: 3_000, countMax: 10 }), 1);
  assertEquals([state.cold.failure, state.table.rowCount], [null, 1]);
  assertEquals(nextWakeMs(state), 604_801_000);
});

test("wakeFlows() does not take it for damage that a store has ended, or is wrong", () => {
  const { state, records } = coldStore();
  const errors = [
    new FlowError("store_closed", "The log is closed"),
    new FlowError("store_failed", "The log has failed"),
    new InvariantError("The LSN was left out"),
  ];
  for (const error of errors) {
    records.control = (): CtrlEffect => {
      throw error;
    };
    const thrown = assertThrows(() => wakeFlows(state, { untilMs: 2_500, countMax: 10 }));
    assertEquals([thrown, state.cold.failure], [error, null]);
    assertEquals(assertThrows(() => [...indexFlaws(state)]), error);
  }
});

test("ColdFlows does not take the records of another flow for one", () => {
  const { key } = brief(1, 10);
  const other = { ...key, hi: key.hi + 1 };
  for (const [ofControl, ofBody] of [[key, other], [other, key]] as const) {
    const cold = new ColdFlows({
      control: () => ({ key: ofControl, control: { valuesLsn: 0 } }) as CtrlEffect,
      body: () => ({ key: ofBody }) as BodyEffect,
      list: () => [],
    });
    cold.add(KIND, brief(1, 10));
    const { at } = [...cold.seats()][0]!;
    assertThrows(() => cold.read(seatOf(at)), InvariantError);
  }
});
