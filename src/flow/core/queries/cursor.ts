/**
 * Where a page of a listing ended, as a text that users hand back.
 *
 * @module
 */
import type { ListPosition } from "../../../index/mod.ts";

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
    const position = {
      updatedAtMs,
      id: decodeURIComponent(id),
      partitionKey: decodeURIComponent(partitionKey),
    };
    return formatCursor(position) === cursor ? position : undefined;
  } catch {
    return undefined;
  }
}

/** A place among leases, in the order of their ends. */
export interface LeasePosition extends Pick<ListPosition, "id" | "partitionKey"> {
  /** When the lease ends. */
  readonly deadlineMs: number;
}

/** What a place among leases begins with, so that cursors of other listings are refused. */
const OF_LEASES = "lease:";

/** A place among leases as a text. Opaque to users. */
export function formatLeaseCursor({ deadlineMs, ...flow }: LeasePosition): string {
  return `${OF_LEASES}${formatCursor({ ...flow, updatedAtMs: deadlineMs })}`;
}

/** The place that a text stands for, undefined if it is not one that `formatLeaseCursor` made. */
export function parseLeaseCursor(cursor: string): LeasePosition | undefined {
  if (!cursor.startsWith(OF_LEASES)) return undefined;
  const position = parseCursor(cursor.slice(OF_LEASES.length));
  if (position === undefined) return undefined;
  const { updatedAtMs, ...flow } = position;
  return { ...flow, deadlineMs: updatedAtMs };
}

/** What a place among keys begins with, so that cursors of other listings are refused. */
const OF_KEYS = "key:";

/** The place behind a key as a text. Opaque to users. */
export function formatKeyCursor(key: string): string {
  return `${OF_KEYS}${encodeURIComponent(key)}`;
}

/** The key that a text stands behind, undefined if it is not one that `formatKeyCursor` made. */
export function parseKeyCursor(cursor: string): string | undefined {
  if (!cursor.startsWith(OF_KEYS)) return undefined;
  try {
    const key = decodeURIComponent(cursor.slice(OF_KEYS.length));
    return formatKeyCursor(key) === cursor ? key : undefined;
  } catch {
    return undefined;
  }
}
