import { WaitingCalls } from "../../src/engine/calls/waiting_calls.ts";
import { FlowError } from "../../src/errors.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** A call that notes what becomes of it. */
function callThat(notes: string[]) {
  return {
    decide: () => undefined,
    resolve: () => void notes.push("resolved"),
    reject: (error: unknown) => void notes.push((error as FlowError).code),
  };
}

test("WaitingCalls gives every call out once", () => {
  const waiting = new WaitingCalls();
  assertEquals(waiting.isEmpty, true);
  waiting.add(callThat([]));
  waiting.add(callThat([]));
  assertEquals([waiting.isEmpty, waiting.take().length], [false, 2]);
  assertEquals([waiting.isEmpty, waiting.take().length], [true, 0]);
});

test("WaitingCalls.abort() rejects every call that still waits", () => {
  const waiting = new WaitingCalls();
  const [taken, left]: string[][] = [[], []];
  waiting.add(callThat(taken!));
  waiting.take();
  waiting.add(callThat(left!));
  waiting.abort(new FlowError("store_closed", "The store was closed"));
  assertEquals([taken, left, waiting.isEmpty], [[], ["store_closed"], true]);
});
