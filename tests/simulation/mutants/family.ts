/**
 * Stores in which parents and children do not hear of each other as they should.
 *
 * @module
 */

import type { ShardState } from "../../../src/engine/shard/shard_state.ts";
import type {
  Command,
  Control,
  Decision,
  Effect,
  GroupEffect,
} from "../../../src/flow/core/mod.ts";
import type { EnginePractice } from "../engine/machine.ts";
import { onEvent, onStates } from "./state.ts";

const CHILD_EVENTS = ["child_completed", "child_failed", "child_cancelled"] as const;

/** Leaves a parent where it waits, whatever becomes of its children. */
const rollUpSkipped = onStates("rollUpSkipped", (state) => {
  for (const event of CHILD_EVENTS) {
    onEvent(event, (control, before) => before === undefined ? control : unmoved(control, before))(
      state,
    );
  }
});

/** Sends a parent on, but does not make it due. */
const parentParked = onStates("parentParked", (state) => {
  for (const event of CHILD_EVENTS) {
    onEvent(event, (control) => ({ ...control, nextRunAtMs: null }))(state);
  }
});

/** Leaves the lease with a child that ends with its parent. */
const cascadeSkipped = onStates("cascadeSkipped", (state) => {
  onEvent("cancelled", (control, before) => before?.lease ? unmoved(control, before) : control)(
    state,
  );
});

/** Counts every child twice that ends by itself. */
const countTwice = onGroups("countTwice", (group, before) => {
  if (before === undefined || group.resolved !== null) return group;
  const { completed, failed, cancelled, total } = group;
  if (completed + failed + cancelled === total) return group;
  if (completed > before.completed) return { ...group, completed: completed + 1 };
  return failed > before.failed ? { ...group, failed: failed + 1 } : group;
});

/** Takes a later group of the same name for the one before. */
const groupByName = onStates("groupByName", (state) => {
  const numbers = new Map<string, number>();
  onEffects(state, (effect) => {
    if (effect.kind !== "group") return effect;
    const { group } = effect;
    const known = numbers.get(group.id) ?? group.number;
    numbers.set(group.id, known);
    return { ...effect, group: { ...group, number: known } };
  });
});

/** Does not take a flow into a group that was there before. */
const adoptionForgotten = onStates("adoptionForgotten", (state) => {
  const apply = state.apply.bind(state);
  state.apply = (effect, ...place) => {
    if (effect.kind === "body" && state.flows.table.get(effect.key) !== undefined) return;
    apply(effect, ...place);
  };
});

/** Forgets what was closing when the store is opened. */
const closingForgotten = onStates("closingForgotten", ({ flows }) => flows.closings.clear());

/** Forgets who is whose child when the store is opened. */
const childrenForgotten = onStates("childrenForgotten", ({ flows }) => flows.openChildren.clear());

/** Gives away what counts as cancelled. */
const foreclosedClaimable = unaware("foreclosedClaimable", ({ kind }) => kind === "claim");

/** Lets owners settle what counts as cancelled. */
const foreclosedSettled = unaware(
  "foreclosedSettled",
  ({ kind }) => kind !== "claim" && kind !== "close",
);

/** Shows what counts as cancelled as if it did not. */
const foreclosedShown: EnginePractice = {
  name: "foreclosedShown",
  shards: (shards) =>
    void (shards.closer.look = (target) => {
      const [shard] = shards.all;
      return [...shard!.state.flows.table.findAll(target.id)]
        .find(({ identity }) => identity.partitionKey === (target.partitionKey ?? "p"));
    }),
};

/** Shows all flows while some are not written as they count. */
const allShownEarly: EnginePractice = {
  name: "allShownEarly",
  shards: (shards) => void (shards.closer.callOnAll = (decide) => shards.call(decide)),
};

/** Does not go on with what is closing. */
const neverClosed: EnginePractice = {
  name: "neverClosed",
  shards: ({ closer }) => void (closer.wake = () => {}),
};

/** A control block that says that nothing has happened. */
function unmoved(control: Control, before: Control): Control {
  const { version, updatedAtMs } = control;
  return { ...before, version, updatedAtMs, rewoundTo: null };
}

/** A mistake in what is written. */
function onEffects(state: ShardState, change: (effect: Effect) => Effect): void {
  const decide = state.decide.bind(state);
  state.decide = (command, circumstances): Decision => {
    const { effects, reply } = decide(command, circumstances);
    return { effects: effects.map(change), reply };
  };
}

type Group = GroupEffect["group"];

/** A mistake in what becomes of groups. */
function onGroups(
  name: string,
  change: (group: Group, before: Group | undefined) => Group,
): EnginePractice {
  return onStates(name, (state) =>
    onEffects(state, (effect) => {
      if (effect.kind !== "group") return effect;
      const before = state.flows.table.get(effect.key)?.groups
        .find(({ number }) => number === effect.group.number);
      return { ...effect, group: change(effect.group, before) };
    }));
}

/** Commands that know nothing of what is closing. */
function unaware(name: string, isOf: (command: Command) => boolean): EnginePractice {
  return onStates(name, (state) => {
    const decide = state.decide.bind(state);
    state.decide = (command, circumstances) => {
      if (!isOf(command)) return decide(command, circumstances);
      const { isClosing } = state.flows;
      state.flows.isClosing = () => false;
      try {
        return decide(command, circumstances);
      } finally {
        state.flows.isClosing = isClosing;
      }
    };
  });
}

/** Every mutant of families. */
export const familyMutants: readonly EnginePractice[] = [
  rollUpSkipped,
  parentParked,
  cascadeSkipped,
  countTwice,
  groupByName,
  adoptionForgotten,
  closingForgotten,
  childrenForgotten,
  foreclosedClaimable,
  foreclosedSettled,
  foreclosedShown,
  allShownEarly,
  neverClosed,
];
