/**
 * Answers that are rows of flows, all at once or a page at a time.
 *
 * @module
 */
import type { ListPosition } from "../../index/mod.ts";
import { formatCursor } from "./cursor.ts";
import type { Flow } from "./flow.ts";
import type { FlowsReply, PageReply } from "./reply.ts";

/** How many rows are wanted, and whether as a page. */
export interface RowsWanted {
  /** How many rows at most. */
  readonly count: number;
  /** Undefined: no pages; null: the first page. */
  readonly after: ListPosition | null | undefined;
}

/** Takes rows from a walk until there are enough. */
export function readRows(
  walk: Iterable<Flow>,
  { count, after }: RowsWanted,
  isListed: (flow: Flow) => boolean,
): FlowsReply | PageReply {
  const flows: Flow[] = [];
  let more = false;
  for (const flow of walk) {
    if (!isListed(flow)) continue;
    more = flows.length === count;
    if (more) break;
    flows.push(flow);
  }
  if (after === undefined) return { kind: "flows", flows, hydration: null };
  const last = flows.at(-1);
  return {
    kind: "page",
    flows,
    cursor: more && last !== undefined ? formatCursor(positionOf(last)) : null,
  };
}

/** Where a flow stands in lists. */
export function positionOf({ identity, control }: Flow): ListPosition {
  const { id, partitionKey } = identity;
  return { updatedAtMs: control.updatedAtMs, id, partitionKey };
}
