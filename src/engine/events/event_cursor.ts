/**
 * Where a stream of events stands, as a text that users hand back.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import type { KeyedHash } from "../../flow/core/mod.ts";
import type { FeedPosition } from "./feed.ts";

/** A cursor that is none may be anything. */
const SHOWN_CHARACTERS_MAX = 80;

const encoder = new TextEncoder();

/**
 * A place in the log of every shard as a text. Opaque to users.
 *
 * @param hash Of the store: by it a cursor of another store, or one that was cut, is known.
 */
export function formatEventCursor(positions: readonly FeedPosition[], hash: KeyedHash): string {
  const text = positions.map(({ index, lsn }) => `${index}.${lsn}`).join("_");
  return `${text}-${sealOf(text, hash)}`;
}

/**
 * The places that a text stands for.
 *
 * @param ends How far the log of every shard goes.
 * @throws {FlowError} `invalid_argument` if it is no cursor of this store.
 */
export function parseEventCursor(
  cursor: string,
  hash: KeyedHash,
  ends: readonly FeedPosition[],
): FeedPosition[] {
  const [text = "", seal] = cursor.split("-");
  if (cursor !== `${text}-${seal}` || seal !== sealOf(text, hash)) throw noCursor(cursor);
  const positions = text.split("_").map((position) => {
    const [index, lsn] = position.split(".");
    return { index: Number(index), lsn: Number(lsn) };
  });
  // One from before the directory was replaced by an older copy of itself.
  const isThere = positions.length === ends.length &&
    positions.every(({ index, lsn }, shard) => {
      const end = ends[shard]!;
      return lsn <= end.lsn && index <= end.index;
    });
  if (!isThere) throw noCursor(cursor);
  return positions;
}

function sealOf(text: string, hash: KeyedHash): string {
  const { hi } = hash(encoder.encode(`events:${text}`));
  return hi.toString(16).padStart(8, "0");
}

function noCursor(cursor: string): FlowError {
  return new FlowError(
    "invalid_argument",
    `from is "${
      cursor.slice(0, SHOWN_CHARACTERS_MAX)
    }", but must be the cursor of an event of this ` +
      `store, or "start"`,
    { details: { field: "from" } },
  );
}
