import fc from "fast-check";
import type { CreateRequest } from "../../src/flow/core/command.ts";
import { createDigest, RequestText } from "../../src/flow/core/digest.ts";
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
    given.id,
    given.partitionKey,
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
  "id",
  "partitionKey",
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
