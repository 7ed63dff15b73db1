/**
 * A user of the packed library: imports it by name, where its sources are not, and runs one flow
 * from beginning to end.
 *
 * @module
 */

import { complete, ok, openStore, type, workflow } from "@flowcask/flowcask";
import { fakeStore } from "@flowcask/flowcask/testing";

await using store = await openStore({ dir: "./data" });

const email = workflow({
  type: "email",
  store,
  initialState: "queued",
  states: { queued: { payload: type<string>(), leaseMs: 30_000, onOk: complete() } },
});

await email.create({ id: "email-1", payload: "welcome" });
await email.runOnce("queued", { worker: "worker-1", handler: (job) => ok(job.payload.length) });

const record = await email.get("email-1");
if (record?.state !== "completed") throw new Error(`The flow is ${record?.state}`);
if (typeof fakeStore !== "function") throw new Error("The testing door is shut");
