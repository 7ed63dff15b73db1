/**
 * The process that opens a store after another one was killed, and looks whether everything is there.
 *
 * Run as `reader.ts <data directory> <file with the lines that children have said>`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { openStore } from "../../mod.ts";
import { Acknowledged, assertKept } from "./acknowledged.ts";

const [dir, said] = process.argv.slice(2);
if (dir === undefined || said === undefined) throw new TypeError("Usage: reader.ts <dir> <file>");

const acknowledged = new Acknowledged();
acknowledged.note(readFileSync(said, "utf8").split("\n"));
await using store = await openStore({ dir });
await assertKept(store, acknowledged);
