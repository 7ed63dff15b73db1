/**
 * The process that gets killed: opens the data directory, creates the flows that are missing, works
 * until every file is catalogued. Prints one line of progress whenever the counts have changed.
 *
 * Run by the ingest example as `worker.ts <tree> <data directory>`.
 *
 * @module
 */
import process from "node:process";
import { ok, openStore, startWorker } from "../../mod.ts";
import { type Catalogue, catalogue } from "./catalogue.ts";
import { digest, scan, type TreeFile } from "./tree.ts";

/** Flows that are created in one atomic command. */
const BATCH_COUNT = 500;

const [root, dir] = process.argv.slice(2);
if (root === undefined || dir === undefined) throw new TypeError("Usage: worker.ts <tree> <dir>");

await using store = await openStore({ dir });
const files = catalogue(store);
const tree = scan(root);
await createAll(files, tree);
await workUntilDone(files, tree.length);

/** Creates a flow for every file. Repeating it after a crash changes nothing. */
async function createAll(files: Catalogue, tree: readonly TreeFile[]): Promise<void> {
  for (let start = 0; start < tree.length; start += BATCH_COUNT) {
    const batch = tree.slice(start, start + BATCH_COUNT);
    await files.createMany(
      batch.map(({ folder, path }) => ({ id: path, folder, payload: { path } })),
      { idempotent: true },
    );
    await report(files);
  }
}

/** Runs a worker over all states until every flow has completed. */
async function workUntilDone(files: Catalogue, fileCount: number): Promise<void> {
  await using worker = startWorker(files, {
    worker: `ingest-${process.pid}`,
    concurrency: 64,
    handlers: {
      found: ({ payload: { path } }) => ok({ path, ...digest(root!, path) }),
      hashed: ({ payload }) => ok(payload),
      catalogued: ({ payload }) => ok(payload),
    },
  });
  while (await report(files) < fileCount) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await worker.drain();
}

/** Tells the parent how far the work is; returns the number of catalogued files. */
async function report(files: Catalogue): Promise<number> {
  const { states, completed } = await files.info();
  const hashed = (states.hashed ?? 0) + (states.catalogued ?? 0);
  const created = Object.values(states).reduce((sum, count) => sum + count, 0);
  process.stdout.write(`${JSON.stringify({ created, hashed, completed })}\n`);
  return completed;
}
