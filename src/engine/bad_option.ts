/**
 * What is wrong with an option.
 *
 * @module
 */
import { FlowError } from "../errors.ts";

/** An option of the wrong type, or out of range. */
export function invalid(field: string, value: unknown, must: string): FlowError {
  return new FlowError("invalid_argument", `${field} is ${String(value)}, but must be ${must}`, {
    details: { field, value },
  });
}

/** Refuses options that do not exist. `at` stands before their names, such as `limits.`. */
export function refuseUnknown(
  at: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const message = `There is no option ${at}${unknown}; there are ${known.join(", ")}`;
  throw new FlowError("invalid_argument", message, { details: { field: `${at}${unknown}` } });
}
