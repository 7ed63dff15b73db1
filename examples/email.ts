/**
 * The smallest workflow: one state, one handler, and a history to read afterwards.
 *
 * The second address bounces: its flow is retried twice and then goes to "failed", with the error.
 *
 * @module
 */
import process from "node:process";
import { complete, ok, openStore, retryOr, type, workflow } from "../mod.ts";

// openStore({ dir: "./data" }) keeps everything on disk; ":memory:" forgets it at the end.
await using store = await openStore(":memory:");

const email = workflow({
  type: "email",
  store,
  initialState: "queued",
  states: {
    queued: {
      payload: type<{ to: string; subject: string }>(),
      leaseMs: 30_000,
      retry: { maxRetries: 2, backoff: { kind: "none" } },
      onOk: complete(),
      onError: retryOr("failed"),
    },
    failed: {},
  },
});

await email.create({ id: "email-1", payload: { to: "ada@example.com", subject: "Welcome" } });
await email.create({ id: "email-2", payload: { to: "nobody", subject: "Welcome" } });

/** What a mail server would do. */
function send({ to }: { readonly to: string }): string {
  if (!to.includes("@")) throw new TypeError(`"${to}" is no address`);
  return `delivered to ${to}`;
}

// Until nothing is due any more. A long-running program would use startWorker() instead.
while (true) {
  const results = await email.runOnce("queued", {
    worker: "worker-1",
    limit: 10,
    handler: (job) => ok(send(job.payload)),
  });
  if (results.length === 0) break;
}

for (const id of ["email-1", "email-2"]) {
  const events = await email.history(id);
  const record = await email.get(id, { full: true });
  const end = record?.result ?? (record?.error as { message: string }).message;
  console.log(`${id}  ${events.map(({ event }) => event).join(" → ")}`);
  console.log(`         ${record?.state}: ${end}`);
}

const { completed, failed } = await email.info();
if (completed !== 1 || failed !== 1) process.exitCode = 1;
