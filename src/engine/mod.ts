/**
 * The store in this process.
 *
 * @module
 */

export { openStore } from "./open_store.ts";
export type { OpenOptions, StoreLimits } from "./options.ts";
export type { RetentionOptions } from "./sweeper.ts";
export type { Store } from "./store.ts";
