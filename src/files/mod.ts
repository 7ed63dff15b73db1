/**
 * The seam to the machine: files and directories, real, in memory and simulated.
 *
 * @module
 */

export type { Chance } from "./chance.ts";
export { closeAll } from "./closing.ts";
export type { Damage, DamageTarget } from "./damage.ts";
export type { Directory, Lock, LockOwner, OpenOptions } from "./directory.ts";
export type { Fault, FileCall } from "./fault.ts";
export { FileError, fileErrorCode } from "./file_error.ts";
export type { FileHandle, FilePosition } from "./file_handle.ts";
export { memoryDirectory } from "./memory.ts";
export { nodeDirectory, type NodeDirectoryOptions } from "./node.ts";
export { lockOwner } from "./owner.ts";
export { PowerCut } from "./power_cut.ts";
export {
  type CutOptions,
  type PowerCutOptions,
  SimulatedDisk,
  type SimulatedDiskOptions,
} from "./simulated.ts";
export { SECTOR_BYTES } from "./simulated_file.ts";
export type { Ending } from "./simulated_machine.ts";
export type { Keep } from "./survival.ts";
export { readFully, writeFully } from "./transfer.ts";
export { readWholeFile, withFile, writeDurably } from "./whole_file.ts";
