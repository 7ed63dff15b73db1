/**
 * Names of states that mean something to every store.
 *
 * @module
 */
import type { TerminalState } from "./record.ts";

/** The state of every flow that is leased; entered by a claim only. */
export const RUNNING = "running";

/** Whether a state ends a flow. */
export function isTerminalState(state: string): state is TerminalState {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** Whether a word means something else than a state, in any case: no state can have this name. */
export function isReservedName(name: string): boolean {
  // Most names are told apart by their length; the exact test is rare.
  if (name.length !== 3 && name.length !== 4 && name.length !== 7) return false;
  const word = name.toLowerCase();
  return word === "any" || word === "auto" || word === RUNNING;
}
