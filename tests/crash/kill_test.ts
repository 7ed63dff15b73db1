import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type FlowStore, openStore, type Store } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const ROUNDS = 50;

/** How long a child lives after it has opened the store. */
const LIFE_MS_MAX = 120;

/** What children were told is done, over all rounds. */
class Acknowledged {
  readonly created = new Set<string>();
  readonly claims = new Set<string>();
  readonly retried = new Map<string, number>();
  readonly completed = new Map<string, number>();
  moved = 0;

  /** Notes one line of a child; a line that was cut off by the kill says nothing. */
  note(line: string): void {
    const [verb, id = "", fencing] = line.split(" ");
    if (verb === "created") this.created.add(id);
    if (verb === "claimed") {
      const claim = `${id} ${fencing}`;
      assert(!this.claims.has(claim), `claimed twice under one fencing number: ${claim}`);
      this.claims.add(claim);
    }
    if (verb === "moved") this.moved = Number(id);
    if (verb === "retried") this.retried.set(id, Number(fencing));
    if (verb === "completed") {
      assert(!this.completed.has(id), `completed twice: ${id}`);
      this.completed.set(id, Number(fencing));
    }
  }
}

test("openStore() finds everything acknowledged after each of 50 kills at random moments", async () => {
  const dir = mkdtempSync(join(tmpdir(), "flowcask-kill-"));
  try {
    const acknowledged = new Acknowledged();
    for (let round = 1; round <= ROUNDS; round++) {
      await runAndKill(dir, round, acknowledged);
      await using store = await openStore({ dir });
      await verify(store, acknowledged);
    }
    // A busy machine does little in such short lives, but never nothing.
    assert(acknowledged.created.size > ROUNDS, `only ${acknowledged.created.size} created`);
    assert(acknowledged.completed.size > 10, `only ${acknowledged.completed.size} completed`);
    assert(acknowledged.moved > 10, `only ${acknowledged.moved} moved`);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** Runs a child, kills it at a random moment after it has opened the store, notes what it said. */
async function runAndKill(dir: string, round: number, acknowledged: Acknowledged): Promise<void> {
  const script = fileURLToPath(new URL("./child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dir, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const lines = await linesUntilKilled(child);
  const [code, signal] = await closed;
  assertEquals([code, signal], [null, "SIGKILL"], "the child ended by itself");
  for (const line of lines) acknowledged.note(line);
}

async function linesUntilKilled(child: ChildProcess): Promise<string[]> {
  let text = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  child.stdout!.setEncoding("utf8");
  child.stdout!.on("data", (chunk: string) => {
    text += chunk;
    timer ??= setTimeout(() => child.kill("SIGKILL"), Math.random() * LIFE_MS_MAX);
  });
  await once(child.stdout!, "end");
  clearTimeout(timer);
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
}

/** Everything acknowledged is there, and nothing stands in a history that cannot have happened. */
async function verify(store: Store, acknowledged: Acknowledged): Promise<void> {
  for (const id of acknowledged.created) {
    const flow = await store.get(id);
    assert(flow !== null, `lost: ${id}`);
    const completedBy = acknowledged.completed.get(id);
    if (completedBy !== undefined) {
      assertEquals(
        [flow.state, flow.fencingToken],
        ["completed", completedBy],
        `lost the end of ${id}`,
      );
    }
    const retriedBy = acknowledged.retried.get(id);
    if (retriedBy !== undefined) assert(flow.attemptsTotal >= 1, `lost the retry of ${id}`);
  }
  for (const claim of acknowledged.claims) {
    const [id = "", fencing] = claim.split(" ");
    const flow = await store.get(id);
    assert(flow !== null && flow.fencingToken >= Number(fencing), `lost the claim ${claim}`);
  }
  for (const id of [...acknowledged.created].slice(-50)) await verifyHistory(store, id);
  const inLedger = { partitionKey: "ledger" };
  const up = Number((await store.kv.get("up", inLedger))?.value ?? 0);
  const down = Number((await store.kv.get("down", inLedger))?.value ?? 0);
  assertEquals(up + down, 0, "half of an atomic() is there");
  assert(up >= acknowledged.moved, `lost: ${acknowledged.moved} were counted, ${up} are there`);
}

async function verifyHistory(store: FlowStore, id: string): Promise<void> {
  const events = await store.history(id, { count: 1_000 });
  assertEquals(events.map(({ version }) => version), events.map((_, index) => index + 1));
  const claims = events.filter(({ event }) => event === "claimed");
  const fencings = claims.map(({ fencingToken }) => fencingToken);
  assertEquals(new Set(fencings).size, fencings.length, `one fencing number twice: ${id}`);
}
