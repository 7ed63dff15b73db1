import { HashChains, LongUint32Array } from "../../src/index/mod.ts";
import { PartitionOrder } from "../../src/index/partition_order.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { membersOf } from "./crowd.ts";

const names = Array.from({ length: 30 }, (_, handle) => (
  { id: `f${handle}`, partitionKey: handle < 20 ? "p" : "q" }
));

function newOrders() {
  const scattered = new HashChains();
  const parts = {
    members: membersOf(names),
    partitionPlaces: new LongUint32Array(),
    scattered,
  };
  return { scattered, orders: [1, 2].map((lane) => new PartitionOrder(parts, lane)) };
}

const timeOf = (handle: number): number => 100 - handle;

/** The members of a partition, in order. */
function membersIn(order: PartitionOrder, partitionKey: string): number[] {
  const heap = order.heap(partitionKey, timeOf);
  if (heap === undefined) return [];
  return Array.from({ length: heap.size }, (_, place) => heap.at(place))
    .sort((a, b) => timeOf(a) - timeOf(b));
}

test("PartitionOrder gives a partition a heap while it has more than a few members", () => {
  const { orders: [order, other], scattered } = newOrders();
  const heapSize = (): number => [...order!.members()].length;
  for (const handle of [20, 21, 22]) other!.add(handle, timeOf);
  for (let round = 0; round < 3; round++) {
    for (let handle = 0; handle < 8; handle++) order!.add(handle, timeOf);
    assertEquals([heapSize(), scattered.size], [0, 11]);
    assertEquals(membersIn(order!, "p"), [7, 6, 5, 4, 3, 2, 1, 0]);
    order!.add(8, timeOf);
    order!.add(24, timeOf);
    assertEquals([heapSize(), scattered.size, order!.size], [9, 4, 10]);
    for (const handle of [0, 8, 2, 1]) order!.remove(handle);
    assertEquals([heapSize(), scattered.size], [5, 4]);
    order!.remove(7);
    assertEquals([heapSize(), scattered.size], [0, 8]);
    assertEquals(membersIn(order!, "p"), [6, 5, 4, 3]);
    assertEquals([3, 7, 24, 20].map((handle) => order!.has(handle)), [true, false, true, false]);
    for (const handle of [3, 4, 5, 6, 24]) order!.remove(handle);
    assertEquals([order!.size, scattered.size], [0, 3]);
  }
  assertEquals([membersIn(order!, "p"), membersIn(order!, "q")], [[], []]);
  assertEquals(membersIn(other!, "q"), [22, 21, 20]);
});
