/**
 * The runtimes that can run the worker process.
 *
 * @module
 */
import { basename } from "node:path";
import process from "node:process";

/** A way to start a TypeScript file. */
export interface Runtime {
  /** `deno`, `bun` or `node`. */
  readonly name: string;
  /** The executable. */
  readonly command: string;
  /** What stands before the file. */
  readonly args: readonly string[];
}

/** The runtime that runs this process; all three start a file given as the first argument. */
const THIS: Runtime = { name: basename(process.execPath), command: process.execPath, args: [] };

/**
 * The runtimes named in a list such as `deno,bun,node`, each looked up in the environment
 * (`FLOWCASK_BUN=/path/to/bun`) and else on the PATH. No list: the runtime of this process.
 */
export function runtimes(list: string | undefined): readonly Runtime[] {
  if (list === undefined) return [THIS];
  return list.split(",").map((name) => {
    const command = process.env[`FLOWCASK_${name.toUpperCase()}`] ?? name;
    if (name === "deno") return { name, command, args: ["run", "-A"] };
    if (name === "bun" || name === "node") return { name, command, args: [] };
    throw new TypeError(`Unknown runtime "${name}": use deno, bun or node`);
  });
}
