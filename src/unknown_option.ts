/**
 * Options that do not exist, and what was probably meant.
 *
 * @module
 */
import { FlowError } from "./errors.ts";

const RATE = 'nothing limits a rate by itself, see the recipe "So many at once, so many a minute"';

/** Options of other systems that are refused on purpose, with what to use. */
const REFUSED: Readonly<Record<string, string>> = {
  return: "every command resolves to the whole record",
  resultRef: "give the result itself",
  errorRef: "give the error itself",
  reasonRef: "give the reason itself",
  limiter: RATE,
  rateLimit: RATE,
};

/** An option that is meant by another name, and what is different about it, if anything is. */
type Meant = string | readonly [option: string, how: string];

/** A delay is not a time: as one it would be long over. */
const DUE: Meant = ["runAtMs", "an instant: Date.now() + delay"];

/** What to know of options of other systems that count the first try, too. */
const ONE_LESS = "one less: the first try does not count";
const TRIES: readonly Meant[] = [["maxRetries", ONE_LESS]];

/** Options that have another name here: the first that is known. */
const RENAMED: Readonly<Record<string, readonly Meant[]>> = {
  ttlMs: ["retentionTtlMs"],
  retentionTtlMs: ["ttlMs"],
  maxAttempts: TRIES,
  attempts: TRIES,
  retries: ["maxRetries"],
  timeoutMs: ["handlerTimeoutMs", "leaseMs", "blockMs"],
  delay: ["baseMs", DUE],
  delayMs: ["baseMs", DUE],
  startAfter: [DUE],
  jobId: ["id"],
  type: ["kind"],
  limit: ["count"],
  count: ["limit"],
  path: ["dir"],
  directory: ["dir"],
  data: ["payload"],
  body: ["payload"],
  partition: ["partitionKey"],
  into: ["to"],
};

/** Options that stand somewhere else here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  attempts: `it belongs in the retry of a state, as maxRetries, ${ONE_LESS}`,
  maxAttempts: `it belongs in the retry of a state, as maxRetries, ${ONE_LESS}`,
  maxRetries: "it belongs in the retry of a state",
  backoff: "it belongs in the retry of a state",
};

/** Names that differ in more letters are not the same word. */
const DISTANCE_MAX = 2;

/** A name with more letters, or fewer, is another word: `limiter` is not `limit`. */
const LENGTH_DISTANCE_MAX = 1;

/**
 * Refuses members that are in none of the lists. `at` stands before their names, such as
 * `items[3].`.
 */
export function checkMembers(
  at: string,
  value: object,
  ...known: readonly (readonly string[])[]
): void {
  const unknown = Object.keys(value).find((name) => !known.some((names) => names.includes(name)));
  if (unknown !== undefined) throw unknownOption(at, unknown, new Set(known.flat()));
}

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
  const [meant, how] = suggestion(name, camel, known) ?? [];
  const detail = meant === undefined ? {} : { suggestion: meant };
  return new FlowError(
    "invalid_argument",
    `${field} is not an option: ${advice(camel, known, { meant, how })}`,
    { details: { field, ...detail } },
  );
}

function advice(
  camel: string,
  known: ReadonlySet<string>,
  { meant, how }: { readonly meant: string | undefined; readonly how: string | undefined },
): string {
  if (meant !== undefined) return how === undefined ? `use ${meant}` : `use ${meant}, ${how}`;
  if (Object.hasOwn(ELSEWHERE, camel)) return ELSEWHERE[camel]!;
  return `known are ${[...known].join(", ")}`;
}

function suggestion(
  name: string,
  camel: string,
  known: ReadonlySet<string>,
): readonly [option: string, how?: string] | undefined {
  if (known.has(camel)) return [camel];
  const renamed = Object.hasOwn(RENAMED, camel) ? RENAMED[camel]! : [];
  for (const other of renamed) {
    const pair = typeof other === "string" ? [other] as const : other;
    if (known.has(pair[0])) return pair;
  }
  const withUnit = `${camel}Ms`;
  if (known.has(withUnit)) return [withUnit, "in milliseconds"];
  // What is known to stand elsewhere is no slip of the pen.
  if (Object.hasOwn(ELSEWHERE, camel)) return undefined;
  let best: string | undefined;
  let bestDistance = DISTANCE_MAX + 1;
  for (const other of known) {
    if (Math.abs(name.length - other.length) > LENGTH_DISTANCE_MAX) continue;
    const distance = editDistance(name.toLowerCase(), other.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [other, distance];
  }
  return best === undefined ? undefined : [best];
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
