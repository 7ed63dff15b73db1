/**
 * Orders that can be deleted and rebuilt: over flows by due time, by last change, by the end of their
 * retention, and by what they have in common; over keys by name, and by the time at which they are
 * over.
 *
 * @module
 */

export { firstIndex } from "./binary_search.ts";
export { DueIndex, type DuePlace, type DueSelection } from "./due_index.ts";
export { boundsOf, type ChangeWalk, comparePositions, type ListPosition } from "./change_walk.ts";
export { LineageIndex } from "./lineage_index.ts";
export { HashChains } from "./hash_chains.ts";
export { type IndexedKey, KeyIndex, type KeyWalk } from "./key_index.ts";
export { KeySearch, type KeySearchWalk } from "./key_search.ts";
export { LinearBuckets } from "./linear_buckets.ts";
export { LongFloat64Array, LongUint32Array } from "./long_array.ts";
export type { IndexedMember, Members } from "./members.ts";
export { mergedWalk } from "./merged_walk.ts";
export { RecentHandles } from "./recent_handles.ts";
export { type Copied, CopiedMap, SlowCopy } from "./slow_copy.ts";
export {
  StateIndex,
  type StatePlace,
  type StateStretch,
  type StateWalk,
  type StretchPlace,
} from "./state_index.ts";
export { compareUtf8 } from "./utf8_order.ts";
