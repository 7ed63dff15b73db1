/**
 * One suite, three runtimes: `test` is the runtime's own test function, not a wrapper around it, so
 * that a failure points at the test's line and not at this file.
 *
 * Tests are flat, their body takes no arguments, and they clean up with `using`. A test that needs
 * something not every runtime has says so with {@linkcode when}.
 *
 * @module
 */

/** What a test does; takes no arguments, because the three runtimes pass different ones. */
export type Body = () => void | Promise<void>;

/** Options every runtime understands: Deno reads `ignore`, Bun and Node read `skip`. */
export interface Presence {
  readonly ignore: boolean;
  readonly skip: boolean;
}

/** The common part of `Deno.test` and `node:test`'s `test`. */
export interface Test {
  (name: string, body: Body): void;
  (name: string, options: Presence, body: Body): void;
}

/** Registers a test with the runtime that is running. */
export const test: Test = "Deno" in globalThis
  ? Deno.test as Test
  : (await import("node:test")).test as unknown as Test;

/** Options for a test that runs only where a capability is present; elsewhere it counts as skipped. */
export function when(present: boolean): Presence {
  return { ignore: !present, skip: !present };
}
