import fc from "fast-check";
import { HashChains, LinearBuckets } from "../../src/index/mod.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

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

test("HashChains finds everybody while a bucket is divided, whoever comes and goes meanwhile", () => {
  // All are in the first buckets, which are the first to be divided.
  const hash = fc.nat(11).map((n) => ((n % 4) * 2 ** 10 + (n >>> 2)) >>> 0);
  const step = fc.record({ hash, leaves: fc.nat(2), which: fc.nat() });
  assertProperty(
    fc.property(
      fc.array(step, { minLength: 20, maxLength: 120 }),
      fc.boolean(),
      (steps, isMixed) => {
        const chains = new HashChains();
        const model = new Map<number, number>();
        const free: number[] = [];
        let next = 0;
        const add = (hash: number): void => {
          const handle = free.pop() ?? next++;
          chains.add(handle, hash);
          model.set(handle, hash);
        };
        const check = (): void => {
          assertEquals(chains.size, model.size);
          for (const handle of model.keys()) assert(chains.has(handle), `${handle} is there`);
          for (let n = 0; n < 12; n++) {
            const hash = (n % 4) * 2 ** 10 + (n >>> 2);
            const expected = [...model].filter(([, other]) => other === hash)
              .map(([handle]) => handle).sort((a, b) => a - b);
            assertEquals(found(chains, hash), expected);
          }
        };
        // Either bucket gets some at once, or for long only one of them.
        for (let n = 0; n < 1_024; n++) {
          const crowd = isMixed ? n % 4 : n >>> 8;
          add(crowd * 2 ** 10 + (n % 24 === 0 ? 1 : 0));
        }
        for (const { hash, leaves, which } of steps) {
          add(hash);
          for (let count = 0; count < leaves; count++) {
            // Also of those that were added last, or first.
            const handles = [...model.keys()];
            const gone = handles.at(which % 3 === 0 ? -1 - count : which % handles.length)!;
            assert(chains.has(gone));
            chains.remove(gone);
            assert(!chains.has(gone));
            model.delete(gone);
            free.push(gone);
          }
          if (which % 8 === 0) check();
        }
        check();
      },
    ),
    { file: import.meta.url, runs: 100 },
  );
});

test("HashChains finds everybody whoever leaves a bucket that is being divided, and comes back", () => {
  const count = 1_025;
  const [stays, moves, elsewhere] = [0, 2 ** 10, 7];
  // The newest are the first to be moved: where that has stopped is somewhere among these.
  for (let gone = count - 140; gone < count; gone++) {
    for (const comesBack of [false, true]) {
      const chains = new HashChains();
      const model = new Map<number, number>();
      const add = (handle: number, hash: number): void => {
        chains.add(handle, hash);
        model.set(handle, hash);
      };
      for (let handle = 0; handle < count; handle++) add(handle, handle % 3 ? moves : stays);
      chains.remove(gone);
      model.delete(gone);
      assert(!chains.has(gone));
      if (comesBack) chains.add(gone, elsewhere);
      for (const handle of model.keys()) assert(chains.has(handle), `${handle} without ${gone}`);
      for (const hash of [stays, moves]) {
        const expected = [...model].filter(([, other]) => other === hash).map(([handle]) => handle);
        assertEquals(found(chains, hash), expected);
      }
    }
  }
});

test("HashChains divides a bucket of very many handles little by little", () => {
  const count = 50_000;
  const chains = new HashChains();
  const { of } = LinearBuckets.prototype;
  let asked = 0;
  let askedMost = 0;
  LinearBuckets.prototype.of = function (hash) {
    asked++;
    return of.call(this, hash);
  };
  try {
    const add = (handle: number, hash: number): void => {
      asked = 0;
      chains.add(handle, hash);
      askedMost = Math.max(askedMost, asked);
    };
    for (let handle = 0; handle < count; handle++) add(handle, 5);
    for (let handle = count; handle < 3 * count; handle++) add(handle, handle);
  } finally {
    LinearBuckets.prototype.of = of;
  }
  assert(askedMost < 100, `${askedMost} handles were looked at at once`);
  assertEquals(found(chains, 5).length, count);
  assertEquals(found(chains, count + 7), [count + 7]);
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
