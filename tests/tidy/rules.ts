/**
 * What the project asks of itself and no linter can see. A rule takes the tree and says what is
 * wrong, one line each, nothing if all is well.
 *
 * @module
 */

import { roomOf } from "../lint/layers.ts";
import { rooms } from "../lint/rooms.ts";
import { importsOf, reachable, resolve } from "./imports.ts";
import { foldersIn, manifestOf, roomsIn, textOf, type Tree } from "./tree.ts";

/** Looks at the project and says what is wrong. */
export type Rule = (tree: Tree) => string[];

/** Lines a file may have before somebody has to look twice. */
export const linesMax = 400;

/** Lines a file of tests may have: it is a list of cases, and nobody reads it from end to end. */
export const testLinesMax = 800;

/** Files that were looked at twice: why each is better whole. */
const longFiles: Readonly<Record<string, string>> = {
  "tests/flow/model/model.ts": "One model of one thing; a cut would need an interface of its own",
};

/** Folders of `tests/` that are no room of `src/`. */
const testFolders: readonly string[] = ["crash", "fuzz", "golden", "lint", "simulation", "tidy"];

/** File names are snake_case nouns; a drawer for anything at all is not a noun. */
export const namesAreNouns: Rule = (tree) =>
  sources(tree).flatMap((path) => {
    const name = path.split("/").at(-1)!.slice(0, -".ts".length);
    if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) return [`${path} is not snake_case`];
    if (/^(types?|utils?|helpers?|common|misc|shared|lib|index|constants)$/.test(name)) {
      return [`${path} is a drawer: name it after what it holds`];
    }
    return [];
  });

/** Source files stay short. */
export const filesAreShort: Rule = (tree) =>
  sources(tree).flatMap((path) => {
    const lineCount = textOf(tree, path).split("\n").length - 1;
    const max = path.endsWith("_test.ts") ? testLinesMax : linesMax;
    const excused = longFiles[path] !== undefined;
    if (lineCount > max && !excused) return [`${path} has ${lineCount} lines, above ${max}`];
    if (lineCount <= max && excused) return [`${path} needs its exception no longer`];
    return [];
  });

/** Imports stand in one order: packages, then what is far away, then what is near. */
export const importsAreInOrder: Rule = (tree) =>
  sources(tree).flatMap((path) => {
    const [block = ""] = /(?:^import [^;]*;\n)+/m.exec(textOf(tree, path)) ?? [];
    const names = importsOf(block).map(({ specifier }) => specifier);
    const sorted = names.toSorted(byDistance);
    const index = names.findIndex((name, place) => name !== sorted[place]);
    if (index < 0) return [];
    return [`${path} should import "${sorted[index]}" before "${names[index]}"`];
  });

/** Every room has a door and a line in the table of layers; it and its corners are in the code map. */
export const roomsAreKnown: Rule = (tree) => {
  const map = textOf(tree, "src/ARCHITECTURE.md");
  const single = [...tree.keys()].filter((path) => /^src\/[^/]+\.ts$/.test(path)).map(roomOf);
  return [
    ...roomsIn(tree).filter((room) => !tree.has(`src/${room}/mod.ts`))
      .map((room) => `src/${room} has no mod.ts`),
    ...[...roomsIn(tree), ...single].filter((room) => !(room in rooms))
      .map((room) => `src/${room} is not in tests/lint/rooms.ts`),
    ...[...foldersIn(tree).map((folder) => `${folder}/`), ...single]
      .filter((name) => !map.includes(`| \`${name}\``))
      .map((name) => `src/ARCHITECTURE.md does not map ${name}`),
  ];
};

