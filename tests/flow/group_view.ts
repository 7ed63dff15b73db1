/**
 * A group of children as the store and the model show it in the same words.
 *
 * @module
 */

import type { ChildGroup } from "../../src/flow/mod.ts";

/** A group, as the record of its parent has it. */
export function showGroup(name: string, group: ChildGroup): unknown[] {
  const { wait, waitState, success, failure, onChildFailed, onParentClosed, resolved } = group;
  const { total, completed, failed, cancelled } = group.summary;
  return [
    ...[name, wait, waitState, success, failure, onChildFailed, onParentClosed, resolved],
    ...[total, completed, failed, cancelled],
  ];
}
