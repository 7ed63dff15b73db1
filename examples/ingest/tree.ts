/**
 * The files of a directory tree, and what is true of each.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import process from "node:process";

/** A file to be catalogued. */
export interface TreeFile {
  /** Its folder, relative to the tree; `"."` for the top. The flow's partition. */
  readonly folder: string;
  /** Its path, relative to the tree. The flow's id. */
  readonly path: string;
}

/** The regular files below `root`, in the order of their paths. Links are not followed. */
export function scan(root: string): TreeFile[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({
      folder: relative(root, entry.parentPath) || ".",
      path: relative(root, join(entry.parentPath, entry.name)),
    }))
    .sort((left, right) => left.path < right.path ? -1 : 1);
}

/** What the catalogue says of a file. */
export interface Digest {
  /** SHA-256 of the content, in hexadecimal. */
  readonly sha256: string;
  /** The size in bytes. */
  readonly bytes: number;
}

/** Reads a file of the tree and computes its digest. */
export function digest(root: string, path: string): Digest {
  const content = readFileSync(join(root, path));
  return { sha256: createHash("sha256").update(content).digest("hex"), bytes: content.length };
}

/** Below this many files a tree is no load for a demonstration. */
const FILES_MIN = 1_000;

/**
 * The tree to take when none is given: the installed dependencies of this project; while these are
 * only a few files, the installed npm, which is there because it has started this.
 */
export function defaultTree(): string {
  const own = "node_modules";
  return scan(own).length >= FILES_MIN ? own : installedNpm() ?? own;
}

/** The folder of the npm that stands first on the PATH. */
function installedNpm(): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const command = join(folder, "npm");
    // A link to npm/bin/npm-cli.js.
    if (existsSync(command)) return dirname(dirname(realpathSync(command)));
  }
  return undefined;
}
