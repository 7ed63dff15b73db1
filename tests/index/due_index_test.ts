import fc from "fast-check";
import { DueIndex, type DuePlace, type DueSelection } from "../../src/index/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { compareBytes, membersOf, type Name } from "./crowd.ts";

// Ids repeat, so that partitions have to break ties. One partition has more members than the others.
const IDS = ["\uffff", "\u{1F600}", "a", "b", "aa", "c"];
const names: readonly Name[] = Array.from({ length: 42 }, (_, handle) => (
  handle < 24
    ? { id: IDS[handle % 6]!, partitionKey: `p${Math.floor(handle / 6)}` }
    : { id: `d${handle % 18}`, partitionKey: "p0" }
));

// Most stand in one lane, so that a partition may have many members there.
const placing = fc.record({
  handle: fc.nat(names.length - 1),
  place: fc.option(fc.record({
    type: mostly("t", "u"),
    state: mostly("a", "b"),
    leased: mostly(false, true),
    priority: mostly(0, 1, 2),
    dueMs: fc.nat(6),
  })),
});

function mostly<T>(usual: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const selection: fc.Arbitrary<DueSelection> = fc.record({
  type: fc.constantFrom("t", "t", "u", "none", null),
  states: fc.option(fc.uniqueArray(fc.constantFrom("a", "b", "none"))),
  partitionKeys: fc.option(fc.uniqueArray(fc.constantFrom("p0", "p1", "p3", "none"))),
  priority: fc.option(fc.nat(2)),
  waiting: fc.boolean(),
  leased: fc.boolean(),
});

/** What is selected, by a look at everything. */
function scan(places: readonly (DuePlace | undefined)[], selected: DueSelection): number[] {
  return places.flatMap((place, handle) => {
    if (place === undefined) return [];
    const { states, partitionKeys, priority } = selected;
    const matches = (selected.type === null || place.type === selected.type) &&
      (states === null || states.includes(place.state)) &&
      (partitionKeys === null || partitionKeys.includes(names[handle]!.partitionKey)) &&
      (priority === null || priority === place.priority) &&
      (place.leased ? selected.leased : selected.waiting);
    return matches ? [handle] : [];
  });
}

test("DueIndex is a scan in order, whatever was added, moved and removed", () => {
  assertProperty(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: placing }, selection), {
        maxLength: 160,
        size: "max",
      }),
      fc.nat(7),
      fc.option(fc.integer({ min: 1, max: 300 })),
      (steps, nowMs, stepsAtOnce) => {
        const index = new DueIndex(membersOf(names));
        const places: (DuePlace | undefined)[] = names.map(() => undefined);
        const byTime = (a: number, b: number) =>
          places[a]!.dueMs - places[b]!.dueMs ||
          compareBytes(names[a]!.id, names[b]!.id) ||
          compareBytes(names[a]!.partitionKey, names[b]!.partitionKey);
        const byPriority = (a: number, b: number) =>
          places[b]!.priority - places[a]!.priority || byTime(a, b);
        for (const step of steps) {
          if ("handle" in step) {
            places[step.handle] = step.place ?? undefined;
            if (step.place === null) index.remove(step.handle);
            else index.place(step.handle, step.place);
            continue;
          }
          // A part of what is to be divided by partition is, and things go on.
          if (stepsAtOnce !== null && !index.divide(step, stepsAtOnce)) continue;
          const found = scan(places, step);
          const due = found.filter((handle) => places[handle]!.dueMs <= nowMs);
          assertEquals([...index.walk(step, nowMs)], due.toSorted(byPriority));
          assertEquals([...index.walkByTime(step, nowMs)], due.toSorted(byTime));
          assertEquals(
            due.map((handle) => index.timeOf(handle)),
            due.map((handle) => places[handle]!.dueMs),
          );
          assertEquals(index.count(step, nowMs), { all: found.length, due: due.length });
          assertEquals(
            index.earliestMs(step),
            Math.min(Infinity, ...found.map((handle) => places[handle]!.dueMs)),
          );
          for (const [handle, place] of places.entries()) {
            assertEquals(index.placeOf(handle), place && { ...place });
          }
          assertEquals([...index.members()].filter(({ isInOrder }) => !isInOrder), []);
        }
      },
    ),
    { file: import.meta.url, runs: 300 },
  );
});

test("DueIndex.divide() does a little at a time, and members that come and go meanwhile are divided", () => {
  const many = Array.from({ length: 1_000 }, (_, handle) => ({
    id: `${handle}`,
    partitionKey: `p${handle % 90}`,
  }));
  const index = new DueIndex(membersOf(many));
  const place = { type: "t", state: "a", leased: false, priority: 0, dueMs: 5 };
  // Half of them stand there when the first claim comes.
  for (const handle of many.keys()) if (handle % 2 === 0) index.place(handle, place);
  const selected = {
    ...{ type: "t", states: null, priority: null, waiting: true, leased: false },
    partitionKeys: ["p7"],
  };
  let slices = 0;
  for (let handle = 0; !index.divide(selected, 1_300); handle += 23) {
    index.remove(handle);
    index.place(999 - handle, { ...place, dueMs: 4 });
    index.place(handle + 1, place);
    slices++;
  }
  assertEquals(slices > 15 && slices < 35, true, `${slices} slices`);
  for (const partitionKey of ["p7", "p8", "p89", "none"]) {
    const selection = { ...selected, partitionKeys: [partitionKey] };
    const found = [...index.walk(selection, 5)];
    const right = [...index.walk({ ...selected, partitionKeys: null }, 5)]
      .filter((handle) => many[handle]!.partitionKey === partitionKey);
    assertEquals(found, right, partitionKey);
  }
  assertEquals(index.divide(selected, 1), true);
});

test("DueIndex.walk() reads no more than it is asked for", () => {
  const many = Array.from({ length: 10_000 }, (_, handle) => ({
    id: `${handle}`,
    partitionKey: "p",
  }));
  let asked = 0;
  const members = membersOf(many);
  const index = new DueIndex({
    ...members,
    idOf: (handle) => {
      asked++;
      return members.idOf(handle);
    },
  });
  const place = { type: "t", state: "a", leased: false, priority: 0, dueMs: 5 };
  for (const handle of many.keys()) index.place(handle, place);
  asked = 0;
  const selected = {
    type: "t",
    states: null,
    partitionKeys: null,
    priority: null,
    waiting: true,
    leased: false,
  };
  const first: number[] = [];
  for (const handle of index.walk(selected, 5)) {
    if (first.push(handle) === 10) break;
  }
  assertEquals(first.map((handle) => many[handle]!.id), [
    "0",
    "1",
    "10",
    "100",
    "1000",
    "1001",
    "1002",
    "1003",
    "1004",
    "1005",
  ]);
  // Ten handles, each with four below it, and the way through a small frontier.
  assertEquals(asked < 1_000, true, `${asked} ids were looked at`);
});
