/**
 * Files of segments that somebody takes away from an open store.
 *
 * @module
 */

import { FlowError } from "../errors.ts";
import { type Directory, withFile } from "../files/mod.ts";
import type { Manifest } from "./manifest.ts";
import type { SegmentEntry } from "./manifest_state.ts";
import { SEGMENT_HEAD_BYTES, segmentName } from "./segment.ts";

/**
 * Looks whether the segments of a manifest are there, all of them by one listing of the directory, and
 * whether one of them is as long as it was, another one each time. What is open when its file is
 * removed can be read on, and even be written to; nobody finds it again.
 */
export class LostFiles {
  readonly #directory: Directory;
  readonly #manifest: Pick<Manifest, "state">;
  #turn = 0;

  /** Nothing has been looked at. */
  constructor(directory: Directory, manifest: Pick<Manifest, "state">) {
    this.#directory = directory;
    this.#manifest = manifest;
  }

  /** Why the store is not whole any more; undefined if nothing is known of that. */
  find(): FlowError | undefined {
    const { segments } = this.#manifest.state;
    const names = new Set(this.#directory.list());
    const missing = segments.map(({ id }) => segmentName(id)).find((name) => !names.has(name));
    if (missing !== undefined) return this.#lost(missing, "was removed");
    const entry = segments[this.#turn++ % segments.length];
    if (entry === undefined) return undefined;
    const name = segmentName(entry.id);
    const bytes = withFile(this.#directory, name, (file) => file.getSize());
    const least = leastBytes(entry);
    return bytes >= least
      ? undefined
      : this.#lost(name, `was cut off at ${bytes} bytes, and must have ${least}`);
  }

  #lost(file: string, what: string): FlowError {
    const { path } = this.#directory;
    return new FlowError("store_failed", `"${file}" ${what} while the store "${path}" was open`, {
      details: { file },
    });
  }
}

/** What a segment has at least. */
function leastBytes({ sealed }: SegmentEntry): number {
  return sealed?.size ?? SEGMENT_HEAD_BYTES;
}
