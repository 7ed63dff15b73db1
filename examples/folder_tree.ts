/**
 * Fan-out: every folder of a real tree is a flow that waits for a flow for each file and each folder
 * in it, and then adds up what they have found.
 *
 * `deno run -A examples/folder_tree.ts [folder]`
 *
 * @module
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { complete, fanout, ok, openStore, startWorker, type, workflow } from "../mod.ts";

const ROOT = process.argv[2] ?? "src";

interface Sum {
  readonly files: number;
  readonly bytes: number;
}

await using store = await openStore(":memory:");

const payload = type<{ path: string }>();
const file = workflow({
  type: "file",
  store,
  initialState: "found",
  states: { found: { payload } },
});
const folder = workflow({
  type: "folder",
  store,
  initialState: "found",
  states: {
    found: { payload },
    counted: { payload, onOk: complete() },
    failed: {},
  },
});

await using files = startWorker(file, {
  worker: "reader",
  handler: (job) => ok({ files: 1, bytes: readFileSync(job.payload.path).length }),
});

await using folders = startWorker(folder, {
  worker: "adder",
  handlers: {
    found: ({ payload: { path } }) => {
      const children = readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
        const child = { id: join(path, entry.name), payload: { path: join(path, entry.name) } };
        if (entry.isDirectory()) return folder.child(child);
        return entry.isFile() ? file.child(child) : [];
      });
      if (children.length === 0) return complete({ files: 0, bytes: 0 });
      return fanout(children, { onAllOk: "counted", onAnyError: "failed" });
    },
    // Claimed when the last child has ended, however deep the tree below it is.
    counted: async (job) => {
      const children = await folder.children(job, { count: 1_000 });
      const sums = await store.valueMget(children.map(({ resultRef }) => resultRef ?? "")) as Sum[];
      return ok({
        files: sums.reduce((total, { files }) => total + files, 0),
        bytes: sums.reduce((total, { bytes }) => total + bytes, 0),
      });
    },
  },
});

const startedAtMs = performance.now();
await folder.create({ id: ROOT, payload: { path: ROOT } });
while ((await folder.get(ROOT))?.terminalRetentionUntilMs === null) {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const ms = Math.round(performance.now() - startedAtMs);
await Promise.all([files.drain(), folders.drain()]);

/** What a flow has ended with. */
async function sumOf(id: string): Promise<Sum> {
  return (await store.get(id, { full: true }))?.result as Sum;
}

const sum = await sumOf(ROOT);
const children = await folder.children(ROOT, { count: 1_000 });
const rows = await Promise.all(children.map(async ({ id }) => ({ id, ...await sumOf(id) })));
for (const { id, files, bytes } of rows.sort((a, b) => b.bytes - a.bytes).slice(0, 10)) {
  const bar = "█".repeat(Math.round(50 * bytes / sum.bytes));
  console.log(`${id.padEnd(24)} ${String(files).padStart(5)} files ${bar}`);
}
const { completed } = await folder.info();
console.log(
  `${completed} folders and ${sum.files} files, each a flow, ${sum.bytes} bytes, in ${ms} ms`,
);

// What somebody finds who walks the tree and knows nothing of flows.
const sizes = readdirSync(ROOT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => statSync(join(parentPath, name)).size);
const isRight = sum.files === sizes.length &&
  sum.bytes === sizes.reduce((total, size) => total + size, 0);
if (!isRight) process.exitCode = 1;
