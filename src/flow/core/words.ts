/**
 * Closed sets of words that callers say and records have numbers for. The place of a word is its number:
 * new ones are appended. Where callers may say nothing about a group, the first one is meant.
 *
 * @module
 */
import type { BackoffKind, ChildFailurePolicy, ChildWait, ParentClosedPolicy } from "../mod.ts";

/** What a parent waits for. */
export const WAITS: readonly ChildWait[] = ["all", "any", "none"];

/** What a child that fails or is cancelled means. */
export const FAILURE_POLICIES: readonly ChildFailurePolicy[] = ["fail_parent", "ignore"];

/** What becomes of children when their group is decided. */
export const CLOSED_POLICIES: readonly ParentClosedPolicy[] = [
  "cancel_children",
  "abandon_children",
];

/** How waits grow. */
export const BACKOFF_KINDS: readonly BackoffKind[] = ["none", "fixed", "linear", "exponential"];
