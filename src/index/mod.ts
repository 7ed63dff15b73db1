/**
 * Orders over flows that can be deleted and rebuilt: by due time, by last change, and by the end of
 * their retention.
 *
 * @module
 */

export { DueIndex, type DuePlace, type DueSelection } from "./due_index.ts";
export { HashChains } from "./hash_chains.ts";
export type { Members } from "./members.ts";
export { type ListPosition, StateIndex, type StatePlace, type StateWalk } from "./state_index.ts";
export { compareUtf8 } from "./utf8_order.ts";
