/**
 * A saga: a journey is booked step by step, and if a step cannot be done, what was booked before it is
 * undone in reverse.
 *
 * Every step is a state, and so is every step back. Where to go when a step fails for good stands
 * beside it, so after a crash a journey goes on, forward or back, from where it was.
 *
 * @module
 */
import process from "node:process";
import { complete, fail, ok, openStore, retryOr, startWorker, type, workflow } from "../mod.ts";

const JOURNEY_COUNT = 60;

/** What companies have done for each journey, in order. */
const journal = new Map<string, string[]>();

/** A company that takes bookings. It knows one by its journey, so booking again changes nothing. */
function company(name: string, { euros, daysMax }: { euros: number; daysMax: number }) {
  const ledger = new Map<string, number>();
  const calls = new Set<string>();
  /** Every fifth call is in vain, unless it is made again. */
  const call = (id: string, what: string, change: () => void): void => {
    const key = `${what} of ${id}`;
    if (!calls.has(key) && calls.add(key).size % 5 === 0) throw new Error("Nobody answers");
    change();
    journal.set(id, [...journal.get(id) ?? [], what]);
  };
  return {
    ...{ name, euros, daysMax, ledger },
    book(id: string, days: number): void {
      if (days > daysMax) throw new RangeError(`No ${name} for ${days} days`);
      call(id, name, () => ledger.set(id, days * euros));
    },
    cancel(id: string): void {
      call(id, `no ${name}`, () => ledger.delete(id));
    },
  };
}

const flights = company("flight", { euros: 90, daysMax: 14 });
const hotels = company("hotel", { euros: 120, daysMax: 12 });
const cars = company("car", { euros: 40, daysMax: 9 });

await using store = await openStore(":memory:");

const payload = type<{ days: number }>();
const retry = { maxRetries: 3, backoff: { kind: "fixed", baseMs: 5 } } as const;
// What was booked has to be undone, however often that fails.
const retryLong = { ...retry, maxRetries: 1_000 } as const;

const journey = workflow({
  type: "journey",
  store,
  initialState: "flight",
  states: {
    flight: { payload, retry, onOk: "hotel", onError: retryOr("failed") },
    hotel: { payload, retry, onOk: "car", onError: retryOr("undoFlight") },
    car: { payload, retry, onOk: complete(), onError: retryOr("undoHotel") },
    undoHotel: { payload, retry: retryLong, onOk: "undoFlight" },
    undoFlight: { payload, retry: retryLong },
  },
});

const daysOf = (index: number): number => 1 + index % 15;
await journey.createMany(
  Array.from({ length: JOURNEY_COUNT }, (_, index) => ({
    id: `journey-${index}`,
    payload: { days: daysOf(index) },
  })),
);

await using worker = startWorker(journey, {
  worker: "worker-1",
  handlers: {
    // A throw is tried again, and in the end leads back.
    flight: ({ id, payload }) => {
      flights.book(id, payload.days);
      return ok();
    },
    hotel: ({ id, payload }) => {
      hotels.book(id, payload.days);
      return ok();
    },
    car: ({ id, payload }) => {
      cars.book(id, payload.days);
      return ok();
    },
    undoHotel: ({ id }) => {
      hotels.cancel(id);
      return ok();
    },
    undoFlight: async ({ id }) => {
      flights.cancel(id);
      return fail(await reasonOf(id));
    },
  },
});

/**
 * Why a journey is not possible: what the step threw whose retries were spent. The error of the flow
 * may be another one by now, that of an undo that had to be tried again.
 */
async function reasonOf(id: string): Promise<unknown> {
  const retries = await journey.history(id, { event: "retry", values: true, count: 10_000 });
  return retries.find(({ retry }) => retry?.decision === "exhausted")?.error;
}

let info = await journey.info();
while (info.completed + info.failed < JOURNEY_COUNT) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  info = await journey.info();
}
await worker.drain();

// The companies know nothing of flows, so their books tell whether the flows are right.
const possible = Array.from({ length: JOURNEY_COUNT }, (_, index) => daysOf(index))
  .filter((days) => days <= cars.daysMax);
let isRight = info.completed === possible.length;
for (const { name, ledger, euros } of [flights, hotels, cars]) {
  const total = [...ledger.values()].reduce((sum, paid) => sum + paid, 0);
  isRight &&= total === possible.reduce((sum, days) => sum + days * euros, 0);
  console.log(`${name.padEnd(7)} ${ledger.size} bookings, ${total} €`);
}
let longest: string[] = [];
let reason = "";
for (const { id, error } of await journey.failures({ full: true })) {
  const steps = journal.get(id) ?? [];
  const booked = steps.filter((step) => !step.startsWith("no "));
  isRight &&= [...booked, ...booked.map((step) => `no ${step}`).reverse()].join() === steps.join();
  const { message } = error as Error;
  isRight &&= message.startsWith("No ");
  if (steps.length > longest.length) [longest, reason] = [steps, message];
}
isRight &&= longest.length === 4;

console.log(
  `${info.completed} journeys are booked, ${info.failed} are not possible, and cost nothing`,
);
console.log(`One of those: ${longest.join(", ")}. ${reason}`);
if (!isRight) process.exitCode = 1;
