import fc from "fast-check";
import { FlowsByKey } from "../../src/flow/core/draft/flows_by_key.ts";
import type { Flow } from "../../src/flow/core/flow.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { CoreStore } from "./core_store.ts";

/** Keys of which many come to the same place, and some differ only where the same hash is told apart. */
const key = fc.record({
  hi: fc.nat(2),
  lo: fc.oneof(fc.nat(15), fc.constantFrom(256, 257, 4_096)),
});

test("FlowsByKey finds the last flow with a key, and a flow by its name", () => {
  const store = new CoreStore();
  store.create("f", { type: "t" });
  const [flow] = store.state.table.findAll("f");
  assertProperty(
    fc.property(fc.array(key, { maxLength: 60 }), key, (keys, other) => {
      const flows = new FlowsByKey();
      const last = new Map<string, Flow>();
      for (const [version, { hi, lo }] of keys.entries()) {
        const id = `${hi}-${lo}`;
        const identity = { ...flow!.identity, id, partitionKey: "p" };
        const control = { ...flow!.control, version };
        const changed = { ...flow!, key: { hi, lo }, identity, control };
        flows.set(changed);
        last.set(id, changed);
      }
      for (const { hi, lo } of [...keys, other]) {
        const id = `${hi}-${lo}`;
        assertEquals(flows.get({ hi, lo }), last.get(id));
        // Whoever looks for a name begins with the first key that it may have.
        const first = { hi, lo: lo - lo % 4 };
        assertEquals(flows.find(first, "p", id), last.get(id));
        assertEquals(flows.find(first, "q", id), undefined);
      }
    }),
    { file: import.meta.url, runs: 200 },
  );
});
