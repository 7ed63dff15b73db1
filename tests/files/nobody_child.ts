/**
 * A process that may do nothing but what everybody may: permissions mean nothing to the administrator,
 * as whom tests often run. It opens directories, locks them, and says what that came to.
 *
 * Run as `nobody_child.ts <directory> <times>`; says one line each time: `locked`, or the error.
 *
 * @module
 */
import process from "node:process";
import { lockOwner, nodeDirectory } from "../../src/files/mod.ts";

/** The user id of nobody on Linux. */
const NOBODY = 65_534;

const [path, times] = process.argv.slice(2);
if (path === undefined) throw new TypeError("Usage: nobody_child.ts <directory> <times>");
if (process.getuid!() === 0) process.seteuid!(NOBODY);
for (let time = 0; time < Number(times); time++) {
  try {
    nodeDirectory(path).lock(lockOwner(0)).release();
    console.log("locked");
  } catch (error) {
    console.log((error as Error).message);
  }
}
// What the runtime writes at its end, such as coverage, it writes as whoever has started it.
if (process.getuid!() === 0) process.seteuid!(0);
