/**
 * Who may import what. These three tables are the whole truth about the layers; the lint plugin
 * beside them reads them, and so does the tidy test.
 *
 * @module
 */

/** What stands below every room. */
const ground = [
  "argument.ts",
  "bounds.ts",
  "errors.ts",
  "invariant.ts",
  "unknown_option.ts",
] as const;

/**
 * Every room of `src/`, bottom first, with the rooms it may import. A room may only name rooms that
 * stand above it in this table, so there can be no cycle.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  "bounds.ts": [],
  "errors.ts": [],
  "invariant.ts": [],
  "unknown_option.ts": ["errors.ts"],
  "argument.ts": ["errors.ts"],

  files: ground,
  time: ground,
  codec: ground,

  log: [...ground, "files", "time", "codec"],
  bitcask: [...ground, "files", "time", "codec", "log"],

  index: [...ground, "codec", "time"],

  // What a store promises, for everybody above. It has no bytes in it, so that a script on the edge
  // can import it.
  flow: [...ground, "time"],
  // Pure: no files, so nothing in it can wait or fail. Of the log it knows the record registry; of
  // time only what it is handed.
  "flow/core": [...ground, "time", "codec", "log", "index", "flow"],

  engine: [
    ...ground,
    "files",
    "time",
    "codec",
    "log",
    "bitcask",
    "index",
    "flow",
    "flow/core",
  ],
  // The way to the engine: loads it when a store is opened.
  "open_store.ts": [...ground, "engine"],
  // Knows the FlowStore contract and never the engine: the store may be on another machine.
  workflow: [...ground, "time", "flow"],

  testing: [...ground, "files", "time", "flow", "engine", "workflow"],

  // Of files only the types, for whoever brings a directory of his own.
  "mod.ts": [...ground, "files", "time", "flow", "engine", "open_store.ts", "workflow"],
};

/**
 * Where a module from outside the project may be imported inside `src/`: a folder (with a slash at
 * the end) or one file. What is not in this table may not be imported there at all.
 */
export const modules: Readonly<Record<string, readonly string[]>> = {
  "node:crypto": ["src/codec/"],
  "node:fs": ["src/files/"],
  "node:path": ["src/files/"],
  "node:process": ["src/files/"],
  "node:sqlite": ["src/files/"],
  "node:zlib": ["src/codec/"],
  "node:worker_threads": ["src/engine/thread/"],
};

/** What tests may import only through one file, so that a suite stays one suite on three runtimes. */
export const harnesses: Readonly<Record<string, string>> = {
  "node:test": "tests/harness.ts",
  "bun:test": "tests/harness.ts",
  "node:assert": "tests/assert.ts",
  "node:assert/strict": "tests/assert.ts",
  "@std/assert": "tests/assert.ts",
};
