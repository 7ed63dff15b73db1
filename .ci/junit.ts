/**
 * Reads JUnit files. The three runtimes agree on the elements and on little else, so the elements
 * are counted and the summary attributes are left alone.
 *
 * @module
 */

/** How a suite ended. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The texts of files, one after the other; one that was not written says nothing. */
export async function readReports(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map((path) => Deno.readTextFile(path).catch(() => "")))).join("");
}

/** Counts test cases. */
export function countCases(xml: string): TestCount {
  const count = (pattern: RegExp): number => xml.match(pattern)?.length ?? 0;
  const skipped = count(/<skipped\b/g);
  const failed = count(/<(?:failure|error)\b/g);
  return { passed: count(/<testcase\b/g) - failed - skipped, failed, skipped };
}

/** A test case and what is in it. An attribute may hold ">", and what fails has no end of its own. */
const testCase = /<testcase(?:\s[\w-]+="[^"]*")*\s*>(?:(?!<testcase\b)[^])*?<\/testcase>/g;

/**
 * What the test cases that failed said, each with its name and file. A runtime that reports into a
 * file prints nothing, and the file goes with the run.
 */
export function failedCases(xml: string): string[] {
  return (xml.match(testCase) ?? []).filter((text) => /<(?:failure|error)\b/.test(text)).map(plain);
}

const entities = {
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  "#10": "\n",
  amp: "&",
} as const;

/** Text whose entities are what they stand for. */
function plain(xml: string): string {
  return xml.replace(
    /&(lt|gt|quot|apos|#10|amp);/g,
    (_, name: keyof typeof entities) => entities[name],
  );
}
