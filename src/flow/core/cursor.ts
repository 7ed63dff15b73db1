/**
 * Where a page of a listing ended, as a text that users hand back.
 *
 * @module
 */
import type { ListPosition } from "../../index/mod.ts";

/** A place in a listing as a text. Opaque to users. */
export function formatCursor({ updatedAtMs, id, partitionKey }: ListPosition): string {
  return `${updatedAtMs}:${encodeURIComponent(id)}:${encodeURIComponent(partitionKey)}`;
}

/** The place that a text stands for, undefined if it is not one that `formatCursor` made. */
export function parseCursor(cursor: string): ListPosition | undefined {
  const [time = "", id, partitionKey, ...rest] = cursor.split(":");
  const updatedAtMs = /^\d{1,16}$/.test(time) ? Number(time) : NaN;
  if (id === undefined || partitionKey === undefined || rest.length > 0) return undefined;
  if (!Number.isSafeInteger(updatedAtMs)) return undefined;
  try {
    return {
      updatedAtMs,
      id: decodeURIComponent(id),
      partitionKey: decodeURIComponent(partitionKey),
    };
  } catch {
    return undefined;
  }
}
