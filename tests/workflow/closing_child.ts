/**
 * A process whose store is closed under a worker with nothing but handlers that never return.
 *
 * @module
 */
import process from "node:process";
import { openStore, startWorker, workflow } from "../../mod.ts";

const store = await openStore(":memory:");
const job = workflow({ type: "job", store, initialState: "queued", states: { queued: {} } });
for (const id of ["a", "b", "c"]) await job.create({ id });

const started = Promise.withResolvers<void>();
let count = 0;
startWorker(job, {
  ...{ worker: "w", concurrency: 2, leaseMs: 300 },
  handler: ({ signal }) => {
    signal.addEventListener("abort", () => process.stdout.write(`${signal.reason.code}\n`));
    if (++count === 2) started.resolve();
    return new Promise(() => {});
  },
});
await started.promise;
await store.close();
process.on("exit", () => process.stdout.write("exit\n"));
