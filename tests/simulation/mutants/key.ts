/**
 * Stores in which something goes wrong with keys, or with commands that belong together.
 *
 * @module
 */

import type { Effect } from "../../../src/flow/core/mod.ts";
import type { KeyWalk } from "../../../src/index/mod.ts";
import type { EnginePractice } from "../engine/machine.ts";
import { onDecisions, onStates } from "./state.ts";

/** Lets a key live on that was removed. */
const removedKeyStays = onStates("removedKeyStays", ({ flows: { kv } }) => {
  kv.delete = () => {};
});

/** Shows keys whose time is over. */
const keysNeverEnd = onStates("keysNeverEnd", ({ flows: { kv } }) => {
  const find = kv.find.bind(kv);
  kv.find = (partitionKey, key) => {
    const found = find(partitionKey, key);
    return found && { ...found, untilMs: null };
  };
});

/** Keeps the end that a key had first. */
const endNotMoved = onStates("endNotMoved", ({ flows: { kv } }) => {
  const set = kv.set.bind(kv);
  kv.set = (key) => {
    const { untilMs } = kv.find(key.partitionKey, key.key) ?? key;
    set({ ...key, untilMs });
  };
});

/** Removes keys before their time. */
const keysSweptEarly = onStates("keysSweptEarly", ({ flows: { kv } }) => {
  const over = kv.over.bind(kv);
  kv.over = (nowMs) => over(nowMs + 5_000);
});

/** Does not wake for keys that are over. */
const keysNeverSwept = onStates("keysNeverSwept", ({ flows: { kv } }) => {
  kv.nextOverMs = () => Infinity;
});

/** Goes on after a cursor with the key that the page before ended with. */
const cursorRepeats = onStates("cursorRepeats", ({ flows: { kv } }) => {
  const walk = kv.walk.bind(kv);
  kv.walk = function* (partitionKey, asked: KeyWalk) {
    const last = asked.after === null ? undefined : kv.find(partitionKey, asked.after);
    if (last !== undefined) yield last;
    yield* walk(partitionKey, asked);
  };
});

/** Lets an old effect that comes late win over a new one. */
const lateKeyWins = onStates("lateKeyWins", (state) => {
  const { kv } = state.flows;
  const set = kv.set.bind(kv);
  kv.set = (key) => {
    const before = kv.find(key.partitionKey, key.key);
    set(key);
    if (before === undefined) return;
    // The index itself refuses what is older than that.
    kv.delete(key.partitionKey, key.key);
    set(before);
  };
});

/** Writes the flows of an `atomic()` and not its keys. */
const atomicForgetsKeys = onDecisions("atomicForgetsKeys", ({ effects, reply }) => ({
  effects: reply.kind === "atomic" ? effects.filter(({ kind }) => kind !== "kv") : effects,
  reply,
}));

/** Gives a key a value that belongs to another one. */
const valuesSwapped = onDecisions("valuesSwapped", ({ effects, reply }) => {
  const [first] = effects;
  if (reply.kind !== "kv_set" || first?.kind !== "kv" || "parts" in first.value) {
    return { effects, reply };
  }
  const value = { encoding: 1, bytes: new TextEncoder().encode("0") } as const;
  const swapped: Effect = { ...first, value };
  return { effects: [swapped], reply };
});

/** Every mutant of keys. */
export const keyMutants: readonly EnginePractice[] = [
  removedKeyStays,
  keysNeverEnd,
  endNotMoved,
  keysSweptEarly,
  keysNeverSwept,
  cursorRepeats,
  lateKeyWins,
  atomicForgetsKeys,
  valuesSwapped,
];
