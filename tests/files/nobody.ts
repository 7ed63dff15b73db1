/**
 * What becomes of a directory that somebody else may not open or write.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { assertEquals } from "../assert.ts";
import { commandOf, currentRuntime } from "../runtimes.ts";

const script = new URL("./nobody_child.ts", import.meta.url);

/** Whether there are permissions, and a user without any. */
export const hasNobody: boolean = process.platform === "linux";

/** What nobody is told who locks the directory at `path`, so many times. */
export function askedByNobody(path: string, { times }: { readonly times: number }): string[] {
  const [executable, ...args] = commandOf(currentRuntime, script)!;
  const { status, stdout, stderr } = spawnSync(executable, [...args, path, String(times)], {
    encoding: "utf8",
  });
  assertEquals([status, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}
