/**
 * Options of a store that do not exist.
 *
 * @module
 */
import { unknownOption } from "../unknown_option.ts";

/** Refuses them as those of commands are. `at` stands before their names, such as `limits.`. */
export function refuseUnknown(
  at: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownOption(at, unknown, new Set(known));
}
