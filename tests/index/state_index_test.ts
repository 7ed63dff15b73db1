import fc from "fast-check";
import { StateIndex, type StatePlace } from "../../src/index/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { compareBytes, membersOf, type Name } from "./crowd.ts";

const names: readonly Name[] = Array.from({ length: 18 }, (_, handle) => ({
  id: `${handle % 6}`,
  partitionKey: `p${Math.floor(handle / 6)}`,
}));

test("StateIndex is a scan in the order of the last change, from any place on, either way", () => {
  const step = fc.oneof(
    fc.record({
      handle: fc.nat(names.length - 1),
      path: fc.option(
        fc.record({
          type: fc.constantFrom("t", "t", "u"),
          state: fc.constantFrom("a", "b", "c"),
        }),
        { freq: 8 },
      ),
    }),
    fc.record({ ms: fc.nat(2) }),
    fc.record({
      type: fc.constantFrom("t", "u", "none"),
      states: fc.option(fc.uniqueArray(fc.constantFrom<string[]>("a", "b", "none"))),
      after: fc.option(fc.nat(names.length - 1)),
      from: fc.option(fc.nat(40), { nil: undefined }),
      to: fc.option(fc.nat(40), { nil: undefined }),
      rev: fc.boolean(),
    }),
  );
  assertProperty(
    // Long enough that holes are closed, too.
    fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
      const index = new StateIndex(membersOf(names));
      const places: (StatePlace | undefined)[] = names.map(() => undefined);
      let nowMs = 5;
      const order = (a: number, b: number) =>
        places[a]!.updatedAtMs - places[b]!.updatedAtMs ||
        compareBytes(names[a]!.id, names[b]!.id) ||
        compareBytes(names[a]!.partitionKey, names[b]!.partitionKey);
      for (const step of steps) {
        if ("ms" in step) {
          nowMs += step.ms;
        } else if ("handle" in step) {
          const place = step.path === null ? undefined : { ...step.path, updatedAtMs: nowMs };
          places[step.handle] = place;
          if (place === undefined) index.remove(step.handle);
          else index.place(step.handle, place);
        } else {
          const { type, states, rev } = step;
          const fromMs = step.from && nowMs - step.from;
          const toMs = step.to && nowMs - step.to;
          const ofType = [...places.keys()].filter((handle) => places[handle]?.type === type);
          const found = ofType
            .filter((handle) => {
              const { state, updatedAtMs } = places[handle]!;
              return (states === null || states.includes(state)) &&
                updatedAtMs >= (fromMs ?? 0) && updatedAtMs <= (toMs ?? Infinity);
            })
            .sort((a, b) => rev ? order(b, a) : order(a, b));
          const from = step.after !== null && places[step.after] !== undefined ? step.after : null;
          const after = from === null
            ? null
            : { ...names[from]!, updatedAtMs: places[from]!.updatedAtMs };
          assertEquals(
            [...index.walk(type, { states, after, fromMs, toMs, rev })],
            from === null
              ? found
              : found.filter((handle) => rev ? order(handle, from) < 0 : order(handle, from) > 0),
          );
          const counts = new Map<string, number>();
          for (const handle of ofType) {
            const name = places[handle]!.state;
            counts.set(name, (counts.get(name) ?? 0) + 1);
          }
          assertEquals(new Map([...index.counts(type)].sort()), new Map([...counts].sort()));
        }
      }
    }),
    { file: import.meta.url, runs: 200 },
  );
});

test("StateIndex.place() refuses a change from before the last one", () => {
  const index = new StateIndex(membersOf(names));
  index.place(0, { type: "t", state: "a", updatedAtMs: 5 });
  assertThrows(() => index.place(1, { type: "t", state: "a", updatedAtMs: 4 }), InvariantError);
});
