/**
 * The runtimes that tests may start: the one that is running, and those whose executables the
 * environment names (`FLOWCASK_DENO`, `FLOWCASK_BUN`, `FLOWCASK_NODE`), as CI does.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
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

/** How a process has ended, and what it has printed. */
export interface EndedScript {
  /** Its exit code and the signal that ended it: `[0, null]` if all is well. */
  readonly ended: readonly unknown[];
  /** What it has printed, but for errors: those are passed on. */
  readonly text: string;
}

/**
 * Runs the script at `url` as a process of its own, on the runtime that runs this test, until it ends.
 *
 * @param timeoutMs It is ended after so many milliseconds. Default: never.
 */
export async function runScript(
  url: URL,
  { args = [], timeoutMs = 0 }: { readonly args?: readonly string[]; readonly timeoutMs?: number } =
    {},
): Promise<EndedScript> {
  const [executable, ...own] = commandOf(currentRuntime, url)!;
  const child = spawn(executable, [...own, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: timeoutMs,
  });
  const ended = once(child, "close");
  let text = "";
  for await (const chunk of child.stdout!) text += chunk;
  return { ended: await ended, text };
}
