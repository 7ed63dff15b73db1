import fc from "fast-check";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { HashChains } from "../../src/index/mod.ts";
import { InvariantError } from "../../src/invariant.ts";

/** All handles that were added with a hash, in no order. */
function found(chains: HashChains, hash: number): number[] {
  const handles: number[] = [];
  for (let handle = chains.first(hash); handle >= 0; handle = chains.next(handle)) {
    if (chains.hashOf(handle) === hash) handles.push(handle);
  }
  return handles.sort((a, b) => a - b);
}

test("HashChains finds what was added and not removed, whatever the hashes", () => {
  // Few hashes, and many that differ in their upper bits only.
  const hash = fc.oneof(fc.nat(3), fc.nat(40).map((n) => (n * 2 ** 27) >>> 0), fc.nat());
  assertProperty(
    fc.property(fc.array(fc.tuple(hash, fc.boolean()), { maxLength: 300 }), (steps) => {
      const chains = new HashChains();
      const model = new Map<number, number>();
      for (const [handle, [hash, leaves]] of steps.entries()) {
        chains.add(handle, hash);
        model.set(handle, hash);
        if (!leaves) continue;
        const gone = [...model.keys()][hash % model.size]!;
        chains.remove(gone);
        model.delete(gone);
      }
      assertEquals(chains.size, model.size);
      for (const hash of new Set(model.values())) {
        const expected = [...model].filter(([, other]) => other === hash).map(([handle]) => handle);
        assertEquals(found(chains, hash), expected);
      }
    }),
    { file: import.meta.url },
  );
});

test("HashChains grows bucket by bucket and keeps its chains short", () => {
  const chains = new HashChains();
  const count = 20_000;
  const hashOf = (handle: number): number => Math.imul(handle, 0x9e3779b1) >>> 0;
  for (let handle = 0; handle < count; handle++) chains.add(handle, hashOf(handle));
  let steps = 0;
  for (let handle = 0; handle < count; handle++) {
    let at = chains.first(hashOf(handle));
    for (; at !== handle; at = chains.next(at)) steps++;
  }
  assertEquals(steps < 2 * count, true, `${steps} steps`);
  for (let handle = 0; handle < count; handle += 2) chains.remove(handle);
  for (let handle = 0; handle < count; handle++) {
    assertEquals(found(chains, hashOf(handle)), handle % 2 === 0 ? [] : [handle]);
  }
});

test("HashChains does not remove what is not there", () => {
  const chains = new HashChains();
  chains.add(1, 7);
  assertThrows(() => chains.remove(2), InvariantError);
  assertEquals(found(chains, 7), [1]);
});

test("HashChains removes one of very many with the same hash without looking for it", () => {
  const chains = new HashChains();
  const count = 100_000;
  for (let handle = 0; handle < count; handle++) chains.add(handle, 7);
  // Each of them is the last in its bucket: looking for it would take billions of steps in all.
  for (let handle = 0; handle < count; handle++) chains.remove(handle);
  assertEquals(chains.first(7), -1);
});
