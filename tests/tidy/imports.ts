/**
 * Which file imports which, read from the source text.
 *
 * The formatter puts every import at the start of a line, so a pattern is enough here; the linter
 * judges imports on the syntax tree.
 *
 * @module
 */

import { textOf, type Tree } from "./tree.ts";

/** How a file names another: erased before it runs, loaded with it, or loaded on demand. */
export type ImportKind = "type" | "static" | "dynamic";

/** One import or re-export. */
export interface Import {
  readonly kind: ImportKind;
  readonly specifier: string;
}

const statement = /^(?:import|export)\s+(type\s+(?!,))?(?:[^;"'`]*?\bfrom\s+)?"([^"]+)"/gm;
const expression = /\bimport\(\s*"([^"]+)"\s*,?\s*\)/g;

/** Every import of a source text. */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  for (const [, type, specifier = ""] of source.matchAll(statement)) {
    found.push({ kind: type === undefined ? "static" : "type", specifier });
  }
  for (const [, specifier = ""] of source.matchAll(expression)) {
    found.push({ kind: "dynamic", specifier });
  }
  return found;
}

/** The project path that a relative specifier in the file at `path` means. */
export function resolve(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** Every file and outside module that `start` leads to over imports of the given kinds, with the way. */
export function reachable(
  tree: Tree,
  start: readonly string[],
  kinds: readonly ImportKind[],
): Map<string, string> {
  const ways = new Map(start.map((path) => [path, path]));
  for (const [path, way] of ways) {
    if (!path.endsWith(".ts")) continue;
    for (const { kind, specifier } of importsOf(textOf(tree, path))) {
      if (!kinds.includes(kind)) continue;
      const target = specifier.startsWith(".") ? resolve(path, specifier) : specifier;
      if (!ways.has(target)) ways.set(target, `${way} → ${target}`);
    }
  }
  return ways;
}
