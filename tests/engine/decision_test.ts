import { decided, type Deciders } from "../../src/engine/calls/decision.ts";
import type { Call, Verdict } from "../../src/engine/calls/pending.ts";
import { type Shard, Superseded } from "../../src/engine/shard/shard.ts";
import { FlowError } from "../../src/errors.ts";
import { Expected } from "../../src/flow/core/mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { test } from "../harness.ts";

/** A shard that only knows what an answer stands on. */
function shardAt(lsn: number): Shard {
  const footing = () => ({ life: { durableLsn: 0, isOver: false }, lsn });
  return { footing } as unknown as Shard;
}

/** Shards that tell what they were asked for. */
function deciders() {
  const said: unknown[] = [];
  const shards = {
    all: [shardAt(1), shardAt(2)],
    courier: { add: (call: unknown) => void said.push(["expects", call]) },
    lose: (cause: unknown) => void said.push(["lost", cause]),
  } as unknown as Deciders;
  return { shards, said };
}

/** A call that ends in one way after the other. */
function callOf(ends: (Verdict<string> | Error)[], looksAt?: Call<string>["looksAt"]) {
  const decide = (): Verdict<string> => {
    const end = ends.shift();
    assert(end !== undefined, "It is decided once too often");
    if (end instanceof Error) throw end;
    return end;
  };
  const call: Call<string> = { decide, looksAt, resolve: () => {}, reject: () => {} };
  return call;
}

test("decided() decides a call again for as long as it is superseded", () => {
  const { shards, said } = deciders();
  const verdict = { standsOn: [], read: () => "done" };
  const call = callOf([new Superseded(), new Superseded(), verdict]);
  assertEquals([decided(call, shards), said], [verdict, []]);
});

test("decided() lets a call wait for what is expected from another shard", () => {
  const { shards, said } = deciders();
  const call = callOf([new Expected()]);
  assertEquals([decided(call, shards), said], [undefined, [["expects", call]]]);
});

test("decided() loses the store over an error that is no refusal", () => {
  const { shards, said } = deciders();
  const wrong = new RangeError("wrong");
  assertEquals([decided(callOf([wrong]), shards), said], [undefined, [["lost", wrong]]]);
});

test("decided() lets a refusal stand on what the call has looked at, unless too much waits already", () => {
  const { shards, said } = deciders();
  const standsOn = (error: FlowError, looksAt?: Call<string>["looksAt"]) => {
    const verdict = decided(callOf([error], looksAt), shards);
    assertEquals(assertThrows(() => verdict?.read()), error);
    return verdict?.standsOn.map(({ lsn }) => lsn);
  };
  const looksAt = () => [shardAt(7)];
  const refusal = new FlowError("store_closed", "Refused");
  assertEquals([standsOn(refusal, looksAt), standsOn(refusal)], [[7], [1, 2]]);
  const tooMuch = new FlowError("overloaded", "Too much", { details: { retryAfterMs: 1 } });
  assertEquals([standsOn(tooMuch, looksAt), standsOn(tooMuch)], [[], []]);
  assertEquals(said, []);
});
