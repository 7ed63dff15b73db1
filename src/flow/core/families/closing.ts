/**
 * Groups whose children are being cancelled.
 *
 * When a flow ends that has very many descendants, its command does not write all their ends. It
 * marks groups as closing; from then on every child of such a group counts as cancelled, whoever
 * looks at it, and its end is written when somebody does or when its turn comes.
 *
 * @module
 */
import type { Flow } from "../flow.ts";
import { hasEnded } from "../flow.ts";

/** What tells whether a flow is under a closing group. */
export interface ClosingView {
  /** Whether there is any closing group. Mostly not. */
  readonly hasClosings: boolean;
  /** Whether a group is closing. */
  isClosing(group: number): boolean;
  /** A flow as it is written, undefined if it is not here. */
  recorded(partitionKey: string, id: string): Flow | undefined;
}

/** Whether a flow counts as cancelled although its end is not written yet. */
export function isForeclosed(flow: Flow, view: ClosingView): boolean {
  if (!view.hasClosings || hasEnded(flow.control)) return false;
  let present = flow;
  while (true) {
    const { membership, parentFlowId } = present.identity;
    if (membership === null || parentFlowId === null) return false;
    if (view.isClosing(membership.group)) return true;
    const parent = view.recorded(membership.parentPartitionKey, parentFlowId);
    // The end of a parent closes its groups, so what is not closing then has been spared.
    if (parent === undefined || hasEnded(parent.control)) return false;
    const group = parent.groups.find(({ number }) => number === membership.group);
    if (group?.onParentClosed !== "cancel_children") return false;
    present = parent;
  }
}
