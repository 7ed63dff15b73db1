/**
 * The closing line of CI is only as good as its count.
 *
 * @module
 */

import { countCases } from "../.ci/junit.ts";
import { assertEquals } from "./assert.ts";
import { test } from "./harness.ts";

test("countCases() counts elements, whatever the runtime wrote around them", () => {
  const xml = `<testsuites name="x" tests="9" failures="9">
    <testcase name="one" time="0.1"/>
    <testcase name="two"><failure message="&lt;failure&gt;">at x</failure></testcase>
    <testcase name="three">
      <skipped type="skipped" message="true"/>
    </testcase>
    <testsuite name="inner"><testcase name="four"></testcase></testsuite>
    <testcase name="five"><error/></testcase>
  </testsuites>`;
  assertEquals(countCases(xml), { passed: 2, failed: 2, skipped: 1 });
  assertEquals(countCases(""), { passed: 0, failed: 0, skipped: 0 });
});
