import type { FlowError } from "../src/errors.ts";
import { unknownOption } from "../src/unknown_option.ts";
import { assertEquals, assertStringIncludes } from "./assert.ts";
import { test } from "./harness.ts";

/** What is said about an option where those of the list are known. */
function said(name: string, ...known: readonly string[]): FlowError {
  return unknownOption("", name, new Set(known));
}

test("unknownOption() says what is meant by the options of other libraries", () => {
  const due = "use runAtMs, an instant: Date.now() + delay";
  const tries = "maxRetries, one less: the first try does not count";
  const retry = "it belongs in the retry of a state";
  const cases: readonly (readonly [name: string, known: string, says: string])[] = [
    ["delay", "runAtMs", due],
    ["delayMs", "runAtMs", due],
    ["delay_ms", "runAtMs", due],
    ["startAfter", "runAtMs", due],
    ["delay", "baseMs", "use baseMs"],
    ["type", "kind", "use kind"],
    ["jobId", "id", "use id"],
    ["limit", "count", "use count"],
    ["count", "limit", "use limit"],
    ["attempts", "runAtMs", `${retry}, as ${tries}`],
    ["attempts", "retry", `${retry}, as ${tries}`],
    ["maxAttempts", "retry", `${retry}, as ${tries}`],
    ["attempts", "maxRetries", `use ${tries}`],
    ["maxRetries", "retry", retry],
    ["backoff", "retry", retry],
    ["into", "to", "use to"],
  ];
  for (const [name, known, says] of cases) {
    const { code, message } = said(name, "payload", known);
    assertEquals([code, message], [
      "invalid_argument",
      `${name} is not an option: ${says}. Correct the call`,
    ]);
  }
});

test("unknownOption() of a rate says that there is none, and where to read on", () => {
  const { code, message } = said("limiter", "limit", "concurrency");
  assertEquals(code, "unsupported_option");
  assertStringIncludes(message, 'see the recipe "So many at once, so many a minute"');
});

test("unknownOption() takes a slip of the pen for what is meant, and no other word", () => {
  assertEquals(said("prioriti", "priority", "limit").details["suggestion"], "priority");
  assertEquals(said("run_at_ms", "runAtMs").details["suggestion"], "runAtMs");
  assertStringIncludes(said("runAt", "runAtMs").message, "use runAtMs, in milliseconds");
  for (const [name, known] of [["limited", "limit"], ["ids", "i"], ["to", "into"]] as const) {
    const { details, message } = said(name, known);
    assertEquals(details["suggestion"], undefined);
    assertStringIncludes(message, `${name} is not an option: known are ${known}`);
  }
});

test("unknownOption() names what is known where nothing is meant", () => {
  const { details, message } = said("shoeSize", "id", "payload");
  assertEquals(details, { field: "shoeSize" });
  assertStringIncludes(message, "known are id, payload");
});
