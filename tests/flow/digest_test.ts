import fc from "fast-check";
import { sipHash24 } from "../../src/codec/mod.ts";
import type { CreateRequest } from "../../src/flow/core/command.ts";
import {
  createDigest,
  groupDigest,
  type HashedRequest,
  RequestDigests,
  RequestText,
} from "../../src/flow/core/digest.ts";
import type { KeyedHash } from "../../src/flow/core/flow_key.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";

const text = fc.string({
  unit: fc.constantFrom("a", '"', "\\", "\n", "\x7f", "\0", "\u2028", "\u00e9", "\u{1F600}"),
  minLength: 1,
  maxLength: 70,
});
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

const request = fc.record({
  id: text,
  partitionKey: text,
  type: text,
  state: maybe(text),
  runAtMs: maybe(fc.maxSafeNat()),
  priority: maybe(fc.constantFrom(0 as const, 1 as const, 2 as const)),
  parentFlowId: maybe(text),
  rootFlowId: maybe(text),
  correlationId: maybe(text),
  retentionTtlMs: maybe(fc.maxSafeNat()),
  historyMaxEvents: maybe(fc.nat()),
  attributes: maybe(fc.dictionary(text, fc.oneof(text, fc.boolean(), fc.double()))),
  payload: maybe(fc.oneof(
    fc.record({
      encoding: fc.constantFrom(0 as const, 1 as const),
      bytes: fc.uint8Array({ maxLength: 9 }),
    }),
    fc.record({ linkLsn: fc.nat() }),
  )),
  idempotent: fc.boolean(),
  values: maybe(fc.constant({
    drop: [],
    link: new Map([["b", { linkLsn: 2 }], ["a", { linkLsn: 1 }]]),
    put: new Map(),
    override: [],
  })),
});

/** What stores have hashed from the first day on: a request that comes again has to find its own. */
function hashedText({ payload, values, attributes = {}, ...given }: CreateRequest): string {
  const link = payload !== undefined && "linkLsn" in payload ? payload.linkLsn : undefined;
  const content = payload !== undefined && "bytes" in payload ? payload : undefined;
  const head = JSON.stringify([
    given.type,
    given.state,
    given.runAtMs,
    given.priority,
    given.parentFlowId,
    given.rootFlowId,
    given.correlationId,
    given.retentionTtlMs,
    given.historyMaxEvents,
    Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1),
    content?.encoding,
    ...link === undefined && values === undefined
      ? []
      : [link, values && [[], [["a", 1], ["b", 2]], [], []]],
  ]);
  return head + String.fromCharCode(...content?.bytes ?? []);
}

/** The members of a request that may differ when all others are the same. */
const MEMBERS = [
  "type",
  "state",
  "runAtMs",
  "priority",
  "parentFlowId",
  "rootFlowId",
  "correlationId",
  "retentionTtlMs",
  "historyMaxEvents",
  "attributes",
  "payload",
  "values",
] as const;

test("createDigest() hashes what it always has, also of requests that are nearly alike", () => {
  assertProperty(
    fc.property(request, request, fc.constantFrom(...MEMBERS), (first, other, member) => {
      const requestText = new RequestText();
      for (const request of [first, { ...first, [member]: other[member] }, other]) {
        let hashed: Uint8Array | undefined;
        const hash = (bytes: Uint8Array, length?: number) => {
          hashed = bytes.slice(0, length);
          return { hi: 1, lo: 2 };
        };
        assertEquals(createDigest({ hash, requestText }, request), { hi: 1, lo: 2 });
        const expected = hashedText(request);
        const content = request.payload !== undefined && "bytes" in request.payload
          ? request.payload.bytes.length
          : 0;
        const head = new TextEncoder().encode(expected.slice(0, expected.length - content));
        assertEquals([...hashed!.subarray(0, head.length)], [...head]);
        assertEquals(hashed!.length, head.length + content);
      }
    }),
    { file: import.meta.url, runs: 300 },
  );
});

/** A hash that tells texts apart, and how often it was asked for. */
function countingHash(): { hash: KeyedHash; count: () => number } {
  let count = 0;
  const hash: KeyedHash = (bytes, length) => {
    count++;
    return sipHash24([1, 2, 3, 4], bytes, length);
  };
  return { hash, count: () => count };
}

/** A request that gives nothing but what every request has to. */
const BARE: CreateRequest = {
  id: "a",
  partitionKey: "p",
  type: "email",
  state: undefined,
  runAtMs: undefined,
  priority: undefined,
  payload: undefined,
  values: undefined,
  parentFlowId: undefined,
  rootFlowId: undefined,
  correlationId: undefined,
  attributes: undefined,
  idempotent: true,
  retentionTtlMs: undefined,
  historyMaxEvents: undefined,
};

test("RequestDigests.of() is the digest of each request, whichever came before it", () => {
  const { hash } = countingHash();
  const digester = { hash, requestText: new RequestText() };
  assertProperty(
    fc.property(request, request, fc.constantFrom(...MEMBERS), (first, other, member) => {
      const digests = new RequestDigests(digester);
      for (const request of [first, { ...first, [member]: other[member] }, first, other]) {
        assertEquals(digests.of(request), createDigest(digester, request));
      }
    }),
    { file: import.meta.url, runs: 300 },
  );
});

test("RequestDigests.of() hashes once what a batch asks for many times", () => {
  const { hash, count } = countingHash();
  const digests = new RequestDigests({ hash, requestText: new RequestText() });
  const payload = { encoding: 0 as const, bytes: new Uint8Array(9) };
  for (const id of ["a", "b", "c"]) digests.of({ ...BARE, payload, id, partitionKey: id });
  assertEquals(count(), 1);
});

test("groupDigest() depends on names and requests of children, and not on their order", () => {
  const { hash } = countingHash();
  const group = {
    id: "parts",
    wait: "all" as const,
    waitState: "waiting",
    success: "done",
    failure: "broken",
    onChildFailed: "fail_parent" as const,
    onParentClosed: "cancel_children" as const,
  };
  const child = (partitionKey: string, id: string, lo: number): HashedRequest => ({
    request: { ...BARE, partitionKey, id },
    digest: { hi: 0, lo },
  });
  const digestOf = (...children: HashedRequest[]): string =>
    JSON.stringify(groupDigest(hash, group, children));
  const [a, b] = [child("p", "a", 1), child("p", "b", 2)];
  assertEquals(digestOf(a, b), digestOf(b, a));
  const others = [
    digestOf(a, b),
    digestOf(a),
    digestOf(child("p", "a", 2), child("p", "b", 1)),
    digestOf(a, child("p", "c", 2)),
    digestOf(a, child("q", "b", 2)),
    digestOf(a, child("pb", "", 2)),
  ];
  assertEquals(new Set(others).size, others.length);
});
