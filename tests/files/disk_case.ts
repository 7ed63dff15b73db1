/**
 * What the tests of the simulated disk start from.
 *
 * @module
 */

import {
  type Directory,
  fileErrorCode,
  type FileHandle,
  SimulatedDisk,
} from "../../src/files/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assertThrows } from "../assert.ts";

/** A disk whose chances come from a seed. */
export function newDisk(options: { seed?: number; capacityBytes?: number } = {}): SimulatedDisk {
  const { seed = 1, capacityBytes = Infinity } = options;
  return new SimulatedDisk({ random: seededRandom(seed), capacityBytes });
}

/** Bytes of one value. */
export function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** A file that is durable, name and bytes. */
export function durableFile(disk: SimulatedDisk, content: Uint8Array): FileHandle {
  const directory = disk.directory();
  const file = directory.open("a", { create: true });
  file.write(content, { at: 0 });
  file.flush();
  directory.sync();
  return file;
}

/** All bytes of a file, or `undefined` if it is not there. */
export function contentOf(directory: Directory, name = "a"): number[] | undefined {
  if (!directory.list().includes(name)) return undefined;
  const file = directory.open(name);
  const buffer = new Uint8Array(file.getSize());
  file.read(buffer, { at: 0 });
  file.close();
  return [...buffer];
}

/** The code of the error that an action throws. */
export function codeOf(action: () => unknown): string | undefined {
  return fileErrorCode(assertThrows(action, Error));
}
