/**
 * The process that opens a store after another one was killed, and looks whether everything is there.
 *
 * Run as `reader.ts <data directory> <round> <file with the lines that children have said>`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { openStore } from "../../mod.ts";
import { Acknowledged, assertBackups, assertKept } from "./acknowledged.ts";

const [dir, round, said] = process.argv.slice(2);
if (dir === undefined || round === undefined || said === undefined) {
  throw new TypeError("Usage: reader.ts <dir> <round> <file>");
}

const acknowledged = new Acknowledged();
acknowledged.note(readFileSync(said, "utf8").split("\n"));
{
  await using store = await openStore({ dir });
  await assertKept(store, { acknowledged, round: Number(round) });
}
await assertBackups(dir, acknowledged);
