import fc from "fast-check";
import type { Control } from "../../src/flow/core/flow.ts";
import { isLeaseToken, leaseToken } from "../../src/flow/core/flow.ts";
import { Lease } from "../../src/flow/core/lease.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { CoreStore } from "./core_store.ts";

const word = fc.oneof(fc.nat(15), fc.integer({ min: 0, max: 0xffff_ffff }));

/** Flows with a lease of any secret and number. */
const leased = fc.record({ hi: word, lo: word, fencingToken: fc.oneof(fc.nat(9), fc.maxSafeNat()) })
  .map(({ hi, lo, fencingToken }): Control => {
    const store = new CoreStore();
    store.create("f", { type: "t" });
    const { control } = [...store.state.table.findAll("f")][0]!;
    return { ...control, fencingToken, lease: new Lease("w", { hi, lo }) };
  });

test("isLeaseToken() knows the token of leaseToken(), and no other text", () => {
  assertProperty(
    fc.property(leased, leased, fc.nat(), fc.string({ maxLength: 3 }), (one, other, at, text) => {
      const token = leaseToken(one)!;
      assertEquals(isLeaseToken(one, token), true);
      assertEquals(isLeaseToken(other, token), leaseToken(other) === token);
      const place = at % token.length;
      for (const end of [place, place + 1]) {
        const changed = token.slice(0, place) + text + token.slice(end);
        assertEquals(isLeaseToken(one, changed), changed === token);
      }
      assertEquals(isLeaseToken({ ...one, lease: null }, token), false);
    }),
    { file: import.meta.url, runs: 200 },
  );
});
