/**
 * What a store of a test does with its files that has no directory.
 *
 * @module
 */

import { Callers } from "../../src/engine/calls/caller.ts";
import type { EmbeddedStoreParts } from "../../src/engine/embedded_store.ts";
import { EventCursors } from "../../src/engine/events/event_cursor.ts";

/** Neither copies them nor looks through them, and says of them that they are nowhere. */
export const noFiles: Pick<EmbeddedStoreParts, "backup" | "verify" | "callers" | "cursors"> = {
  backup: refuse,
  verify: refuse,
  callers: new Callers("nowhere"),
  cursors: new EventCursors({ dbId: "0123456789abcdef", origins: [] }),
};

function refuse(): Promise<never> {
  return Promise.reject(new Error("There is no directory"));
}
