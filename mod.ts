/**
 * Durable workflows and queues as a library.
 *
 * @module
 */
export { FlowError, type FlowErrorCode, type FlowErrorDetails, isFlowError } from "./src/errors.ts";
export type { OpenOptions, Store, StoreLimits } from "./src/engine/mod.ts";
export { openStore } from "./src/open_store.ts";
export * from "./src/flow/mod.ts";
