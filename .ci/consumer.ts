/**
 * A user of the packed library: imports it by name, where its sources are not, and runs one flow
 * from beginning to end. Each runtime that comes by opens the directory that the last one left.
 *
 * @module
 */

import { complete, ok, openStore, type, workflow } from "@flowcask/flowcask";
import { fakeStore } from "@flowcask/flowcask/testing";

// The thread has to start where the sources are not.
await using store = await openStore({ dir: "./data", log: "thread" });

const email = workflow({
  type: "email",
  store,
  initialState: "queued",
  states: { queued: { payload: type<string>(), leaseMs: 30_000, onOk: complete() } },
});

const { id } = await email.create({ payload: "welcome" });
await email.runOnce("queued", { worker: "worker-1", handler: (job) => ok(job.payload.length) });

const record = await email.get(id);
if (record?.state !== "completed") throw new Error(`The flow is ${record?.state}`);
if (typeof fakeStore !== "function") throw new Error("The testing door is shut");
