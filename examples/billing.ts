/**
 * A state machine, typed from end to end: invoices are charged, and then their receipts are sent.
 *
 * A worker takes both states at once. The bank is down now and then, so charges are retried; one card
 * is stolen, and no retry would help it.
 *
 * @module
 */
import process from "node:process";
import * as v from "valibot";
import {
  complete,
  fail,
  NonRetryableError,
  ok,
  openStore,
  retryOr,
  startWorker,
  workflow,
} from "../mod.ts";

const INVOICE_COUNT = 20;

await using store = await openStore(":memory:");

const billing = workflow({
  type: "billing",
  store,
  partitionBy: ["tenantId", "invoiceId"],
  initialState: "created",
  states: {
    created: {
      payload: v.object({ amount: v.number(), card: v.string() }),
      leaseMs: 60_000,
      retry: { maxRetries: 8, backoff: { kind: "exponential", baseMs: 10, maxMs: 100 } },
      onOk: "charged",
      onError: retryOr("failed"),
    },
    charged: {
      payload: v.object({ receipt: v.string() }),
      leaseMs: 30_000,
      onOk: complete(),
      onError: fail(),
    },
  },
});

// The bank knows a charge by its flow, so that a repeated one changes nothing.
const charges = new Map<string, number>();
let callCount = 0;

/** What a bank would do: every third call fails. */
function charge(id: string, { amount, card }: { amount: number; card: string }): string {
  if (card === "stolen") throw new NonRetryableError("The card is stolen");
  if (++callCount % 3 === 0) throw new Error("The bank does not answer");
  charges.set(id, amount);
  return `receipt of ${id}`;
}

await billing.createMany(
  Array.from({ length: INVOICE_COUNT }, (_, index) => ({
    id: `invoice-${index}`,
    tenantId: `tenant-${index % 3}`,
    invoiceId: index,
    payload: { amount: 100 + index, card: index === 7 ? "stolen" : "good" },
  })),
);

await using worker = startWorker(billing, {
  worker: "worker-1",
  concurrency: 5,
  handlers: {
    created: (job) => ok({ receipt: charge(job.id, job.payload) }),
    charged: (job) => ok(`sent the ${job.payload.receipt}`),
  },
});

let info = await billing.info();
while (info.completed + info.failed < INVOICE_COUNT) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  info = await billing.info();
}
await worker.drain();

const stolen = await billing.get({ id: "invoice-7", tenantId: "tenant-1", invoiceId: 7 }, {
  full: true,
});
const retryCount = (await billing.list("completed"))
  .reduce((sum, { attemptsTotal }) => sum + attemptsTotal, 0);
const total = [...charges.values()].reduce((sum, amount) => sum + amount, 0);

console.log(`${INVOICE_COUNT} invoices: ${info.completed} completed, ${info.failed} failed`);
console.log(`${charges.size} charges, ${total} in all, after ${retryCount} retries`);
console.log(`invoice-7: ${(stolen?.error as { message: string }).message}`);

const isRight = info.completed === INVOICE_COUNT - 1 && info.failed === 1 &&
  charges.size === INVOICE_COUNT - 1;
if (!isRight) process.exitCode = 1;
