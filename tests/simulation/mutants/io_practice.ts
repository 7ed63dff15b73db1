/**
 * Mistakes between a log and what writes it.
 *
 * @module
 */

import { writeFully } from "../../../src/files/mod.ts";
import type { IoResult, SegmentFile, SegmentIo } from "../../../src/log/mod.ts";
import type { EnginePractice } from "../engine/machine.ts";

/** A mistake in some of what is done for a log. */
export function onIo(
  name: string,
  change: (inner: SegmentIo) => Partial<SegmentIo>,
): EnginePractice {
  return {
    name,
    io: (inner) => ({
      get mode() {
        return inner.mode;
      },
      get writesMax() {
        return inner.writesMax;
      },
      reserve: (target, done) => inner.reserve(target, done),
      write: (target, write, done) => inner.write(target, write, done),
      onFailed: (listener) => inner.onFailed(listener),
      close: () => inner.close(),
      ...change(inner),
    }),
  };
}

/** Writes and does not sync. */
export function writeUnsynced(
  { file }: SegmentFile,
  bytes: Uint8Array,
  at: number,
): IoResult {
  try {
    writeFully(file, bytes, { at });
    return { kind: "done" };
  } catch (cause) {
    return { kind: "failed", cause };
  }
}
