import { assert, assertEquals, assertMatch } from "../assert.ts";
import { test } from "../harness.ts";
import { objection, roomOf } from "./layers.ts";
import { rooms } from "./rooms.ts";

test("rooms name only rooms that stand above them, so imports cannot go round", () => {
  const seen = new Set<string>();
  for (const [room, below] of Object.entries(rooms)) {
    for (const name of below) assert(seen.has(name), `${room} imports ${name}, which is not below`);
    seen.add(room);
  }
});

test("roomOf() is the folder below src, or the file itself", () => {
  assertEquals(roomOf("src/flow/record.ts"), "flow");
  assertEquals(roomOf("src/flow/core/decide.ts"), "flow/core");
  assertEquals(roomOf("src/errors.ts"), "errors.ts");
  assertEquals(roomOf("mod.ts"), "mod.ts");
  assertEquals(roomOf("examples/email.ts"), "examples");
});

test("objection() lets imports go down through doors", () => {
  for (
    const [path, specifier] of [
      ["src/log/writer.ts", "../files/mod.ts"],
      ["src/log/writer.ts", "./frame.ts"],
      ["src/log/file/writer.ts", "../frame.ts"],
      ["src/flow/batch.ts", "../errors.ts"],
      ["src/flow/core/decide.ts", "../../index/mod.ts"],
      ["src/flow/core/decide.ts", "../mod.ts"],
      ["src/engine/shard.ts", "../flow/core/mod.ts"],
      ["src/engine/shard.ts", "../flow/mod.ts"],
      ["src/workflow/worker.ts", "../flow/mod.ts"],
      ["mod.ts", "./src/workflow/mod.ts"],
      ["mod.ts", "./src/errors.ts"],
      ["src/files/node.ts", "node:fs"],
      ["examples/email.ts", "../mod.ts"],
      ["examples/email.ts", "../src/testing/mod.ts"],
      ["bench/log_bench.ts", "../src/log/mod.ts"],
      ["tests/log/frame_test.ts", "../../src/log/frame.ts"],
      ["tests/log/frame_test.ts", "fast-check"],
      ["tests/assert.ts", "node:assert"],
    ] as const
  ) assertEquals(objection(path, specifier), undefined, `${path} imports ${specifier}`);
});

test("objection() refuses imports that go up, sideways, past a door or to the wrong place", () => {
  for (
    const [path, specifier, says] of [
      ["src/log/writer.ts", "../flow/mod.ts", /^log may not import flow$/],
      ["src/files/node.ts", "../time/mod.ts", /^files may not import time$/],
      ["src/workflow/worker.ts", "../engine/mod.ts", /^workflow may not import engine$/],
      ["src/flow/core/decide.ts", "../../files/mod.ts", /^flow\/core may not import files$/],
      ["src/flow/store.ts", "./core/mod.ts", /^flow may not import flow\/core$/],
      ["src/workflow/worker.ts", "../flow/core/mod.ts", /^workflow may not import flow\/core$/],
      ["src/flow/core/decide.ts", "../record.ts", /is inside another room$/],
      ["src/errors.ts", "./invariant.ts", /^errors.ts may not import invariant.ts$/],
      ["src/engine/shard.ts", "../flow/core/decide.ts", /is inside another room$/],
      ["src/engine/shard.ts", "../../mod.ts", /^engine may not import mod.ts$/],
      ["src/engine/shard.ts", "../../tests/harness.ts", /not part of the library$/],
      ["src/attic/thing.ts", "../errors.ts", /^The room attic is not in the table/],
      ["src/engine/shard.ts", "node:fs", /^node:fs may not be imported/],
      ["src/files/node.ts", "node:worker_threads", /may not be imported/],
      ["src/workflow/schema.ts", "valibot", /may not be imported/],
      ["src/log/writer.ts", "left-pad", /may not be imported/],
      ["src/log/writer.ts", "@flowcask/flowcask", /may not be imported/],
      ["mod.ts", "node:fs", /may not be imported/],
      ["examples/email.ts", "../src/flow/mod.ts", /which users do not have$/],
      ["bench/log_bench.ts", "../src/log/frame.ts", /is inside another room$/],
      ["tests/log/frame_test.ts", "node:assert", /may not be imported/],
      ["tests/log/frame_test.ts", "node:test", /may not be imported/],
    ] as const
  ) {
    const found = objection(path, specifier);
    assert(found !== undefined, `${path} imports ${specifier}`);
    assertMatch(found.message, says);
    assert(found.hint.length > 0);
  }
});
