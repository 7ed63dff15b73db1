/**
 * The seam to the machine: files and directories, real, in memory, simulated and counted.
 *
 * @module
 */

export type { FileHandle, FilePosition } from "./file_handle.ts";
export type { Directory, Lock, LockOwner, OpenOptions } from "./directory.ts";
