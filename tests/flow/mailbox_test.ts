import { Mailbox } from "../../src/flow/core/families/mailbox.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

test("Mailbox expects a birth that is under way twice until the second one has been heard", () => {
  const mail = new Mailbox();
  for (const [lsn, birth] of [[1, "a"], [2, null], [3, "a"], [5, "b"]] as const) {
    mail.send(1, { lsn, birth });
  }
  const expected = (heardLsn: number): boolean[] =>
    ["a", "b"].map((birth) => mail.isBirthSentAfter(1, heardLsn, birth));
  assertEquals([1, 2, 3, 5].map(expected), [[true, true], [true, true], [false, true], [
    false,
    false,
  ]]);
  mail.forget(1, 2);
  assertEquals(expected(0), [true, true]);
  mail.forget(1, 4);
  assertEquals(expected(0), [false, true]);
  mail.forget(1, 5);
  assertEquals([expected(0), [...mail.receivers]], [[false, false], []]);
});

test("Mailbox finds what was sent after an LSN, whether that is one of its own or not", () => {
  const mail = new Mailbox();
  for (const lsn of [2, 3, 7]) mail.send(1, { lsn, birth: null });
  const after = (lsn: number): number[] => [...mail.sentAfter(1, lsn)].map(({ lsn }) => lsn);
  assertEquals([0, 2, 3, 5, 7].map(after), [[2, 3, 7], [3, 7], [7], [7], []]);
  assertEquals([...mail.sentAfter(2, 0)], []);
});

test("Mailbox leaves a list alone that somebody walks through while it forgets", () => {
  const mail = new Mailbox();
  for (const lsn of [1, 2, 3]) mail.send(1, { lsn, birth: null });
  const walked: number[] = [];
  for (const { lsn } of mail.sentTo(1)) {
    walked.push(lsn);
    mail.forget(1, lsn);
  }
  assertEquals(walked, [1, 2, 3]);
  assert(mail.sentTo(1).length === 0);
});

test("Mailbox refuses mail that comes before what was sent", () => {
  const mail = new Mailbox();
  mail.send(1, { lsn: 2, birth: null });
  assertThrows(() => mail.send(1, { lsn: 2, birth: null }), Error, "no higher LSN");
});
