/**
 * The runtimes that tests may start: the one that is running, and those whose executables the
 * environment names (`FLOWCASK_DENO`, `FLOWCASK_BUN`, `FLOWCASK_NODE`), as CI does.
 *
 * @module
 */

import process from "node:process";

/** The name of a runtime. */
export type RuntimeName = "deno" | "bun" | "node";

/** All of them. Deno and Bun say that they are Node as well, so Node comes last. */
export const runtimeNames: readonly RuntimeName[] = ["deno", "bun", "node"];

/** The runtime that runs this test. */
export const currentRuntime: RuntimeName =
  runtimeNames.find((name) => process.versions[name] !== undefined) ?? "node";

/**
 * The command that runs the script at `url` on a runtime, executable first, or `undefined` if that
 * runtime is not at hand.
 */
export function commandOf(runtime: RuntimeName, url: URL): [string, ...string[]] | undefined {
  const named = process.env[`FLOWCASK_${runtime.toUpperCase()}`];
  const executable = named ?? (runtime === currentRuntime ? process.execPath : undefined);
  if (executable === undefined) return undefined;
  return [executable, ...runtime === "deno" ? ["run", "--quiet", "-A"] : [], url.pathname];
}
