/**
 * Files of segments that somebody takes away from an open store.
 *
 * @module
 */

import { FlowError } from "../../errors.ts";
import { type Directory, withFile } from "../../files/mod.ts";
import { segmentName } from "../format/segment.ts";
import type { Segments } from "../log.ts";
import type { Manifest } from "../manifest/manifest.ts";

/** Where somebody may take files away. */
export interface LostFilesParts {
  readonly directory: Directory;
  /** Says which segments there are. */
  readonly manifest: Pick<Manifest, "state">;
  /** Those of all shards. */
  readonly logs: readonly { readonly segments: Pick<Segments, "findLoss"> }[];
}

/**
 * Looks whether the segments of a manifest are there, all of them by one listing of the directory;
 * whether those that are written to are what others find by their names; and whether one of the
 * others is as long as it was, another one each time. What is open when its file is removed or
 * replaced can be read on, and even be written to; nobody finds it again.
 */
export class LostFiles {
  readonly #parts: LostFilesParts;
  #turn = 0;

  /** Nothing has been looked at. */
  constructor(parts: LostFilesParts) {
    this.#parts = parts;
  }

  /** Why the store is not whole any more; undefined if nothing is known of that. */
  find(): FlowError | undefined {
    const { directory, manifest, logs } = this.#parts;
    const { segments } = manifest.state;
    const names = new Set(directory.list());
    const missing = segments.map(({ id }) => segmentName(id)).find((name) => !names.has(name));
    if (missing !== undefined) return lostFile(directory, missing, "was removed");
    for (const log of logs) {
      const loss = log.segments.findLoss();
      if (loss !== undefined) return loss;
    }
    const sealed = segments.filter((entry) => entry.sealed !== undefined);
    const entry = sealed[this.#turn++ % sealed.length];
    if (entry?.sealed === undefined) return undefined;
    const name = segmentName(entry.id);
    const what = shortness(
      withFile(directory, name, (file) => file.getSize()),
      entry.sealed.size,
    );
    return what === undefined ? undefined : lostFile(directory, name, what);
  }
}

/** What has happened to a file that has less bytes than it must have; undefined: nothing. */
export function shortness(bytes: number, least: number): string | undefined {
  if (bytes >= least) return undefined;
  return `was cut off at ${bytes} bytes, and must have ${least}`;
}

/** Ends a store from which somebody has taken a file. */
export function lostFile(
  { path }: Pick<Directory, "path">,
  file: string,
  what: string,
): FlowError {
  return new FlowError("store_failed", `"${path}/${file}" ${what} while the store was open`, {
    details: { file },
  });
}
