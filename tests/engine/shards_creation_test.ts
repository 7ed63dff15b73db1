import { openStore, type Store } from "../../mod.ts";
import { type Directory, type Ending, type Keep, SimulatedDisk } from "../../src/files/mod.ts";
import { manualTime, seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { partitionsOf } from "./partitions.ts";

const SHARDS = 3;
const PARTITIONS = partitionsOf(SHARDS);

/** A run that would end otherwise. */
const CALLS_MAX = 200;

function opened(files: Directory): Promise<Store> {
  return openStore({ files, shards: SHARDS, time: manualTime() });
}

/** Creates a store and a flow in each shard; tells which flows somebody was told of. */
async function live(files: Directory, told: string[]): Promise<void> {
  const store = await opened(files);
  for (const partitionKey of PARTITIONS) {
    await store.create("f", { type: "t", partitionKey });
    told.push(partitionKey);
  }
  await store.close();
}

for (const ending of ["power", "kill"] as Ending[]) {
  for (const keep of (ending === "power" ? ["none", "chance", "all"] : ["all"]) as Keep[]) {
    const what = ending === "kill" ? "kills" : `power cuts that leave ${keep}`;
    test(`A store with several shards is there as a whole or not at all after ${what}`, async () => {
      let calls = 0;
      for (let isStruck = true; isStruck && calls < CALLS_MAX; calls++) {
        const disk = new SimulatedDisk({ random: seededRandom(calls) });
        disk.cutAfter(calls, { ending, keep });
        const told: string[] = [];
        await live(disk.directory(), told).catch(() => {});
        isStruck = disk.isOff;
        // Once more in the middle of what the next process does.
        if (isStruck) {
          disk.cutAfter(calls % 7, { ending, keep });
          await opened(disk.restart()).then((store) => store.close()).catch(() => {});
        }
        disk.disarm();
        const store = await opened(disk.isOff ? disk.restart() : disk.directory());
        const there = (await store.list("t")).map(({ partitionKey }) => partitionKey);
        assertEquals(told.filter((partitionKey) => !there.includes(partitionKey)), []);
        for (const partitionKey of PARTITIONS) {
          await store.create("g", { type: "t", partitionKey });
        }
        await store.close();
        assertEquals(disk.openHandleCount, 0);
      }
      assert(calls > 15 && calls < CALLS_MAX, `${calls} calls`);
    });
  }
}
