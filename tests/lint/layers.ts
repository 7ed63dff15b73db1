/**
 * Lint rules about imports: down only, through `mod.ts` only, and every outside module in its room.
 *
 * The judgement is a plain function of two strings, so that it can be tested anywhere; the plugin
 * only finds the import sites and reports.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { harnesses, modules, rooms } from "./rooms.ts";

/** What is wrong with an import, and what to do instead. */
export interface Objection {
  readonly message: string;
  readonly hint: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url)).replaceAll("\\", "/");

/** A file's path as the project says it: relative to its root, with forward slashes. */
export function projectPath(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(root) ? path.slice(root.length) : path;
}

/** Whether a path belongs to the library itself, as opposed to tests, examples and tools. */
export function isLibrary(path: string): boolean {
  return path === "mod.ts" || path.startsWith("src/");
}

/**
 * The room a path belongs to: a folder of `src/`, one of its own files, or a top-level name. A
 * folder inside a room is a room of its own if the table has a line for it.
 */
export function roomOf(path: string): string {
  const [first = "", second = "", third = ""] = path.split("/");
  if (first !== "src") return first;
  const inner = `${second}/${third}`;
  return inner in rooms ? inner : second;
}

/** Why the file at `path` may not import `specifier`; `undefined` if it may. */
export function objection(path: string, specifier: string): Objection | undefined {
  if (!/^\.{0,2}\//.test(specifier)) return outsideObjection(path, specifier);
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  const from = roomOf(path);
  const to = roomOf(target);
  if (from === to || from === "tests" || from === ".ci") return undefined;
  if (from === "examples") return exampleObjection(target);
  if (from === "bench") return doorObjection(target);
  if (!isLibrary(target)) {
    return {
      message: `${path} imports ${target}, which is not part of the library`,
      hint: "Move what the library needs into src/, or pass it in as an argument.",
    };
  }
  const below = rooms[from];
  if (below === undefined) {
    return {
      message: `The room ${from} is not in the table of tests/lint/rooms.ts`,
      hint: "Give the room its line there: what it may import, above the rooms that import it.",
    };
  }
  if (!below.includes(to)) {
    return {
      message: `${from} may not import ${to}`,
      hint: `Imports go down only. ${from} may import: ${
        below.join(", ") || "nothing"
      }. Move the code down, or take what you need as an argument.`,
    };
  }
  return doorObjection(target);
}

function outsideObjection(path: string, specifier: string): Objection | undefined {
  if (isLibrary(path)) {
    const places = modules[specifier] ?? [];
    if (places.some((place) => place.endsWith("/") ? path.startsWith(place) : path === place)) {
      return undefined;
    }
    return {
      message: `${specifier} may not be imported in ${path}`,
      hint: places.length === 0
        ? "No room may import it: use what the project has, or add a reasoned line to `modules` in tests/lint/rooms.ts."
        : `Only ${places.join(", ")} may. Use that room through its mod.ts.`,
    };
  }
  const harness = harnesses[specifier];
  if (harness === undefined || harness === path || !path.startsWith("tests/")) return undefined;
  return {
    message: `${specifier} may not be imported in ${path}`,
    hint: `Import ${harness} instead: it works on all three runtimes.`,
  };
}

function exampleObjection(target: string): Objection | undefined {
  if (target === "mod.ts" || target === "src/testing/mod.ts") return undefined;
  return {
    message: `An example imports ${target}, which users do not have`,
    hint: "Import ../mod.ts (or ../src/testing/mod.ts), as a user would.",
  };
}

function doorObjection(target: string): Objection | undefined {
  const isGround = /^src\/[^/]+\.ts$/.test(target);
  const isDoor = target === "mod.ts" || target === `src/${roomOf(target)}/mod.ts`;
  if (isGround || isDoor) return undefined;
  return {
    message: `${target} is inside another room`,
    hint: `Import src/${
      roomOf(target)
    }/mod.ts; if the name is not exported there, ask whether it should be.`,
  };
}

/** `layers/imports` judges every import site; `layers/doors` keeps `mod.ts` a door. */
const plugin: Deno.lint.Plugin = {
  name: "layers",
  rules: {
    imports: {
      create(context) {
        const path = projectPath(context.filename);
        const judge = (source: Deno.lint.StringLiteral): void => {
          const found = objection(path, source.value);
          if (found !== undefined) context.report({ node: source, ...found });
        };
        return {
          ImportDeclaration: (node) => judge(node.source),
          ExportAllDeclaration: (node) => judge(node.source),
          ExportNamedDeclaration: (node) => {
            if (node.source) judge(node.source);
          },
          ImportExpression(node) {
            if (node.source.type === "Literal" && typeof node.source.value === "string") {
              return judge(node.source as Deno.lint.StringLiteral);
            }
            if (!isLibrary(path)) return;
            context.report({
              node,
              message: "The library imports a module whose name is computed",
              hint: "Write the specifier as a literal: packers and registries rewrite only those.",
            });
          },
          TSImportType(node) {
            const { argument } = node;
            if (argument.type === "TSLiteralType" && argument.literal.type === "Literal") {
              judge(argument.literal as Deno.lint.StringLiteral);
            }
          },
        };
      },
    },
    doors: {
      create(context) {
        const path = projectPath(context.filename);
        if (!/^(src\/(?:[^/]+\/)+)?mod\.ts$/.test(path)) return {};
        return {
          "Program > *"(node: Deno.lint.Node) {
            if (node.type === "ExportAllDeclaration") return;
            if (node.type === "ExportNamedDeclaration" && node.source) return;
            context.report({
              node,
              message: `${path} is a door and holds more than re-exports`,
              hint:
                "Move the code to a file named after it, and re-export it here with `export … from`.",
            });
          },
        };
      },
    },
  },
};

export default plugin;
