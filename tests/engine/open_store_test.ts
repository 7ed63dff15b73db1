import { memoryDirectory } from "../../src/files/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { test } from "../harness.ts";
import { FlowError, openStore } from "../../mod.ts";

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