/** The code map names only rooms and corners that are there. */
export const codeMapIsTrue: Rule = (tree) => {
  const there = foldersIn(tree);
  const map = /## Code map\n([\s\S]*?)(?=\n## |$)/.exec(textOf(tree, "src/ARCHITECTURE.md"))?.[1];
  if (map === undefined) return ["src/ARCHITECTURE.md has no section Code map"];
  return [...map.matchAll(/^\| `([a-z/]+)\/`/gm)]
    .flatMap(([, room = ""]) =>
      there.includes(room) ? [] : [`src/ARCHITECTURE.md maps ${room}/, which does not exist`]
    );
};

/** Scripts on the edge import the front door without a file system behind it. */
export const frontDoorIsPortable: Rule = (tree) =>
  [...reachable(tree, ["mod.ts"], ["static"])]
    .flatMap(([target, way]) => target.startsWith("node:") ? [`${way}: load it on demand`] : []);

/** A source file that no export leads to is dead. */
export const everyFileIsReached: Rule = (tree) => {
  const doors = Object.values(manifestOf(tree).exports).map((path) => path.slice("./".length));
  const reached = reachable(tree, doors, ["type", "static", "dynamic"]);
  return sources(tree).filter((path) => path.startsWith("src/") && !reached.has(path))
    .map((path) => `${path} is not reached from any export`);
};

/** `deno doc --lint` looks at every entry point. */
export const everyExportIsDocumented: Rule = (tree) => {
  const { exports, tasks } = manifestOf(tree);
  const linted = /deno doc --lint ([^&]*)/.exec(tasks.check?.command ?? "")?.[1] ?? "";
  const expected = Object.values(exports).map((path) => path.slice("./".length)).join(" ");
  return linted.trim() === expected
    ? []
    : [`The task check lints the docs of "${linted.trim()}", but the exports are "${expected}"`];
};

