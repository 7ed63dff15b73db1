/**
 * Answers that are rows of flows, all at once or a page at a time.
 *
 * @module
 */
import type { ListPosition } from "../../../index/mod.ts";
import type { Hydration } from "../command.ts";
import type { Flow } from "../flow.ts";
import type { RowsReply } from "../reply.ts";
import { formatCursor } from "./cursor.ts";

/** How many rows are wanted, with what, and whether as a page. */
export interface RowsWanted {
  /** How many rows at most. */
  readonly count: number;
  /** Undefined: no pages; null: the first page. */
  readonly after: ListPosition | null | undefined;
  /** Null: no values. */
  readonly hydration: Hydration | null;
}

/** Takes rows from a walk until there are enough. */
export function readRows(
  walk: Iterable<Flow>,
  { count, after, hydration }: RowsWanted,
  isListed: (flow: Flow) => boolean,
): RowsReply {
  const flows: Flow[] = [];
  let more = false;
  for (const flow of walk) {
    if (!isListed(flow)) continue;
    more = flows.length === count;
    if (more) break;
    flows.push(flow);
  }
  const cursor = after === undefined ? undefined : more ? cursorBehind(flows.at(-1)!) : null;
  return { kind: "rows", flows, hydration, cursor };
}

/** Where the page behind a flow begins. */
export function cursorBehind(flow: Flow): string {
  return formatCursor(positionOf(flow));
}

/** Where a flow stands in lists. */
export function positionOf({ identity, control }: Flow): ListPosition {
  const { id, partitionKey } = identity;
  return { updatedAtMs: control.updatedAtMs, id, partitionKey };
}
