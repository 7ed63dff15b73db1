/**
 * Money that moves exactly once. An account is a key, a transfer is a flow, and `atomic()` changes two
 * balances and ends the transfer in one step.
 *
 * Eight workers meet on five accounts, and now and then one of them stops in the middle for so long
 * that another has taken its transfer over when it goes on. No cent is lost or made.
 *
 * @module
 */
import process from "node:process";
import {
  type Handler,
  isFlowError,
  noReply,
  openStore,
  type StatesOf,
  type,
  workflow,
} from "../mod.ts";

const BANK = "bank-1";
const ACCOUNTS = ["ada", "ben", "cleo", "dan", "eve"];
const OPENING_CENTS = 10_000;
const TRANSFER_COUNT = 300;

await using store = await openStore(":memory:");
const inBank = { partitionKey: BANK };

const transfer = workflow({
  type: "transfer",
  store,
  partitionBy: ["bank"],
  initialState: "ordered",
  states: {
    ordered: {
      payload: type<{ from: string; to: string; cents: number }>(),
      leaseMs: 50,
      maxReclaims: null,
    },
  },
});

for (const account of ACCOUNTS) await store.kv.set(account, OPENING_CENTS, inBank);
await transfer.createMany(Array.from({ length: TRANSFER_COUNT }, (_, index) => {
  const to = ACCOUNTS[(index + 1 + index % 4) % 5]!;
  const payload = { from: ACCOUNTS[index % 5]!, to, cents: 1 + index % 99 };
  return { id: `transfer-${index}`, bank: BANK, payload };
}));

const count = { conflicts: 0, late: 0 };

/** Moves the money of one transfer. What it has read may be old when it writes. */
const move: Handler<StatesOf<typeof transfer>, "ordered"> = async (job) => {
  const { id, fencingToken, leaseToken, payload: { from, to, cents } } = job;
  while (true) {
    const payer = await balance(from);
    const payee = await balance(to);
    // Whoever claims such a transfer first hangs here; the next one does not.
    if (id.endsWith("7") && fencingToken === 1) await pause(120);
    try {
      await store.atomic(BANK, (tx) => {
        tx.complete(job, { leaseToken, fencingToken });
        tx.kv.set(from, payer.cents - cents, { ifVersion: payer.version });
        tx.kv.set(to, payee.cents + cents, { ifVersion: payee.version });
      });
      return noReply;
    } catch (error) {
      if (isFlowError(error, "stale_lease")) {
        count.late++; // Another worker has the transfer now, or has done it.
        return noReply;
      }
      if (!isFlowError(error, "version_conflict")) throw error;
      count.conflicts++; // Another transfer was faster: look at the balances again.
    }
  }
};

async function balance(account: string): Promise<{ cents: number; version: number }> {
  const entry = await store.kv.get(account, inBank);
  if (entry === null) throw new Error(`There is no account of ${account}`);
  return { cents: entry.value as number, version: entry.version };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function work(worker: string): Promise<void> {
  while ((await transfer.info()).completed < TRANSFER_COUNT) {
    const results = await transfer.runOnce("ordered", { worker, limit: 3, handler: move });
    if (results.length === 0) await pause(5);
  }
}

await Promise.all(ACCOUNTS.concat("fay", "gus", "hal").map((name) => work(`worker of ${name}`)));

const { items } = await store.kv.list("", inBank);
const total = items.reduce((sum, { value }) => sum + (value as number), 0);
for (const { key, value } of items) console.log(`${key.padEnd(6)}${value} cents`);
console.log(`${TRANSFER_COUNT} transfers, ${total} cents in all`);
console.log(`${count.conflicts} met on an account, ${count.late} came too late`);

// What every account has to have, transfer by transfer.
const expected = new Map(ACCOUNTS.map((account) => [account, OPENING_CENTS]));
for (let index = 0; index < TRANSFER_COUNT; index++) {
  const [from, to] = [ACCOUNTS[index % 5]!, ACCOUNTS[(index + 1 + index % 4) % 5]!];
  expected.set(from, expected.get(from)! - (1 + index % 99));
  expected.set(to, expected.get(to)! + (1 + index % 99));
}
const isRight = items.every(({ key, value }) => expected.get(key) === value);
if (!isRight || items.length !== 5 || count.late === 0) process.exitCode = 1;
