/**
 * A process that opens a store with a log thread, writes, and comes to its end without closing.
 *
 * @module
 */
import process from "node:process";
import { openStore } from "../../mod.ts";

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new TypeError("Usage: idle_child.ts <dir>");

const store = await openStore({ dir, log: "thread" });
await store.create("a", { type: "job" });
// Somebody waits for this one, so it keeps the process alive.
void store.create("b", { type: "job" }).then(({ id }) =>
  process.stdout.write(`${id} is durable\n`)
);
process.on("exit", () => process.stdout.write("exit\n"));
