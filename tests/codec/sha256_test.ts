import { sha256Hex } from "../../src/codec/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

test("sha256Hex() of the standard's examples", () => {
  const of = (text: string) => sha256Hex(new TextEncoder().encode(text));
  assertEquals(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assertEquals(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assertEquals(
    of("a".repeat(1_000_000)),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  );
});
