import { Router } from "../../src/engine/calls/router.ts";
import type { Shard } from "../../src/engine/shard/shard.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf, shardMap } from "./partitions.ts";

const SHARDS = 3;

function routerOf(count: number): { readonly router: Router; readonly all: readonly Shard[] } {
  const all = Array.from({ length: count }, (_, number) => ({ number }) as unknown as Shard);
  return { router: new Router(shardMap(count), all), all };
}

test("shardsOf() names the shards of partitions once each, and all if none are named", () => {
  const { router, all } = routerOf(SHARDS);
  const [p0, p1, p2] = partitionsOf(SHARDS) as [string, string, string];
  const numbersOf = (keys: readonly string[] | null) =>
    router.shardsOf(keys).map(({ number }) => number);
  assertEquals(numbersOf(null), [0, 1, 2]);
  assertEquals([numbersOf([p1]), numbersOf([p2, p0, p2])], [[1], [2, 0]]);
  assertEquals(router.shardsFor({ id: "f", partitionKey: p2 }), [all[2]!]);
  assertEquals(router.shardsFor({ id: "f", partitionKey: undefined }), all);
});

test("shardsOf() of a store with one shard is that one", () => {
  const { router, all } = routerOf(1);
  assertEquals([router.shardsOf(null), router.shardsOf(["p", "q"]), router.shardsOf([])], [
    ...[all, all, all],
  ]);
});
