import type { FlowRecord } from "../../src/flow/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { CoreStore } from "./core_store.ts";

/** A store whose flows a to f end at 1,010, 1,020 and so on: every third one fails. */
function store(): CoreStore {
  const store = new CoreStore({ nowMs: 1_000 });
  const partitionKey = "p";
  for (const id of "abcdef") store.create(id, { type: "t", partitionKey });
  store.create("live", { type: "t", partitionKey });
  store.create("other", { type: "u", partitionKey });
  for (const [index, id] of [..."abcdef"].entries()) {
    store.nowMs += 10;
    const [flow] = store.claimDue("t", { worker: "w" });
    const proof = { leaseToken: flow!.leaseToken, fencingToken: flow!.fencingToken };
    if (index % 3 === 0) store.complete(id, proof);
    else if (index % 3 === 1) store.fail(id, proof);
    else store.cancel(id);
  }
  store.cancel("other");
  return store;
}

const ids = (flows: readonly FlowRecord[]) => flows.map(({ id }) => id).join("");

test("terminals() lists flows that have ended, in that order, of any state or of one", () => {
  const flows = store();
  assertEquals(ids(flows.terminals("t")), "abcdef");
  assertEquals(ids(flows.terminals("t", { state: "any" })), "abcdef");
  assertEquals(ids(flows.terminals("t", { state: "completed" })), "ad");
  assertEquals(ids(flows.terminals("t", { state: "cancelled" })), "cf");
  assertEquals(ids(flows.terminals("none")), "");
  assertEquals(ids(flows.terminals("t", { partitionKey: "q" })), "");
});

test("terminals() takes the first rows, with rev the last ones", () => {
  const flows = store();
  assertEquals(ids(flows.terminals("t", { count: 2 })), "ab");
  assertEquals(ids(flows.terminals("t", { count: 2, rev: true })), "fe");
});

test("terminals() includes both ends of a range", () => {
  const flows = store();
  const found = (options: object) => ids(flows.terminals("t", options));
  assertEquals(found({ fromMs: 1_020, toMs: 1_040 }), "bcd");
  assertEquals(found({ fromMs: 1_020, toMs: 1_040, rev: true }), "dcb");
  assertEquals(found({ fromMs: 1_041, toMs: 1_049 }), "");
  assertEquals(found({ toMs: 1_030, rev: true, count: 1 }), "c");
  assertEquals(found({ fromMs: 1_060 }), "f");
});

test("terminals() pages either way, and ends with a null cursor", () => {
  const flows = store();
  for (const rev of [false, true]) {
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const options = { count: 2, rev, fromMs: 1_020, cursor };
      const page = flows.terminals("t", options) as unknown as {
        items: FlowRecord[];
        cursor: string | null;
      };
      pages.push(ids(page.items));
      cursor = page.cursor;
    } while (cursor !== null);
    assertEquals(pages, rev ? ["fe", "dc", "b"] : ["bc", "de", "f"]);
  }
});

test("failures() is terminals() of failed flows", () => {
  const flows = store();
  assertEquals(ids(flows.failures("t")), "be");
  assertEquals(ids(flows.failures("t", { rev: true, count: 1 })), "e");
  assertEquals(ids(flows.failures("t", { fromMs: 1_021 })), "e");
});

test("terminals() leaves out flows past their retention", () => {
  const flows = store();
  flows.nowMs = 1_010 + 7 * 86_400_000;
  assertEquals(ids(flows.terminals("t")), "bcdef");
});
