/**
 * The seam to the machine: files and directories, real, in memory and simulated.
 *
 * @module
 */

export type { Chance } from "./simulated/chance.ts";
export { closeAll } from "./closing.ts";
export type { Damage, DamageTarget } from "./simulated/damage.ts";
export type { Directory, Lock, LockOwner, OpenOptions } from "./directory.ts";
export type { Fault, FileCall } from "./simulated/fault.ts";
export { FileError, fileErrorCode } from "./file_error.ts";
export type { FileHandle, FilePosition } from "./file_handle.ts";
export { memoryDirectory } from "./memory.ts";
export { nodeDirectory, type NodeDirectoryOptions } from "./node.ts";
export { lockOwner } from "./owner.ts";
export { PowerCut } from "./simulated/power_cut.ts";
export {
  type CutOptions,
  type PowerCutOptions,
  SimulatedDisk,
  type SimulatedDiskOptions,
} from "./simulated/disk.ts";
export { SECTOR_BYTES } from "./simulated/file.ts";
export type { Ending } from "./simulated/machine.ts";
export type { Keep } from "./simulated/survival.ts";
export { readFully, writeFully } from "./transfer.ts";
export { readWholeFile, withFile, writeDurably } from "./whole_file.ts";
