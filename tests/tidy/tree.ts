/**
 * The project's own files as text, for the tidy test.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { roomOf } from "../lint/layers.ts";

/** Text of every file by its path from the project's root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>;

/** Folders that tools fill; they are not part of the project. */
const filled: ReadonlySet<string> = new Set([".git", "coverage", "node_modules"]);

/** Reads every file of the project that is text. */
export function projectTree(): Tree {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const tree = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
      const path = folder + entry.name;
      if (entry.isDirectory()) {
        if (!filled.has(entry.name)) walk(`${path}/`);
      } else if (/\.(ts|md|json|lock|yml)$|^\.ci\/|\/?(LICENSE|\.gitignore)$/.test(path)) {
        tree.set(path, readFileSync(root + path, "utf8"));
      }
    }
  };
  walk("");
  return tree;
}

/** The text of a file that has to be there. */
export function textOf(tree: Tree, path: string): string {
  const text = tree.get(path);
  if (text === undefined) throw new Error(`The project has no ${path}`);
  return text;
}

/** The rooms of `src/` that hold code, a room inside a room included. */
export function roomsIn(tree: Tree): string[] {
  const inside = [...tree.keys()].filter((path) => /^src\/.+\/.+\.ts$/.test(path));
  return [...new Set(inside.map(roomOf))].sort();
}

/** The folders of `src/` that hold code: rooms, and corners of them. */
export function foldersIn(tree: Tree): string[] {
  const inside = [...tree.keys()].flatMap((path) => /^src\/(.+)\/[^/]+\.ts$/.exec(path)?.[1] ?? []);
  return [...new Set(inside)].sort();
}

/** The part of `deno.json` that the rules look at. */
export interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly tasks: Readonly<Record<string, { readonly command: string }>>;
}

/** `deno.json`, read. */
export function manifestOf(tree: Tree): Manifest {
  return JSON.parse(textOf(tree, "deno.json")) as Manifest;
}
