/**
 * Definitions of types.
 *
 * @module
 */
import type { FlowStore } from "../../flow/mod.ts";
import { refused, same } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { create, JOB } from "./leasing.ts";

const OUTLINE = ["initialState: a", "states.a: b", "states.b: complete()"];

/** Lets a program say how a type is defined. */
async function define(store: FlowStore, type: unknown, outline: unknown): Promise<void> {
  await store.define?.(type as string, outline as readonly string[]);
}

/** `define()`. */
export const defineCases: readonly ConformanceCase[] = [
  {
    name: "define() takes the same definition of a type as often as it comes, in any order",
    needs: ["define"],
    async run({ store }) {
      for (const outline of [OUTLINE, [...OUTLINE], OUTLINE.toReversed()]) {
        await define(store, JOB, outline);
      }
      await define(store, "other", ["initialState: b"]);
      await create(store, "a", { state: "whatever" });
    },
  },
  {
    name:
      "define() refuses another definition of a type with definition_conflict: the first counts",
    needs: ["define"],
    async run({ store }) {
      await define(store, JOB, OUTLINE);
      const [first, second, third] = OUTLINE as [string, string, string];
      const others = [
        { outline: [first, second, "states.b: c"], other: third, own: "states.b: c" },
        { outline: [first, second], other: third, own: undefined },
        { outline: [...OUTLINE, "states.c: a"], other: undefined, own: "states.c: a" },
      ];
      for (const { outline, ...difference } of others) {
        await refused(() => define(store, JOB, outline), "definition_conflict", {
          type: JOB,
          ...difference,
        });
      }
      await define(store, JOB, OUTLINE);
    },
  },
  {
    name: "define() is about a store while it is open: the next version of a program has its own",
    needs: ["define", "durable"],
    async run(context) {
      await define(context.store, JOB, OUTLINE);
      const flow = await create(context.store, "a");
      await context.reopen();
      await define(context.store, JOB, ["initialState: z"]);
      same(await context.store.get("a"), flow);
    },
  },
  {
    name: "define() refuses what is no type and no list of texts",
    needs: ["define"],
    async run({ store }) {
      for (const type of ["", 7, null]) {
        await refused(() => define(store, type, OUTLINE), "invalid_argument", { field: "type" });
      }
      await refused(() => define(store, "x".repeat(1_025), OUTLINE), "too_large", {
        field: "type",
      });
      for (const outline of [undefined, null, {}, "a"]) {
        await refused(() => define(store, JOB, outline), "invalid_argument", { field: "outline" });
      }
      await refused(() => define(store, JOB, ["a", 7]), "invalid_argument", {
        field: "outline[1]",
      });
    },
  },
];
