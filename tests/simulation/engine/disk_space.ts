/**
 * How much room there is on the simulated disk, and how long a store may take to notice.
 *
 * @module
 */

import type { SimulatedDisk } from "../../../src/files/mod.ts";
import type { EngineProcess } from "./machine.ts";

/** After there is room again it takes so long until new work is taken. */
export const ROOM_NOTICED_MS = 1_000;

/** What a store may think that there is room for: everything, work that exists, or nothing. */
export type RoomFor = "everything" | "old work" | "nothing";

/** The room on a disk. */
export class DiskSpace {
  readonly #disk: SimulatedDisk;
  /** Monotonic time from which on the last change has been noticed. */
  #noticedAtMs = 0;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  /** From now on the disk has so many bytes left, or as many as anybody wants. */
  set(bytes: number | undefined, running: EngineProcess | undefined): void {
    this.#disk.capacityBytes = bytes === undefined ? Infinity : this.#disk.usedBytes + bytes;
    this.#noticedAtMs = (running?.time.clock.monotonicMs() ?? 0) + ROOM_NOTICED_MS;
  }

  /** The next process begins with a look at the disk. */
  restarted(): void {
    this.#noticedAtMs = 0;
  }

  /** What a store may refuse for lack of room. */
  roomFor({ room, time }: EngineProcess): RoomFor {
    if (room.isExhausted()) return "nothing";
    const isShort = room.isFull || Number.isFinite(this.#disk.capacityBytes) ||
      time.clock.monotonicMs() < this.#noticedAtMs;
    return isShort ? "old work" : "everything";
  }
}
