/**
 * The style guide as a test: the project obeys every rule, and every rule notices its violation.
 *
 * @module
 */

import { assert, assertEquals } from "./assert.ts";
import { test } from "./harness.ts";
import { importsOf } from "./tidy/imports.ts";
import * as rules from "./tidy/rules.ts";
import { projectTree, type Tree } from "./tidy/tree.ts";

type RuleName = Exclude<keyof typeof rules, "linesMax" | "testLinesMax">;

/** The smallest project with nothing wrong. */
const tidy: Readonly<Record<string, string>> = {
  "deno.json": JSON.stringify({
    exports: { ".": "./mod.ts" },
    tasks: { check: { command: "deno doc --lint mod.ts && deno lint" }, test: { command: "" } },
  }),
  "deno.lock": "{}",
  "mod.ts": 'export { a } from "./src/flow/mod.ts";\n',
  "README.md": "Run `deno task test`, read [the map](src/ARCHITECTURE.md) and examples/email.ts.\n",
  "examples/email.ts": 'import { a } from "../mod.ts";\n',
  "src/ARCHITECTURE.md": "\n## Code map\n\n| `flow/` | all |\n",
  "src/decisions/0001-one.md": "\n## Context\n\n## Choice\n\n## Rejected\n\n## Consequences\n",
  "src/flow/COMMANDS.md": "### `get(id)`\n\n```ts\nstore.get(id);\n```\n",
  "src/flow/mod.ts":
    'export { a } from "./record.ts";\nexport type { FlowStore } from "./store.ts";\n',
  "src/flow/store.ts": "export interface FlowStore {\n  get(id: string): void;\n}\n",
  "src/flow/record.ts": "export const a = 1;\n",
  "tests/assert.ts": "export function assert(): void {}\n",
  "tests/flow/record_test.ts": 'import { assert } from "../assert.ts";\n',
};

/** For every rule, files that break it in the tidy project; `undefined` takes a file away. */
const violations: Readonly<Record<RuleName, readonly Record<string, string | undefined>[]>> = {
  namesAreNouns: [{ "src/flow/aRecord.ts": "" }, { "src/flow/utils.ts": "" }],
  filesAreShort: [
    { "src/flow/record.ts": "//\n".repeat(rules.linesMax + 1) },
    { "tests/flow/record_test.ts": "//\n".repeat(rules.testLinesMax + 1) },
  ],
  importsAreInOrder: [
    { "src/flow/record.ts": 'import a from "./a.ts";\nimport b from "../b.ts";\n' },
    { "src/flow/record.ts": 'import {\n  a,\n} from "../a.ts";\nimport b from "node:fs";\n' },
  ],
  roomsAreKnown: [
    { "src/flow/mod.ts": undefined },
    { "src/attic/mod.ts": "" },
    { "src/flow/attic/record.ts": "" },
    { "src/attic.ts": "" },
    { "src/ARCHITECTURE.md": "" },
  ],
  codeMapIsTrue: [{ "src/ARCHITECTURE.md": "## Code map\n| `log/` | none |" }],
  frontDoorIsPortable: [
    { "src/flow/record.ts": 'import { x } from "node:fs";' },
    { "src/flow/record.ts": 'import {\n  type X,\n} from "node:fs";' },
    { "mod.ts": 'import "node:fs";' },
  ],
  everyFileIsReached: [{ "src/flow/lonely.ts": "" }],
  everyExportIsDocumented: [{
    "deno.json": JSON.stringify({
      exports: { ".": "./mod.ts", "./testing": "./src/testing/mod.ts" },
      tasks: { check: { command: "deno doc --lint mod.ts && deno lint" } },
    }),
  }],
  textIsClean: [
    { "src/flow/record.ts": "// TO" + "DO(me): the rest" },
    { "src/flow/record.ts": 'const path = "/ro' + 'ot/.cache";' },
    { "README.md": "See ../sha" + "red/design" },
    { "deno.json": '"https://regi' + 'stry.example/x"' },
  ],
  lockNamesNoHost: [{ "deno.lock": '"https://example.org/x.tgz"' }],
  testsMirrorRooms: [
    { "tests/flow/record_test.ts": undefined },
    { "tests/attic/record_test.ts": "" },
  ],
  decisionsAreWhole: [
    { "src/decisions/0003-three.md": tidy["src/decisions/0001-one.md"] },
    { "src/decisions/0001-one.md": "## Context" },
  ],
  tasksExist: [
    { "README.md": "Run `deno task " + "dream`" },
    { "src/flow/record.ts": "// deno task " + "dream" },
  ],
  linksLead: [{ "README.md": "Read [this](src/NOTHING.md)" }],
  examplesAreShown: [{ "examples/billing.ts": "" }],
  commandsAreShown: [
    { "src/flow/COMMANDS.md": "### `get(id)`\n" },
    { "src/flow/COMMANDS.md": "### `list(type)`\n\n```ts\nstore.get(id);\n```\n" },
    {
      "src/flow/store.ts": "export interface FlowStore {\n  list<const O>(options?: O): void;\n}\n",
    },
  ],
  codesAreExplained: [
    { "src/errors.ts": 'export type FlowErrorCode =\n  | "not_found"\n  | "lost";\n' },
    {
      "src/engine/health/health.ts": 'export type HealthProblemCode =\n  | "not_found";\n',
      "src/flow/COMMANDS.md": "### `get(id)`\n\n`not_found`\n\n```ts\nstore.get(id);\n```\n",
    },
  ],
  assertionsAreUsed: [{ "tests/flow/record_test.ts": "" }],
};

function planted(files: Readonly<Record<string, string | undefined>>): Tree {
  return new Map(
    Object.entries({ ...tidy, ...files }).filter((file): file is [string, string] =>
      file[1] !== undefined
    ),
  );
}

for (const name of Object.keys(violations) as RuleName[]) {
  test(`The project keeps the rule ${name}`, () => {
    assertEquals(rules[name](projectTree()), []);
  });

  test(`${name}() finds a planted violation and nothing in a tidy project`, () => {
    assertEquals(rules[name](planted({})), []);
    for (const files of violations[name]) {
      assert(rules[name](planted(files)).length > 0, `Missed ${JSON.stringify(files)}`);
    }
  });
}

test("importsOf() tells erased, static and dynamic imports apart", () => {
  const source = `import a from "a";
import type { B } from "b";
import {
  c,
  type D,
} from "c";
export * from "d";
export type { E } from "e";
import "f";
export const g = () => import("g");
`;
  assertEquals(importsOf(source).map(({ kind, specifier }) => `${kind} ${specifier}`), [
    "static a",
    "type b",
    "static c",
    "static d",
    "type e",
    "static f",
    "dynamic g",
  ]);
});
