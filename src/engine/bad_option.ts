/**
 * What is wrong with how a store is opened, or with what takes long: refused as arguments are.
 *
 * @module
 */
import { unknownOption } from "../flow/core/mod.ts";

export { invalid } from "../flow/core/mod.ts";

/** Refuses options that do not exist. `at` stands before their names, such as `limits.`. */
export function refuseUnknown(
  at: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownOption(at, unknown, new Set(known));
}
