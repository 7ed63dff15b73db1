/**
 * A process that wants a directory: it takes it and says `held`, or says why not. Then it holds it
 * until its input ends, or until it is killed.
 *
 * @module
 */

import process from "node:process";
import { FlowError } from "../../src/errors.ts";
import { lockOwner, nodeDirectory } from "../../src/files/mod.ts";

const [path = "", startedAtMs = ""] = process.argv.slice(2);
try {
  using _lock = nodeDirectory(path).lock(lockOwner(Number(startedAtMs)));
  process.stdout.write("held\n");
  for await (const _ of process.stdin);
} catch (error) {
  if (!(error instanceof FlowError)) throw error;
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`);
}
process.exit(0);