/** Nothing is left for later, and nothing points at the machine it was written on. */
export const textIsClean: Rule = (tree) =>
  [...tree].flatMap(([path, text]) =>
    text.split("\n").flatMap((line, index) => {
      const place = `${path}:${index + 1}`;
      if (/\b(?:TODO|FIXME)\b/.test(line) && path !== "tests/tidy/rules.ts") {
        return [`${place} leaves something for later: do it, or file an issue`];
      }
      if (
        /(?:^|[\s"'`(:])\/(?:work|root|home|Users|mnt)\/|\.\.\/shared\b|[A-Z]:\\Users/.test(line)
      ) {
        return [`${place} names a path of one machine`];
      }
      if (/https?:\/\/[^\s/"]*(?:registry|mirror|artifactory|nexus|proxy)/i.test(line)) {
        return [`${place} names a package registry`];
      }
      return [];
    })
  );

/** The lock holds names, versions and hashes; where they come from is the machine's business. */
export const lockNamesNoHost: Rule = (tree) =>
  /https?:/.test(textOf(tree, "deno.lock")) ? ["deno.lock names a host"] : [];

/** `tests/` mirrors `src/`. */
export const testsMirrorRooms: Rule = (tree) => {
  const tested = new Set(
    [...tree.keys()].map((path) => /^tests\/([^/]+)\/.*_test\.ts$/.exec(path)?.[1] ?? ""),
  );
  tested.delete("");
  const there = [...new Set(roomsIn(tree).map((room) => room.split("/")[0]!))];
  return [
    ...there.filter((room) => !tested.has(room)).map((room) => `src/${room} has no tests`),
    ...[...tested].filter((name) => !there.includes(name) && !testFolders.includes(name))
      .map((name) => `tests/${name} mirrors no room of src/`),
  ];
};

/** Decisions are numbered from 0001 without gaps and say what was rejected, too. */
export const decisionsAreWhole: Rule = (tree) =>
  [...tree.keys()].filter((path) => path.startsWith("src/decisions/")).sort()
    .flatMap((path, index) => {
      const number = String(index + 1).padStart(4, "0");
      if (!new RegExp(`^src/decisions/${number}-[a-z0-9-]+\\.md$`).test(path)) {
        return [`${path} should be number ${number}, in kebab-case`];
      }
      return ["Context", "Choice", "Rejected", "Consequences"]
        .filter((title) => !textOf(tree, path).includes(`\n## ${title}\n`))
        .map((title) => `${path} has no section ${title}`);
    });

/** What a page or a message tells the reader to run exists. */
export const tasksExist: Rule = (tree) => {
  const { tasks } = manifestOf(tree);
  return [...tree].flatMap(([path, text]) =>
    [...text.matchAll(/\bdeno task ([a-z][a-z:]*)/g)].flatMap(([, task = ""]) =>
      task in tasks ? [] : [`${path} runs the task ${task}, which does not exist`]
    )
  );
};

/** What a page links to exists. */
export const linksLead: Rule = (tree) =>
  [...tree].filter(([path]) => path.endsWith(".md")).flatMap(([path, text]) =>
    [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].flatMap(([, link = ""]) => {
      const target = resolve(path, link);
      const there = tree.has(target) || [...tree.keys()].some((name) => name.startsWith(target));
      return there ? [] : [`${path} links to ${target}, which does not exist`];
    })
  );

/** The README shows every example. */
export const examplesAreShown: Rule = (tree) =>
  [...tree.keys()].filter((path) => /^examples\/[^/]+\.ts$/.test(path))
    .filter((path) => !textOf(tree, "README.md").includes(path))
    .map((path) => `README.md does not show ${path}`);

/** Every command of a store is on the page of commands, with an example that runs it. */
export const commandsAreShown: Rule = (tree) => {
  const [, contract = ""] = textOf(tree, "src/flow/store.ts").split("export interface FlowStore");
  const commands = [...contract.matchAll(/^ {2}(\w+)[(<]/gm)].map(([, name = ""]) => name);
  const page = textOf(tree, "src/flow/COMMANDS.md");
  const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code).join();
  return [...new Set(commands)]
    .filter((name) =>
      !new RegExp(`^### .*\`${name}\\b`, "m").test(page) || !examples.includes(`.${name}(`)
    )
    .map((name) => `src/flow/COMMANDS.md does not show ${name}()`);
};

/** Whoever is shown a code finds on a page what it means: those of health() in the guide for them. */
export const codesAreExplained: Rule = (tree) => {
  const operating = tree.get("src/engine/OPERATING.md") ?? "";
  const commands = textOf(tree, "src/flow/COMMANDS.md");
  return [
    { path: "src/errors.ts", type: "FlowErrorCode", pages: operating + commands },
    { path: "src/engine/health/health.ts", type: "HealthProblemCode", pages: operating },
    { path: "src/engine/calls/admission.ts", type: "OverloadReason", pages: operating },
  ].flatMap(({ path, type, pages }) => {
    const [, union = ""] = (tree.get(path) ?? "").split(`export type ${type} =`);
    const [listed = ""] = union.split(";\n");
    return [...listed.matchAll(/\| "(\w+)"/g)]
      .filter(([, code]) => !pages.includes(`\`${code}\``))
      .map(([, code]) => `No guide says what ${code} means`);
  });
};

/** The assertions are those in use. */
export const assertionsAreUsed: Rule = (tree) => {
  const declared = textOf(tree, "tests/assert.ts")
    .matchAll(/^export (?:async )?(?:function|const) (\w+)/gm);
  const tests = [...tree].filter(([path]) =>
    path.startsWith("tests/") && path !== "tests/assert.ts"
  )
    .map(([, text]) => text).join("\n");
  return [...new Set([...declared].map(([, name = ""]) => name))]
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(tests))
    .map((name) => `tests/assert.ts exports ${name}, which no test uses`);
};

function byDistance(a: string, b: string): number {
  const [isNearA, isNearB] = [a.startsWith("."), b.startsWith(".")];
  if (isNearA !== isNearB) return isNearA ? 1 : -1;
  return a < b ? -1 : Number(a > b);
}

function sources(tree: Tree): string[] {
  return [...tree.keys()].filter((path) => path.endsWith(".ts"));
}
