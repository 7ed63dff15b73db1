/**
 * What queries are prepared with, over shards that only say what they are asked.
 *
 * @module
 */

import { Dividing } from "../../src/engine/queries/dividing.ts";
import { Survey } from "../../src/engine/queries/survey.ts";
import type { Shard } from "../../src/engine/shard/shard.ts";
import { FlowError } from "../../src/errors.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

const CLOSED = new FlowError("store_closed", "The store was closed");

/** A shard that has so many slices of work. */
interface Worked {
  readonly name: string;
  left: number;
  readonly fault?: Error;
}

/** A survey of some shards, what it has done in which of them, and the store that may end. */
function surveyOf(...worked: Worked[]) {
  const on = worked.map((flows) => ({ state: { flows } }) as unknown as Shard);
  const said: string[] = [];
  const shards: { ended: FlowError | undefined; now(): number } = {
    ended: undefined,
    now: () => 7,
  };
  const workOf = (state: unknown): Worked => state as Worked;
  const survey = new Survey({
    ...{ shards, on },
    isWorthIt: (state) => workOf(state).left > 1,
    begin(state, nowMs) {
      const work = workOf(state);
      said.push(`begin ${work.name} at ${nowMs}`);
      return {
        slice(): boolean {
          said.push(work.name);
          if (work.fault !== undefined) throw work.fault;
          work.left -= 1;
          return work.left <= 0;
        },
      };
    },
  });
  return { survey, said, shards };
}

test("Survey looks at one shard after the other, as often as there is something left", () => {
  const [a, b] = [{ name: "a", left: 2 }, { name: "b", left: 2 }];
  const { survey, said } = surveyOf(a, b);
  assertEquals([survey.givesWay, survey.isPrepared()], [false, false]);
  assertEquals([survey.prepare(), survey.prepare()], [false, false]);
  assertEquals(said.splice(0), ["begin a at 7", "a", "a", "begin b at 7", "b"]);
  assertEquals(survey.isPrepared(), true, "what is left is not worth it");
  assertEquals(survey.prepare(), true);
  assertEquals(said, ["a", "b"]);
});

test("Survey is worth it if one of the shards is, and not any more once it is over", () => {
  const [few, many] = [{ name: "few", left: 1 }, { name: "many", left: 2 }];
  assertEquals(surveyOf(few, few).survey.isPrepared(), true);
  const { survey } = surveyOf(few, many);
  assertEquals([survey.isPrepared(), survey.prepare(), survey.prepare()], [false, false, true]);
  many.left = 2;
  assertEquals(survey.isPrepared(), true);
});

test("Survey has nothing to look at in a store that has ended", () => {
  const { survey, shards } = surveyOf({ name: "a", left: 2 });
  assertEquals(survey.isPrepared(), false);
  shards.ended = CLOSED;
  assertEquals(survey.isPrepared(), true);
});

test("Survey is over at damage, which the decision meets as well, and passes on all else", () => {
  const details = { file: "log-1.seg", offset: 4_096 };
  const damaged = { name: "a", left: 2, fault: new FlowError("corrupt", "Damaged", { details }) };
  const { survey, said } = surveyOf(damaged);
  assertEquals([survey.isPrepared(), survey.prepare(), survey.isPrepared()], [false, true, true]);
  assertEquals(said, ["begin a at 7", "a"]);
  const wrong = { name: "b", left: 2, fault: new RangeError("wrong") };
  const { survey: failing } = surveyOf(wrong);
  assertEquals(assertThrows(() => failing.prepare()), wrong.fault);
  assertEquals(failing.isPrepared(), false);
});

test("Dividing is over once all shards have divided their flows, or the store has ended", () => {
  const asked: unknown[] = [];
  const divided = [false, false];
  const on = divided.map((_, index) => {
    const divide = (_: unknown, steps?: number): boolean => {
      asked.push([index, steps]);
      return divided[index]!;
    };
    return { state: { flows: { due: { divide } } } } as unknown as Shard;
  });
  const shards: { ended: FlowError | undefined } = { ended: undefined };
  const dividing = new Dividing(shards, on, { type: "t", partitionKey: "p" });
  assertEquals([dividing.givesWay, dividing.isPrepared(), dividing.prepare()], [
    ...[false, false, false],
  ]);
  // To ask does nothing yet.
  assertEquals(asked.splice(0), [[0, 0], [0, undefined]]);
  divided[0] = true;
  assertEquals([dividing.isPrepared(), dividing.prepare()], [false, false]);
  assertEquals(asked.splice(0), [[0, 0], [1, 0], [0, undefined], [1, undefined]]);
  divided[1] = true;
  assertEquals([dividing.isPrepared(), dividing.prepare()], [true, true]);
  [divided[0], shards.ended] = [false, CLOSED];
  assertEquals(dividing.isPrepared(), true);
});
