/**
 * A disk that loses what a disk may lose, for stores of tests.
 *
 * @module
 */
import { SimulatedDisk } from "../files/mod.ts";
import { seededRandom } from "../time/mod.ts";

/** How to make a {@linkcode simulatedDisk}. */
export interface SimulatedDiskSettings {
  /** Decides everything that is left to chance: the same seed, the same losses. Default 1. */
  readonly seed?: number | undefined;
  /** Room for all files together, in bytes. Default: no limit. */
  readonly capacityBytes?: number | undefined;
}

/**
 * A disk whose power can be cut, whose calls can be made to fail, and whose bits can be flipped.
 *
 * Of what was written and not synced, a power cut keeps all, nothing or a part, as chance has it;
 * what was synced stays.
 *
 * @example
 * ```ts
 * import { openStore } from "@flowcask/flowcask";
 * import { manualTime, simulatedDisk } from "@flowcask/flowcask/testing";
 *
 * const time = manualTime();
 * const disk = simulatedDisk({ seed: 7 });
 * const store = await openStore({ files: disk.directory(), time });
 * await store.create("email-1", { type: "email" });
 * disk.powerCut();
 *
 * await using next = await openStore({ files: disk.restart(), time });
 * console.log((await next.get("email-1"))?.state); // queued: it was acknowledged
 * ```
 */
export function simulatedDisk(settings: SimulatedDiskSettings = {}): SimulatedDisk {
  const { seed = 1, capacityBytes = Infinity } = settings;
  return new SimulatedDisk({ random: seededRandom(seed), capacityBytes });
}
