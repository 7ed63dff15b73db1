/**
 * Where a stream of events stands, as a text that users hand back.
 *
 * @module
 */
import { sipHash24 } from "../../codec/mod.ts";
import { FlowError } from "../../errors.ts";
import type { ManifestState } from "../../log/mod.ts";
import { hashKeyOf } from "../hash_key.ts";
import type { FeedPosition } from "./feed.ts";

/** A cursor that is none may be anything. */
const SHOWN_CHARACTERS_MAX = 80;

const encoder = new TextEncoder();

/**
 * The cursors of a store: a place in the log of every shard as a text, opaque to users, with a seal.
 * By that a cursor of another store is known, or one that was cut. Those of the store that this one
 * was restored from count up to where both are the same: whoever keeps his cursor in the store, or
 * somewhere else since before the backup, goes on behind it.
 */
export class EventCursors {
  readonly #store: Pick<ManifestState, "dbId" | "origins">;

  /** @param store Who it is, and what it was restored from. */
  constructor(store: Pick<ManifestState, "dbId" | "origins">) {
    this.#store = store;
  }

  /** The text of places. */
  format(positions: readonly FeedPosition[]): string {
    const text = positions.map(({ index, lsn }) => `${index}.${lsn}`).join("_");
    return `${text}-${sealOf(text, this.#store.dbId)}`;
  }

  /**
   * The places that a text stands for.
   *
   * @param ends How far the log of every shard goes.
   * @throws {FlowError} `invalid_argument` if it is no cursor of this store.
   */
  parse(cursor: string, ends: readonly FeedPosition[]): FeedPosition[] {
    const [text = "", seal] = cursor.split("-");
    if (cursor !== `${text}-${seal}`) throw noCursor(cursor);
    const { dbId, origins } = this.#store;
    const own = { dbId, ends };
    const store = [own, ...origins].find(({ dbId }) => sealOf(text, dbId) === seal);
    if (store === undefined) throw noCursor(cursor);
    const positions = text.split("_").map((position) => {
      const [index, lsn] = position.split(".");
      return { index: Number(index), lsn: Number(lsn) };
    });
    if (isWithin(positions, store.ends)) return positions;
    // One from before the directory was replaced by an older copy of itself.
    throw store === own ? noCursor(cursor) : notCopied();
  }
}

function isWithin(positions: readonly FeedPosition[], ends: readonly FeedPosition[]): boolean {
  return positions.length === ends.length && positions.every(({ index, lsn }, shard) => {
    const end = ends[shard]!;
    return lsn <= end.lsn && index <= end.index;
  });
}

function sealOf(text: string, dbId: string): string {
  const { hi } = sipHash24(hashKeyOf(dbId), encoder.encode(`events:${text}`));
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

function notCopied(): FlowError {
  return new FlowError(
    "invalid_argument",
    "from is the cursor of an event that came after the backup which this store was restored from, " +
      `but must be of one that is in it: go on from an older cursor, or from "start"`,
    { details: { field: "from" } },
  );
}
