/**
 * Human approval by signal: a flow asks, waits for days, reminds, and gives up.
 *
 * The days pass in a moment, since time is moved by hand here; `openStore({ dir: "./data" })` instead
 * of `memoryStore()` is the same program for people who take as long as they take.
 *
 * @module
 */
import process from "node:process";
import { complete, fail, isFlowError, startWorker, transition, type, workflow } from "../mod.ts";
import { memoryStore } from "../src/testing/mod.ts";

const DAY_MS = 86_400_000;
const REMINDERS_MAX = 2;

await using store = await memoryStore();
const startMs = store.time.clock.wallMs();

/** Says what happens, and on which day. */
function say(id: string, what: string): void {
  const day = (store.time.clock.wallMs() - startMs) / DAY_MS;
  console.log(`day ${day.toFixed(1).padStart(4)}  ${id.padEnd(8)} ${what}`);
}

const expense = workflow({
  type: "expense",
  store,
  initialState: "requested",
  states: {
    requested: { payload: type<{ euros: number }>() },
    // Due when it is time for the next reminder; an answer takes it out before.
    asked: { payload: type<{ euros: number; reminders: number }>() },
    // Due never, until somebody says so.
    held: {},
    approved: { payload: type<{ euros: number }>() },
  },
});

// What has really been paid, by expense.
const paid = new Map<string, number>();
const tomorrow = () => ({ runAtMs: store.time.clock.wallMs() + DAY_MS });

await using _worker = startWorker(expense, {
  worker: "worker-1",
  handlers: {
    requested: ({ id, payload: { euros } }) => {
      say(id, `asks the manager for ${euros.toLocaleString("en")} €`);
      return transition("asked", { euros, reminders: 0 }, tomorrow());
    },
    asked: ({ id, payload: { euros, reminders } }) => {
      if (reminders === REMINDERS_MAX) {
        say(id, "gives up");
        return fail("Nobody has answered");
      }
      say(id, `reminds the manager, number ${reminders + 1}`);
      return transition("asked", { euros, reminders: reminders + 1 }, tomorrow());
    },
    approved: ({ id, payload: { euros } }) => {
      say(id, `is paid, ${euros} €`);
      paid.set(id, (paid.get(id) ?? 0) + euros);
      return complete({ euros });
    },
  },
});

/** What the manager's buttons do. */
async function press(button: "approved" | "held", id: string): Promise<void> {
  say(id, `the manager presses "${button}"`);
  try {
    await expense.signal(id, {
      signal: button,
      ifState: ["asked", "held"],
      transitionTo: button,
      // However often the button is pressed, it is one answer.
      idempotencyKey: button,
      runAtMs: button === "held" ? null : undefined,
    });
  } catch (error) {
    if (!isFlowError(error, "flow_terminal")) throw error;
    say(id, "is over: too late");
  }
}

await expense.createMany([
  { id: "train", payload: { euros: 80 } },
  { id: "printer", payload: { euros: 450 } },
  { id: "yacht", payload: { euros: 2_000_000 } },
]);

await store.advance(0.5 * DAY_MS);
await press("approved", "train");
await press("approved", "train");
await store.advance(DAY_MS);
await press("held", "printer");
await store.advance(5 * DAY_MS);
await press("approved", "printer");
await press("approved", "yacht");
await store.advance(0);

const { completed, failed } = await expense.info();
const total = [...paid.values()].reduce((sum, euros) => sum + euros, 0);
console.log(`\n${completed} paid, ${total} € in all, and ${failed} that nobody answered`);
if (completed !== 2 || failed !== 1 || total !== 80 + 450) process.exitCode = 1;
