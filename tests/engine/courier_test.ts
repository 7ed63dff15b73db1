/**
 * What is known of births that are under way between shards.
 *
 * @module
 */

import fc from "fast-check";
import type { Shard } from "../../src/engine/shard/shard.ts";
import type { Shards } from "../../src/engine/shards.ts";
import { Courier, isExpected } from "../../src/engine/upkeep/courier.ts";
import { Mailbox } from "../../src/flow/core/families/mailbox.ts";
import { pairName } from "../../src/flow/core/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

const SHARDS = 3;
const IDS = ["a", "b", "c"];

/** What a shard has written about mail: sent to `to`, or heard from `from` up to an LSN. */
type Written =
  | { readonly to: number; readonly id: string | null }
  | { readonly from: number; readonly upTo: number };

/** As much of a shard as is asked for its mail. */
class Peer {
  readonly written: Written[] = [];
  durableCount = 0;
  readonly state = { flows: { mail: new Mailbox() } };
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  /** Writes something, which may turn out void. The first LSN is 1. */
  write(written: Written): void {
    this.written.push(written);
    this.#evolve(written, this.written.length);
  }

  /** What is not durable has never been, and its LSNs are given once more. */
  startAgain(): void {
    this.written.length = this.durableCount;
    this.state.flows.mail = new Mailbox();
    for (const [index, written] of this.written.entries()) this.#evolve(written, index + 1);
  }

  /** Writes down what is known, and goes on with that. */
  reload(): void {
    const saved = this.state.flows.mail.save();
    this.state.flows.mail = new Mailbox();
    this.state.flows.mail.load(saved);
  }

  #evolve(written: Written, lsn: number): void {
    const { mail } = this.state.flows;
    if ("from" in written) return mail.receive(written.from, written.upTo);
    mail.send(written.to, { lsn, birth: written.id && pairName("p", written.id) });
  }
}

/** The same as `isExpected()`, by a walk through all that was sent. */
function isUnderWay(peers: readonly Peer[], to: Peer, id: string): boolean {
  return peers.some((from) => {
    const heardLsn = to.state.flows.mail.receivedFrom(from.number);
    return from.state.flows.mail.sentTo(to.number)
      .some(({ lsn, birth }) => lsn > heardLsn && birth === pairName("p", id));
  });
}

const shardNumber = fc.nat(SHARDS - 1);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("send" as const), shardNumber, shardNumber) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("hear" as const), shardNumber, shardNumber) },
  fc.tuple(fc.constantFrom("commit", "startAgain", "reload", "open"), shardNumber, fc.constant(0)),
);

test("isExpected() says of every birth what a walk through all mail says", () => {
  let expectedCount = 0;
  let voidCount = 0;
  const property = fc.property(
    fc.array(fc.tuple(step, fc.option(fc.constantFrom(...IDS)), fc.nat()), { size: "+2" }),
    (steps) => {
      const peers = Array.from({ length: SHARDS }, (_, number) => new Peer(number));
      const all = peers as unknown as readonly Shard[];
      const courier = new Courier({ all } as Shards, () => 0);
      const commit = (peer: Peer): void => void (peer.durableCount = peer.written.length);
      for (const [[kind, one, other], id, chance] of steps) {
        const peer = peers[one]!;
        if (kind === "send" && one !== other) peer.write({ to: other, id });
        // Only what no crash takes back is heard.
        const { durableCount } = peers[other]!;
        if (kind === "hear" && one !== other && durableCount > 0) {
          peer.write({ from: other, upTo: 1 + chance % durableCount });
        }
        if (kind === "commit") commit(peer);
        if (kind === "reload") peer.reload();
        if (kind === "startAgain") {
          voidCount += peer.written.length - peer.durableCount;
          peer.startAgain();
          courier.startedAgain(all[one]!);
        }
        if (kind === "open") {
          for (const each of peers) commit(each);
          courier.opened();
        }
        for (const to of peers) {
          for (const id of IDS) {
            const isIt = isUnderWay(peers, to, id);
            if (isIt) expectedCount += 1;
            assertEquals(isExpected(all, all[to.number]!, { partitionKey: "p", id }), isIt);
          }
        }
      }
    },
  );
  assertProperty(property, { file: import.meta.url, runs: 300 });
  assert(expectedCount > 0 && voidCount > 0);
});

test("isExpected() walks through no mail: it is asked for each of very many children", () => {
  const peers = [new Peer(0), new Peer(1)] as const;
  peers[0].write({ to: 1, id: "a" });
  peers[0].state.flows.mail.sentTo = () => {
    throw new Error("A walk");
  };
  const all = peers as unknown as readonly Shard[];
  const isNamed = (id: string): boolean => isExpected(all, all[1]!, { partitionKey: "p", id });
  assertEquals([isNamed("a"), isNamed("b")], [true, false]);
});
