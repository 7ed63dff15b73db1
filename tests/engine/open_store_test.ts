import { FlowError, openStore } from "../../mod.ts";
import { memoryDirectory } from "../../src/files/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";

test("openStore() refuses limits that no frame can keep", async () => {
  for (const name of ["commandBytesMax", "valueInlineBytesMax"] as const) {
    const limits = { [name]: 9 * 1_048_576 };
    const error = await assertRejects(() => openStore({ dir: ":memory:", limits }), FlowError);
    assertEquals([error.code, error.details.field], ["invalid_argument", `limits.${name}`]);
  }
});

test("openStore() refuses to leave bytes free where nobody knows how many are", async () => {
  const options = { files: memoryDirectory(), limits: { diskFreeBytesMin: 1_000 } };
  const error = await assertRejects(() => openStore(options), FlowError);
  assertEquals([error.code, error.details.value], ["invalid_argument", 1_000]);
  assertStringIncludes(error.message, "--allow-sys");
  assertEquals(options.files.list(), []);
});

test("commands and values as large as limits may be fit into frames", async () => {
  const limits = {
    commandBytesMax: 8 * 1_048_576,
    valueInlineBytesMax: 4 * 1_048_576,
    valueBytesMax: 64 * 1_048_576,
  };
  await using store = await openStore({ dir: ":memory:", limits });
  const payload = new Uint8Array(4 * 1_048_576 - 1_000);
  await store.createMany(["a", "b"], { type: "job", payload: payload.subarray(1_000) });
  await store.create("parts", { type: "job", payload: new Uint8Array(9 * 1_048_576) });
  assertEquals((await store.info("job")).queued, 3);
});

test("openStore() says store_failed when the directory cannot be made", async () => {
  const error = await assertRejects(() => openStore({ dir: "deno.json/store" }), FlowError);
  assertEquals(error.code, "store_failed");
});

test("openStore() takes a URL for no path", async () => {
  for (const dir of ["file:///tmp/flowcask", "file:data"]) {
    const { code, details } = await assertRejects(() => openStore(dir), FlowError);
    assertEquals([code, details.field], ["invalid_argument", "dir"]);
  }
});

test("openStore() names what is wrong with an option, and makes nothing", async () => {
  const files = memoryDirectory();
  for (
    const [options, field, says] of [
      [{ log: "threads" }, "log", '"auto", "thread" or "inline"'],
      [{ log: "thread" }, "log", "a real directory"],
      [{ limits: 5 }, "limits", "an object"],
      [{ limits: [] }, "limits", "an object"],
      [{ retention: [] }, "retention", "an object"],
      [{ merge: [] }, "merge", "an object"],
      [{ checkpoints: [] }, "checkpoints", "an object"],
      [{ limits: { idBytesMax: 0 } }, "limits.idBytesMax", "a whole number from 1"],
      [{ retention: { sweep: 1 } }, "retention.sweep", "true or false"],
      [{ retention: { intervalMs: 0 } }, "retention.intervalMs", "a whole number from 1"],
      [{ merge: { keepBytes: -1 } }, "merge.keepBytes", "a whole number from 0"],
      [{ merge: { keepBytes: 2 ** 53 } }, "merge.keepBytes", "a whole number from 0"],
      [{ checkpoints: 5 }, "checkpoints", "an object"],
      [{ checkpoints: null }, "checkpoints", "an object"],
      [{ checkpoints: { every: 1 } }, "checkpoints.every", "auto, logBytes"],
      [{ checkpoints: { auto: "no" } }, "checkpoints.auto", "true or false"],
      [{ checkpoints: { logBytes: 0 } }, "checkpoints.logBytes", "a whole number from 1"],
      [{ shards: 17 }, "shards", "from 1 to 16"],
      [{ time: 5 }, "time", "a Time"],
      [{ dir: "./data" }, "dir", "left out beside files"],
    ] as const
  ) {
    const refused = await assertRejects(() => openStore({ files, ...options } as never), FlowError);
    assertEquals([refused.code, refused.details.field], ["invalid_argument", field]);
    assertStringIncludes(refused.message, says);
    assertEquals(files.list(), []);
  }
  const limits = { idBytesMax: undefined };
  await using store = await openStore({ files, limits: limits as never });
  assertEquals(store.health().status, "ok");
});
