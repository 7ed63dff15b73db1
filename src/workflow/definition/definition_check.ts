/**
 * Checks what an author wrote down as a workflow.
 *
 * @module
 */
import { checkObject, invalid } from "../../argument.ts";
import { isTerminalState } from "../../flow/mod.ts";
import { checkMembers } from "../../unknown_option.ts";
import { checkName, membersOf } from "../argument.ts";
import type { CheckedDefinition, WorkflowDefinition } from "./definition.ts";
import { outlineOf } from "./outline.ts";
import { checkedState, checkStateName } from "./state_check.ts";
import { isTakenName } from "./taken_names.ts";

const MEMBERS = membersOf<WorkflowDefinition<string, readonly string[], unknown, never, undefined>>(
  {
    type: true,
    store: true,
    partitionBy: true,
    initialState: true,
    states: true,
  },
);

/**
 * A definition, checked and with its defaults.
 *
 * Refuses with `invalid_argument`, naming the field, the value and what would do.
 */
export function checkedDefinition(definition: unknown): CheckedDefinition {
  const given = checkObject("definition", definition);
  checkMembers("", given, MEMBERS);
  checkName("type", given.type);
  if (given.store !== undefined) checkStore("store", given.store);
  const shapes = checkObject("states", given.states);
  const names = Object.keys(shapes);
  for (const name of names) checkStateName(name);
  const states = new Map(names.map((name) => [name, checkedState(name, shapes[name], names)]));
  const liveStates = names.filter((name) => !isTerminalState(name));
  const { initialState } = given;
  if (typeof initialState !== "string" || !liveStates.includes(initialState)) {
    throw invalid(
      "initialState",
      initialState,
      `a declared state that is not terminal: ${
        liveStates.length === 0 ? "there is none" : liveStates.join(", ")
      }`,
    );
  }
  const checked = {
    type: given.type as string,
    partitionBy: checkedFields(given.partitionBy),
    initialState,
    states,
    liveStates,
  };
  return { ...checked, outline: outlineOf(checked) };
}

/** Refuses whatever is certainly not a store. */
export function checkStore(field: string, value: unknown): void {
  const isStore = typeof value === "object" && value !== null && "claimDue" in value;
  if (isStore) return;
  throw invalid(field, value, "a FlowStore, such as await openStore() gives");
}

function checkedFields(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid("partitionBy", value, "a list of names");
  for (const [index, name] of value.entries()) {
    checkName(`partitionBy.${index}`, name);
    if (isTakenName(name)) {
      throw invalid(`partitionBy.${index}`, name, "a name that no option has");
    }
    if (value.indexOf(name) !== index) {
      throw invalid(`partitionBy.${index}`, name, "a name that is not in the list yet");
    }
  }
  return [...value];
}
