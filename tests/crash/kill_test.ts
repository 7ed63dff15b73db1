import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test, when } from "../harness.ts";
import { commandOf, currentRuntime, type RuntimeName, runtimeNames } from "../runtimes.ts";
import { scratchFolder } from "../scratch.ts";
import { Acknowledged, assertBackups, assertKept } from "./acknowledged.ts";

/** So often is the writer killed by its own runtime; between Deno and the others more kills come. */
const ROUNDS = currentRuntime === "deno" ? 20 : 10;

/** How often every pair of runtimes has its turn. */
const PAIR_ROUNDS = 2;

/**
 * A child is killed at a random moment after it has said so many lines, at random as well: a machine
 * that is busy gives it more time to say them.
 */
const LINES_MAX = 400;
const LIFE_AFTER_MS_MAX = 10;

const writer = new URL("./child.ts", import.meta.url);
const reader = new URL("./reader.ts", import.meta.url);

test(`openStore() finds everything acknowledged after each of ${ROUNDS} kills at random moments`, async () => {
  using scratch = scratchFolder();
  const dir = join(scratch.path, "data");
  const acknowledged = new Acknowledged();
  let checkpointCount = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    acknowledged.note(await saidUntilKilled(currentRuntime, { dir, round, shards: 2 }));
    {
      await using store = await openStore({ dir });
      const { shards } = store.stats();
      if (shards.some(({ checkpointRecords }) => checkpointRecords > 0)) checkpointCount += 1;
      await assertKept(store, { acknowledged, round });
    }
    await assertBackups(dir, acknowledged);
  }
  assertBusy(acknowledged, ROUNDS);
  assert(checkpointCount > 0, "No killed process has left a checkpoint");
});

test(
  "openStore() finds everything that a killed process of another runtime was told",
  when(runtimeNames.every((name) => commandOf(name, writer) !== undefined)),
  async () => {
    using scratch = scratchFolder();
    const dir = join(scratch.path, "data");
    const said = join(scratch.path, "said");
    const acknowledged = new Acknowledged();
    let round = 0;
    for (let turn = 0; turn < PAIR_ROUNDS; turn++) {
      for (const killed of runtimeNames) {
        for (const next of runtimeNames) {
          const lines = await saidUntilKilled(killed, { dir, round: ++round, shards: 1 });
          acknowledged.note(lines);
          appendFileSync(said, lines.map((line) => `${line}\n`).join(""));
          await assertFine(next, { dir, said, round, killed });
        }
      }
    }
    assertBusy(acknowledged, round);
  },
);

/** Whether there was something of everything to lose. */
function assertBusy(acknowledged: Acknowledged, rounds: number): void {
  const { created, moved, completed, spawned, signaled, set, dropped, put, linked, backed } =
    acknowledged;
  assert(created.size > rounds, `only ${created.size} created`);
  assert(moved > 0, "nothing was moved");
  // Once is enough, and certain: most rounds have all of it.
  const all = { completed, spawned, signaled, set, dropped, put, linked, backed };
  for (const [what, { size }] of Object.entries(all)) assert(size > 0, `nothing was ${what}`);
}

/** Runs a writer, kills it at a random moment after it has opened the store, returns what it said. */
async function saidUntilKilled(
  runtime: RuntimeName,
  { dir, round, shards }: {
    readonly dir: string;
    readonly round: number;
    readonly shards: number;
  },
): Promise<string[]> {
  const [executable, ...args] = commandOf(runtime, writer)!;
  const child = spawn(executable, [...args, dir, String(round), String(shards)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const lines = await linesUntilKilled(child);
  const [code, signal] = await closed;
  assertEquals([code, signal], [null, "SIGKILL"], `${runtime} ended by itself`);
  return lines;
}

async function linesUntilKilled(child: ChildProcess): Promise<string[]> {
  let text = "";
  let linesLeft = 1 + Math.random() * LINES_MAX;
  let timer: ReturnType<typeof setTimeout> | undefined;
  child.stdout!.setEncoding("utf8");
  child.stdout!.on("data", (chunk: string) => {
    text += chunk;
    linesLeft -= chunk.split("\n").length - 1;
    if (linesLeft > 0) return;
    timer ??= setTimeout(() => child.kill("SIGKILL"), Math.random() * LIFE_AFTER_MS_MAX);
  });
  await once(child.stdout!, "end");
  clearTimeout(timer);
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "");
}

/** Lets another process open the store and look for everything. */
async function assertFine(
  runtime: RuntimeName,
  { dir, said, round, killed }: {
    readonly dir: string;
    readonly said: string;
    readonly round: number;
    readonly killed: RuntimeName;
  },
): Promise<void> {
  const [executable, ...args] = commandOf(runtime, reader)!;
  const child = spawn(executable, [...args, dir, String(round), said], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let complaint = "";
  child.stderr!.setEncoding("utf8");
  child.stderr!.on("data", (chunk: string) => complaint += chunk);
  const [code] = await once(child, "close");
  assertEquals(code, 0, `${runtime} after ${killed}, round ${round}: ${complaint}`);
}
