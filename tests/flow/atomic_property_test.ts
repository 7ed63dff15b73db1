import fc from "fast-check";
import { FlowError } from "../../src/errors.ts";
import {
  type AtomicCommands,
  type AtomicResult,
  FlowAtomicError,
  type FlowRecord,
} from "../../src/flow/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { CoreStore } from "./core_store.ts";

const PARTITION = "p";

/** How a family begins. */
interface Family {
  readonly wait: "all" | "any";
  readonly onChildFailed: "fail_parent" | "ignore";
  readonly onParentClosed: "cancel_children" | "abandon_children";
  readonly success: "done" | "completed";
}

/** One command: for a store, and the same among others. */
interface Step {
  readonly command: string;
  readonly id: string;
}

const family: fc.Arbitrary<Family> = fc.record({
  wait: fc.constantFrom("all", "any"),
  onChildFailed: fc.constantFrom("fail_parent", "ignore"),
  onParentClosed: fc.constantFrom("cancel_children", "abandon_children"),
  success: fc.constantFrom("done", "completed"),
});

const step: fc.Arbitrary<Step> = fc.record({
  command: fc.constantFrom(
    ...["complete", "complete", "fail", "retry", "cancel", "extend", "transition", "signal"],
    ...["create", "spawn", "value", "set", "delete", "setNew"],
  ),
  id: fc.constantFrom("parent", "a", "b", "c", "new"),
});

/** A parent that waits for three children, which a worker holds. */
function begin(options: Family): { store: CoreStore; records: Map<string, FlowRecord> } {
  const store = new CoreStore();
  store.create("parent", { type: "t", partitionKey: PARTITION });
  const [parent] = store.claimDue("t", { worker: "w" });
  const { leaseToken, fencingToken } = parent!;
  const spawned = store.spawnChildren(parent, ["a", "b", "c"], {
    ...{ groupId: "g", waitState: "waiting", failure: "broken", type: "c" },
    ...options,
    ...{ leaseToken, fencingToken },
  });
  const children = store.claimDue("c", { worker: "w", limit: 3 });
  const records = new Map([spawned, ...children].map((record) => [record.id, record]));
  return { store, records };
}

/** Says a step to a store or to an `atomic()`; all of it is about one partition. */
function say(tx: AtomicCommands, { command, id }: Step, record: FlowRecord | undefined): unknown {
  const proof = {
    leaseToken: record?.leaseToken ?? "1-0",
    fencingToken: record?.fencingToken ?? 0,
  };
  const leaseToken = record?.leaseToken ?? undefined;
  const target = { id, partitionKey: PARTITION };
  switch (command) {
    case "complete":
      return tx.complete(target, { ...proof, result: id });
    case "fail":
      return tx.fail(target, { ...proof, error: "e" });
    case "retry":
      return tx.retry(target, { ...proof, retry: { maxRetries: 0 } });
    case "cancel":
      return tx.cancel(target);
    case "extend":
      return tx.extendLease(target, { ...proof, leaseMs: 99 });
    case "transition":
      return tx.transition(target, {
        ...{ from: leaseToken === undefined ? record?.state ?? "queued" : "running", to: "moved" },
        ...{ leaseToken, fencingToken: proof.fencingToken },
      });
    case "signal":
      return tx.signal(target, { signal: "s", idempotencyKey: "k", values: { v: 1 } });
    case "create":
      return tx.create(id, { type: "t", partitionKey: PARTITION, payload: 1 });
    case "spawn":
      return tx.spawnChildren(target, [`of-${id}`], {
        ...{ groupId: "h", waitState: "waiting", success: "done", failure: "broken", type: "c" },
        ...{ leaseToken, fencingToken: proof.fencingToken },
      });
    case "value":
      return tx.valuePut(2, { ownerFlowId: id, partitionKey: PARTITION, name: "v" });
    case "delete":
      return tx.kv.delete(id, { partitionKey: PARTITION });
    default: {
      const ifVersion = command === "setNew" ? 0 : undefined;
      return tx.kv.set(id, command, { partitionKey: PARTITION, ifVersion });
    }
  }
}

/** A store as something to say steps to. */
function commandsOf(store: CoreStore): AtomicCommands {
  const kv = {
    set: (key: string, value: unknown, options: unknown) => store.kvSet(key, value, options),
    delete: (key: string, options: unknown) => store.kvDelete(key, options),
  };
  // deno-lint-ignore no-explicit-any -- the same methods, which answer at once
  return new Proxy(store as any, {
    get: (target, name) => name === "kv" ? kv : target[name].bind(target),
  });
}

test("atomic() writes what its commands would write one after the other, byte by byte", () => {
  assertProperty(
    fc.property(family, fc.array(step, { minLength: 1, maxLength: 7 }), (options, steps) => {
      const one = begin(options);
      const all = begin(options);
      const before = all.store.log.length;
      assertEquals(one.store.log, all.store.log);
      const results: unknown[] = [];
      let refusal: FlowError | undefined;
      for (const step of steps) {
        try {
          results.push(say(commandsOf(one.store), step, one.records.get(step.id)));
        } catch (error) {
          assert(error instanceof FlowError, `${error}`);
          refusal = error;
          break;
        }
      }
      let told: AtomicResult[] | undefined;
      try {
        told = all.store.atomic(PARTITION, (tx) => {
          for (const step of steps) say(tx, step, all.records.get(step.id));
        });
      } catch (error) {
        assert(error instanceof FlowAtomicError, `${error}`);
        assertEquals([error.code, error.index], [refusal?.code, results.length]);
        assertEquals(all.store.log.length, before);
        return;
      }
      assertEquals(refusal, undefined);
      assertEquals<unknown[]>(told, results);
      assertEquals(all.store.log, one.store.log);
    }),
    { file: import.meta.url, runs: 400 },
  );
});
