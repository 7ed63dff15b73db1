import { hashWriter, sipHash24, sipKey } from "../../src/codec/mod.ts";
import { sipHash24InHalves } from "../../src/codec/siphash.ts";
import { MACHINE_BYTES_MAX, sipMachine } from "../../src/codec/siphash_machine.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assert, assertEquals, assertNotEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

/** The bytes 0, 1, 2, …, of which the official vectors are the hashes, under the key of 16 of them. */
function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index);
}

/** Official test vectors of SipHash-2-4: the hash of `counting(n)`, little-endian, for n = 0 to 63. */
const vectors: readonly string[] = `
  310e0edd47db6f72 fd67dc93c539f874 5a4fa9d909806c0d 2d7efbd796666785
  b7877127e09427cf 8da699cd64557618 cee3fe586e46c9cb 37d1018bf50002ab
  6224939a79f5f593 b0e4a90bdf82009e f3b9dd94c5bb5d7a a7ad6b22462fb3f4
  fbe50e86bc8f1e75 903d84c02756ea14 eef27a8e90ca23f7 e545be4961ca29a1
  db9bc2577fcc2a3f 9447be2cf5e99a69 9cd38d96f0b3c14b bd6179a71dc96dbb
  98eea21af25cd6be c7673b2eb0cbf2d0 883ea3e395675393 c8ce5ccd8c030ca8
  94af49f6c650adb8 eab8858ade92e1bc f315bb5bb835d817 adcf6b0763612e2f
  a5c91da7acaa4dde 716595876650a2a6 28ef495c53a387ad 42c341d8fa92d832
  ce7cf2722f512771 e37859f94623f3a7 381205bb1ab0e012 ae97a10fd434e015
  b4a31508beff4d31 81396229f0907902 4d0cf49ee5d4dcca 5c73336a76d8bf9a
  d0a704536ba93e0e 925958fcd6420cad a915c29bc8067318 952b79f3bc0aa6d4
  f21df2e41d4535f9 87577519048f53a9 10a56cf5dfcd9adb eb75095ccd986cd0
  51a9cb9ecba312e6 96afadfc2ce666c7 72fe52975a4364ee 5a1645b276d592a1
  b274cb8ebf87870a 6f9bb4203de7b381 eaecb2a30b22a87f 9924a43cc1315724
  bd838d3aafbf8db7 0b1a2a3265d51aea 135079a3231ce660 932b2846e4d70666
  e1915f5cb1eca46c f325965ca16d629f 575ff28e60381be5 724506eb4c328a95
`.trim().split(/\s+/);

for (const hashOf of [sipHash24, sipHash24InHalves]) {
  test(`${hashOf.name}() gives the official hashes`, () => {
    const key = sipKey(counting(16));
    const hashes = vectors.map((_, length) => {
      const hash = hashOf(key, counting(length));
      // What lies behind does not matter.
      assertEquals(hashOf(key, counting(length + 13), length), hash);
      const { hi, lo } = hash;
      const bytes = new DataView(new ArrayBuffer(8));
      bytes.setUint32(0, lo, true);
      bytes.setUint32(4, hi, true);
      return [...new Uint8Array(bytes.buffer)].map((byte) => byte.toString(16).padStart(2, "0"))
        .join("");
    });
    assertEquals(hashes, vectors);
    assertEquals(vectors.length, 64);
  });
}

test("sipHash24() is the same with WebAssembly and without, whatever the length", () => {
  assert(sipMachine() !== undefined, "this runtime has WebAssembly");
  const key = sipKey(counting(20).subarray(4));
  const lengths = [
    ...Array(300).keys(),
    ...[-9, -8, -1, 0, 1, 8].map((n) => MACHINE_BYTES_MAX + n),
  ];
  for (const length of lengths) {
    const bytes = counting(length).map((byte) => byte * 151);
    assertEquals(sipHash24(key, bytes), sipHash24InHalves(key, bytes), `${length} bytes`);
  }
});

test("sipHash24() depends on every bit of the key", () => {
  const message = counting(20);
  const hash = sipHash24(sipKey(counting(16)), message);
  for (let bit = 0; bit < 128; bit++) {
    const key = counting(16);
    key[bit >> 3]! ^= 1 << (bit & 7);
    assertNotEquals(sipHash24(sipKey(key), message), hash);
  }
});

test("sipKey() takes sixteen bytes, wherever they stand", () => {
  assertEquals(sipKey(counting(20).subarray(4)), [0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110]);
  assertThrows(() => sipKey(counting(15)), InvariantError, "15");
});

test("What a hashWriter() has written has the hash of its copy, however long, whoever wrote before", () => {
  const key = sipKey(counting(16));
  const writers = [hashWriter(), hashWriter()];
  // The last ones are longer than the place that writers have in common.
  for (const length of [0, 5, 8, 100, 4_096, MACHINE_BYTES_MAX - 1, MACHINE_BYTES_MAX, 70_000, 9]) {
    for (const [index, writer] of writers.entries()) {
      writer.reset();
      writer.raw(counting(length));
      writer.rawText(`"writer-${index}"`);
      const copy = writer.bytes().slice();
      assertEquals(copy.length, length + 10);
      assertEquals(sipHash24(key, writer.buffer, writer.length), sipHash24InHalves(key, copy));
      assertEquals(sipHash24(key, copy), sipHash24InHalves(key, copy));
    }
  }
});
