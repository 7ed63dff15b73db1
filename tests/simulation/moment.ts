/**
 * What runs of a simulation do again and again.
 *
 * @module
 */

/** Microtasks that an answer or a slice of a checkpoint goes through on its way, and some more. */
const MICROTASKS = 40;

/** Lets answers arrive. */
export async function microtasks(): Promise<void> {
  for (let count = 0; count < MICROTASKS; count++) await undefined;
}

/** Where an error comes from. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
