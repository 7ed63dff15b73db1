import { assertEquals } from "../assert.ts";
import { test, when } from "../harness.ts";
import ambient from "./ambient.ts";
import layers from "./layers.ts";

// Only Deno can run a lint plugin; what the plugins decide by themselves is tested in rooms_test.ts.
const linting = when("Deno" in globalThis);

/** Rule and text of every finding, in the order of the source. */
function findings(plugin: Deno.lint.Plugin, path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source)
    .sort((a, b) => a.range[0] - b.range[0])
    .map(({ id, range }) => `${id}: ${source.slice(...range)}`);
}

test("layers/imports sees every way to import", linting, () => {
  const source = `
    import { a } from "../engine/mod.ts";
    import type { B } from "../engine/mod.ts";
    export { c } from "../engine/mod.ts";
    export * from "../engine/mod.ts";
    const d = await import("../engine/mod.ts");
    const e: import("../engine/mod.ts").E = d;
    const f = await import(e);
    import { g } from "../files/mod.ts";
  `;
  assertEquals(findings(layers, "src/log/x.ts", source), [
    'layers/imports: "../engine/mod.ts"',
    'layers/imports: "../engine/mod.ts"',
    'layers/imports: "../engine/mod.ts"',
    'layers/imports: "../engine/mod.ts"',
    'layers/imports: "../engine/mod.ts"',
    'layers/imports: "../engine/mod.ts"',
    "layers/imports: import(e)",
  ]);
});

test("layers/doors refuses anything but re-exports in a mod.ts", linting, () => {
  const source = `export { a } from "./a.ts";
export type { B } from "./b.ts";
export * from "./c.ts";
import { d } from "./d.ts";
export const e = d;
export { d };`;
  const found = [
    'layers/doors: import { d } from "./d.ts";',
    "layers/doors: export const e = d;",
    "layers/doors: export { d };",
  ];
  assertEquals(findings(layers, "src/log/mod.ts", source), found);
  assertEquals(findings(layers, "src/log/d.ts", source), []);
});

test("ambient/runtime refuses Deno and Bun, and asking which one is running", linting, () => {
  const source = `const a = Deno.pid;
    const b = "Deno" in globalThis;
    const c = globalThis.Bun;
    const d = { Deno: 1 }.Deno;`;
  const found = [
    "ambient/runtime: Deno",
    'ambient/runtime: "Deno" in globalThis',
    "ambient/runtime: globalThis.Bun",
  ];
  assertEquals(findings(ambient, "src/log/x.ts", source), found);
  assertEquals(findings(ambient, "tests/log/x_test.ts", source), found);
  assertEquals(findings(ambient, "tests/harness.ts", source), []);
});

test("ambient/inputs refuses clock, chance and timers outside src/time", linting, () => {
  const source = `const a = Date.now();
    const b = globalThis.Date["now"]();
    const c = new Date();
    const d = Math.random();
    setTimeout(() => {}, 1);
    globalThis.setInterval(() => {}, 1);
    const e = AbortSignal.timeout(1);
    const f = performance.now();
    const g = crypto.randomUUID();
    const h = setImmediate;`;
  assertEquals(findings(ambient, "src/engine/x.ts", source), [
    "ambient/inputs: Date.now",
    'ambient/inputs: globalThis.Date["now"]',
    "ambient/inputs: new Date()",
    "ambient/inputs: Math.random",
    "ambient/inputs: setTimeout",
    "ambient/inputs: globalThis.setInterval",
    "ambient/inputs: AbortSignal.timeout",
    "ambient/inputs: performance",
    "ambient/inputs: crypto",
    "ambient/inputs: setImmediate",
  ]);
  assertEquals(findings(ambient, "src/time/system.ts", source), []);
  assertEquals(findings(ambient, "tests/engine/x_test.ts", source), []);
});

test(
  "ambient/inputs leaves alone what was handed in, dates of a number and microtasks",
  linting,
  () => {
    const source = `export function f(clock: { now(): number; setTimeout: number }): Date {
      queueMicrotask(() => {});
      const { setTimeout: at } = clock;
      return new Date(clock.now() + clock.setTimeout + at);
    }`;
    assertEquals(findings(ambient, "src/engine/x.ts", source), []);
  },
);

test("ambient/output refuses a library that prints", linting, () => {
  const source = "console.log(1); globalThis.process.emitWarning('x'); reportError(2);";
  assertEquals(findings(ambient, "src/log/x.ts", source), [
    ...["ambient/output: console", "ambient/output: emitWarning", "ambient/output: reportError"],
  ]);
  assertEquals(findings(ambient, "src/workflow/warning.ts", source), ["ambient/output: console"]);
  assertEquals(findings(ambient, "examples/x.ts", source), []);
});

test("ambient/state refuses what lives as long as the module", linting, () => {
  const source = `let a = 1;
export let b = 1;
const c = new Map();
const d = [];
const e = {}, f = new Uint32Array(256);
class G { static h = 1; static readonly i = 1; }`;
  assertEquals(findings(ambient, "src/log/x.ts", source), [
    "ambient/state: let a = 1;",
    "ambient/state: let b = 1;",
    "ambient/state: c = new Map()",
    "ambient/state: d = []",
    "ambient/state: e = {}",
    "ambient/state: f = new Uint32Array(256)",
    "ambient/state: static h = 1;",
  ]);
});

test("ambient/state leaves constant tables and local variables alone", linting, () => {
  const source = `const a: ReadonlyMap<string, number> = new Map([["a", 1]]);
const b: readonly string[] = [];
const c = ["x"] as const;
const d = new TextEncoder();
function e() { let f = 1; const g = new Map(); return [f, g]; }`;
  assertEquals(findings(ambient, "src/log/x.ts", source), []);
});
