/**
 * What two definitions of a type have to agree on.
 *
 * @module
 */
import type { CheckedDefinition, StateDefinition } from "./definition.ts";

/**
 * Where flows start, are kept and go, a fact each, as an author would write it down. Schemas cannot be
 * compared, and how long and how often something is tried may differ from one part of a program to
 * another: none of that is in it.
 */
export function outlineOf(
  { initialState, partitionBy, states, liveStates }: Omit<CheckedDefinition, "outline">,
): readonly string[] {
  return [
    `initialState: ${JSON.stringify(initialState)}`,
    `partitionBy: ${JSON.stringify(partitionBy)}`,
    // States in which flows end may be declared or not: they do nothing.
    ...liveStates.map((name) => `states.${name}: ${routesOf(states.get(name)!)}`),
  ];
}

function routesOf({ onOk, onError, retry: { exhaustedTo = "failed" } }: StateDefinition): string {
  const ok = onOk.kind === "complete" ? "complete()" : JSON.stringify(onOk.to);
  const error = onError === "fail" ? "fail()" : `retryOr(${JSON.stringify(exhaustedTo)})`;
  return `{ onOk: ${ok}, onError: ${error} }`;
}
