import { HandleOrder, type Rank } from "../../src/index/handle_order.ts";
import { InvariantError } from "../../src/invariant.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

/** Handles stand in the order of their numbers. */
function at(place: number): Rank {
  return (handle) => handle - place;
}

function orderOf(handles: Iterable<number>): HandleOrder {
  const order = new HandleOrder();
  for (const handle of handles) order.add(handle, at(handle));
  return order;
}

/** Every number below `count`, in an order that is none. */
function shuffled(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index * 7_919 % count);
}

test("HandleOrder.walk() yields what stands at a place or after it, however it came there", () => {
  for (const handles of [[...Array(1_000).keys()], shuffled(1_000), shuffled(1_000).reverse()]) {
    const order = orderOf(handles);
    assertEquals([...order.walk(at(0))], [...Array(1_000).keys()]);
    assertEquals([...order.walk(at(997.5))], [998, 999]);
    assertEquals([...order.walk(at(1_000))], []);
    assertEquals(order.first(at(255.5)), 256);
    assertEquals(order.first(at(1_000)), undefined);
  }
});

test("HandleOrder.walkBack() yields what stands before a place, the last one first", () => {
  const order = orderOf(shuffled(600));
  assertEquals([...order.walkBack(at(600))], [...Array(600).keys()].reverse());
  assertEquals([...order.walkBack(at(3))], [2, 1, 0]);
  assertEquals([...order.walkBack(at(0))], []);
  assertEquals([...new HandleOrder().walkBack(at(3))], []);
});

test("HandleOrder.remove() leaves an order that can be emptied and filled again", () => {
  const order = orderOf(shuffled(2_000));
  for (const handle of shuffled(2_000)) {
    if (handle % 10 !== 0) order.remove(handle, at(handle));
  }
  assertEquals([...order.walk(at(0))], Array.from({ length: 200 }, (_, index) => index * 10));
  for (const handle of [...order.walk(at(0))]) order.remove(handle, at(handle));
  assertEquals([...order.walk(at(0))], []);
  order.add(5, at(5));
  assertEquals([...order.walk(at(0))], [5]);
});

test("HandleOrder.remove() refuses a handle that is not where it should be", () => {
  const order = orderOf([3]);
  assertThrows(() => order.remove(4, at(4)), InvariantError);
  assertThrows(() => order.remove(4, at(3)), InvariantError);
});
