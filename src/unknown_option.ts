/**
 * Options that do not exist, and what was probably meant.
 *
 * @module
 */
import { FlowError } from "./errors.ts";

/** Options of other systems that are refused on purpose, with what to use. */
const REFUSED: Readonly<Record<string, string>> = {
  return: "every command resolves to the whole record",
  resultRef: "give the result itself",
  errorRef: "give the error itself",
  reasonRef: "give the reason itself",
};

/** Options that have another name here. */
const RENAMED: Readonly<Record<string, readonly string[]>> = {
  ttlMs: ["retentionTtlMs"],
  retentionTtlMs: ["ttlMs"],
  maxAttempts: ["maxRetries"],
  attempts: ["maxRetries"],
  timeoutMs: ["handlerTimeoutMs", "leaseMs", "blockMs"],
  delay: ["runAtMs"],
  delayMs: ["runAtMs"],
  startAfter: ["runAtMs"],
  path: ["dir"],
  directory: ["dir"],
  data: ["payload"],
  body: ["payload"],
  partition: ["partitionKey"],
};

/** Names that differ in more letters are not the same word. */
const DISTANCE_MAX = 2;

/** The error for an option that is not among the known ones. */
export function unknownOption(
  at: string,
  name: string,
  known: ReadonlySet<string>,
): FlowError {
  const field = `${at}${name}`;
  const camel = camelCase(name);
  const refused = Object.hasOwn(REFUSED, camel) ? REFUSED[camel] : undefined;
  if (refused !== undefined && !known.has(camel)) {
    return new FlowError("unsupported_option", `${field} is not supported: ${refused}`, {
      details: { field },
    });
  }
  const meant = suggestion(name, camel, known);
  const advice = meant === undefined ? `known are ${[...known].join(", ")}` : `use ${meant}`;
  return new FlowError("invalid_argument", `${field} is not an option: ${advice}`, {
    details: { field, ...meant === undefined ? {} : { suggestion: meant } },
  });
}

function suggestion(
  name: string,
  camel: string,
  known: ReadonlySet<string>,
): string | undefined {
  if (known.has(camel)) return camel;
  const renamed = Object.hasOwn(RENAMED, camel) ? RENAMED[camel] : undefined;
  const there = renamed?.find((other) => known.has(other));
  if (there !== undefined) return there;
  let best: string | undefined;
  let bestDistance = DISTANCE_MAX + 1;
  for (const other of known) {
    const distance = editDistance(name.toLowerCase(), other.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [other, distance];
  }
  return best;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** How many letters have to be changed, added or left out; `enough` if there are as many or more. */
function editDistance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let line = 1; line <= a.length; line++) {
    const next = [line];
    for (let column = 1; column <= b.length; column++) {
      const same = a[line - 1] === b[column - 1] ? 0 : 1;
      next[column] = Math.min(
        row[column]! + 1,
        next[column - 1]! + 1,
        row[column - 1]! + same,
      );
    }
    row = next;
  }
  return Math.min(enough, row[b.length]!);
}
