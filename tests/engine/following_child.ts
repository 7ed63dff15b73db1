/**
 * A process that does nothing but follow the events of its store, until that is closed.
 *
 * @module
 */
import process from "node:process";
import { setTimeout } from "node:timers";
import { openStore } from "../../mod.ts";

const store = await openStore(":memory:");
// These keep no process alive.
setTimeout(() => void store.create("a", { type: "job" }), 100).unref();
setTimeout(() => void store.close(), 300).unref();
for await (const { id } of store.events()) process.stdout.write(`${id}\n`);
process.stdout.write("closed\n");
