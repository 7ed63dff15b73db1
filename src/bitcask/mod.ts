/**
 * Finding records that are in the log.
 *
 * @module
 */

export { Keydir } from "./keydir.ts";
