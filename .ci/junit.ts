/**
 * Counts tests in JUnit files. The three runtimes agree on the elements and on little else, so the
 * elements are counted and the summary attributes are left alone.
 *
 * @module
 */

/** How a suite ended. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Sums the test cases of files; one that was not written counts nothing. */
export async function countTests(paths: readonly string[]): Promise<TestCount> {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const path of paths) {
    const xml = await Deno.readTextFile(path).catch(() => "");
    const { passed, failed, skipped } = countCases(xml);
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/** Counts the test cases of one file. */
export function countCases(xml: string): TestCount {
  const count = (pattern: RegExp): number => xml.match(pattern)?.length ?? 0;
  const skipped = count(/<skipped\b/g);
  const failed = count(/<(?:failure|error)\b/g);
  return { passed: count(/<testcase\b/g) - failed - skipped, failed, skipped };
}
