import { DiskRoom, lacksRoom } from "../../src/engine/disk/disk_room.ts";
import { type Directory, SimulatedDisk } from "../../src/files/mod.ts";
import { type ManualTime, manualTime, seededRandom } from "../../src/time/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

const BALLAST = 1_000;
const FREE_MIN = 5_000;

interface Setting {
  readonly disk: SimulatedDisk;
  readonly time: ManualTime;
  open(directory?: Directory): DiskRoom;
}

function setting(capacityBytes: number): Setting {
  const disk = new SimulatedDisk({ random: seededRandom(1), capacityBytes });
  const time = manualTime();
  return {
    disk,
    time,
    open: (directory = disk.directory()) =>
      new DiskRoom({
        directory,
        clock: time.clock,
        ballastBytes: BALLAST,
        freeBytesMin: FREE_MIN,
      }),
  };
}

/** The same directory where the system does not say how much is free. */
function silent(directory: Directory): Directory {
  return {
    path: directory.path,
    open: (name, options) => directory.open(name, options),
    list: () => directory.list(),
    remove: (name) => directory.remove(name),
    sync: () => directory.sync(),
    lock: (owner) => directory.lock(owner),
    freeBytes: () => undefined,
  };
}

test("DiskRoom takes its ballast once, and finds it again", () => {
  const { disk, open } = setting(100_000);
  assertEquals([open().shortage(), disk.usedBytes], [undefined, BALLAST]);
  assertEquals([open().shortage(), disk.usedBytes], [undefined, BALLAST]);
  disk.powerCut();
  const directory = disk.restart();
  assertEquals([open(directory).isBallastHeld, disk.usedBytes <= BALLAST], [true, true]);
});

test("DiskRoom asks how much is free once a second, or after a fourth of what is to be left", () => {
  const { disk, time, open } = setting(100_000);
  const room = open();
  assertEquals(room.shortage(), undefined);
  disk.capacityBytes = disk.usedBytes + FREE_MIN - 1;
  time.tick(999);
  assertEquals(room.shortage(), undefined);
  time.tick(1);
  assertEquals(room.shortage(), "disk_pressure");
  disk.capacityBytes = Infinity;
  assertEquals(room.shortage(), "disk_pressure");
  room.written(FREE_MIN / 4 - 1);
  assertEquals(room.shortage(), "disk_pressure");
  room.written(1);
  assertEquals(room.shortage(), undefined);
});

test("DiskRoom gives its ballast back once when there is no room, and takes it when there is", () => {
  const { disk, time, open } = setting(100_000);
  const room = open();
  disk.capacityBytes = disk.usedBytes;
  assertEquals([room.ranOut(), disk.usedBytes, room.ranOut()], [true, 0, false]);
  assertEquals([room.shortage(), room.isBallastHeld], ["disk_full", false]);
  time.tick(60_000);
  assertEquals([room.shortage(), disk.usedBytes], ["disk_full", 0]);
  disk.capacityBytes = 100_000;
  assertEquals(room.shortage(), "disk_full");
  time.tick(5_000);
  assertEquals([room.shortage(), room.isBallastHeld], [undefined, true]);
  assertEquals(room.ranOut(), true);
});

test("DiskRoom finds out by trying where the system does not say how much is free", () => {
  const { disk, time, open } = setting(100_000);
  const room = open(silent(disk.directory()));
  disk.capacityBytes = BALLAST - 1;
  assertEquals(room.shortage(), undefined);
  assertEquals(room.ranOut(), true);
  time.tick(5_000);
  assertEquals([room.shortage(), disk.usedBytes], ["disk_full", 0]);
  disk.capacityBytes = 2 * BALLAST - 1;
  time.tick(5_000);
  assertEquals([room.shortage(), disk.usedBytes], ["disk_full", 0]);
  disk.capacityBytes = 2 * BALLAST;
  time.tick(5_000);
  assertEquals([room.shortage(), disk.usedBytes], [undefined, BALLAST]);
});

test("DiskRoom that finds no room for its ballast begins with a full disk", () => {
  const { disk, time, open } = setting(2 * BALLAST - 1);
  const room = open();
  assertEquals([room.shortage(), disk.usedBytes, room.ranOut()], ["disk_full", 0, false]);
  disk.capacityBytes = 100_000;
  time.tick(5_000);
  assertEquals([room.shortage(), room.isBallastHeld], [undefined, true]);
});

test("DiskRoom whose ballast cannot be written goes on without it", () => {
  const { disk, open } = setting(100_000);
  disk.arm({ call: "write" });
  const room = open();
  assertEquals([room.isBallastHeld, room.shortage(), room.ranOut()], [false, undefined, false]);
  assertEquals(room.shortage(), "disk_full");
});

test("DiskRoom has a little to spare for what gives room back, and more when some was given back", () => {
  const { disk, time, open } = setting(100_000);
  const room = open(silent(disk.directory()));
  disk.capacityBytes = disk.usedBytes;
  assertEquals([room.isShort, room.ranOut(), room.isShort], [false, true, true]);
  assertEquals(room.roomForMerge, BALLAST / 2);
  assertEquals([room.takeSpare(100), room.takeSpare(100), room.takeSpare(100)], [100, 25, 0]);
  assertEquals(room.shortage(), "disk_full");
  disk.capacityBytes = 100_000;
  assertEquals(room.shortage(), "disk_full");
  room.gaveBack(800);
  assertEquals(room.shortage(), undefined);
  assertEquals([room.takeSpare(1_000), room.isShort], [100, false]);
  room.gaveBack(1_000_000);
  assertEquals(room.takeSpare(1_000), BALLAST / 2);
  disk.capacityBytes = disk.usedBytes;
  assertEquals([room.ranOut(), room.ranOut(), room.takeSpare(1_000)], [true, false, 0]);
  time.tick(1);
});

test("DiskRoom lets a merge take half of what the system says is free", () => {
  const { disk, open } = setting(100_000);
  const room = open();
  assertEquals(room.roomForMerge, (100_000 - disk.usedBytes) / 2);
});

test("lacksRoom() looks at what led to an error, and comes to an end where that is the error itself", () => {
  const full = Object.assign(new Error("Full"), { code: "ENOSPC" });
  assertEquals(lacksRoom(new Error("One", { cause: new Error("Two", { cause: full }) })), true);
  const circle = new Error("Circle");
  circle.cause = new Error("Other", { cause: circle });
  assertEquals([lacksRoom(circle), lacksRoom("text"), lacksRoom(undefined)], [false, false, false]);
});
