/**
 * The proof: what the store says of every file against what the file says itself.
 *
 * @module
 */
import type { FlowStore } from "../../mod.ts";
import { type Catalogue, catalogue, type Entry } from "./catalogue.ts";
import { digest, type TreeFile } from "./tree.ts";

/** What went wrong, by kind. All zero: nothing. */
export interface Differences {
  /** Files without a completed flow. */
  missing: number;
  /** Flows without a file. */
  extra: number;
  /** Catalogued digests that are not the file's. */
  wrong: number;
  /** Flows whose state changes are not exactly the three they must be. */
  repeated: number;
}

/** What the comparison found, besides the differences. */
export interface Comparison extends Differences {
  /** Bytes of all files. */
  bytes: number;
  /** Claims that were taken over from killed workers. */
  takenOver: number;
}

/** The state changes of a flow, in order; everything else in its history repeats harmlessly. */
const CHANGES = ["hashed", "catalogued", "completed"].join();

/** Compares the catalogue in the store with the tree. */
export async function compare(
  store: FlowStore,
  root: string,
  tree: readonly TreeFile[],
): Promise<Comparison> {
  const files = catalogue(store);
  const found: Comparison = { missing: 0, extra: 0, wrong: 0, repeated: 0, bytes: 0, takenOver: 0 };
  for (const file of tree) await compareFile(files, root, file, found);
  const { states } = await files.info();
  const flowCount = Object.values(states).reduce((sum, count) => sum + count, 0);
  found.extra = Math.max(0, flowCount - (tree.length - found.missing));
  return found;
}

async function compareFile(
  files: Catalogue,
  root: string,
  file: TreeFile,
  found: Comparison,
): Promise<void> {
  const flow = { id: file.path, folder: file.folder };
  const record = await files.get(flow, { payload: true });
  if (record?.state !== "completed") {
    found.missing++;
    return;
  }
  const truth = digest(root, file.path);
  const entry = record.result as Entry;
  found.bytes += truth.bytes;
  if (entry.sha256 !== truth.sha256 || entry.bytes !== truth.bytes || entry.path !== file.path) {
    found.wrong++;
  }
  const history = await files.history(flow, { count: 1_000 });
  const changes = history
    .filter(({ event }) => event === "transitioned" || event === "completed")
    .map(({ state }) => state);
  if (changes.join() !== CHANGES) found.repeated++;
  found.takenOver += history.filter(({ event }) => event === "claimed").length -
    CHANGES.split(",").length;
}
