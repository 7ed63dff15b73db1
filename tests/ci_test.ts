/**
 * The closing lines of CI are only as good as what they count and name.
 *
 * @module
 */

import { countCases, failedCases } from "../.ci/junit.ts";
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

test("failedCases() returns what failed, whatever the runtime wrote around it", () => {
  const xml = `<testsuites>
    <testcase name="one" time="0.1"/>
    <testcase name="two > one" file="a_test.ts" failure="b > a"><failure>1 &lt; &quot;2&quot;</failure></testcase>
    <testcase name="three">
    </testcase>
    <testcase name="four"><skipped/></testcase>
    <testcase name="five"><error message="a&#10;b"/></testcase>
  </testsuites>`;
  assertEquals(failedCases(xml), [
    `<testcase name="two > one" file="a_test.ts" failure="b > a"><failure>1 < "2"</failure></testcase>`,
    `<testcase name="five"><error message="a\nb"/></testcase>`,
  ]);
  assertEquals(failedCases(""), []);
});
