/**
 * How a request is recognised when it comes again.
 *
 * @module
 */
import type { ByteWriter, Hash64 } from "../../codec/mod.ts";
import type { CreateRequest, SignalCommand } from "./command.ts";
import type { SpawnedGroup } from "./family_command.ts";
import type { KeyedHash } from "./flow_key.ts";
import type { ValueChanges } from "./named_values.ts";

const encoder = new TextEncoder();

/** What makes digests. */
export interface Digester {
  /** The hash of the store. */
  readonly hash: KeyedHash;
  /** Where the text of a request is written. What it held is gone after that. */
  readonly scratch: ByteWriter;
}

/**
 * A hash of what a create request says. Only what was given counts, so that a later change of a
 * default or of a policy does not make the same request a different one.
 */
export function createDigest({ hash, scratch }: Digester, request: CreateRequest): Hash64 {
  const { payload, values, attributes } = request;
  const link = payload !== undefined && "linkLsn" in payload ? payload.linkLsn : undefined;
  const content = payload !== undefined && "bytes" in payload ? payload : undefined;
  scratch.reset();
  // JSON put together by hand, in less than half the time. Nothing that can be given is null, so
  // null stands for what was not. New members are appended.
  scratch.rawText("[");
  scratch.rawText(quoted(request.id));
  for (
    const member of [
      request.partitionKey,
      request.type,
      request.state,
      request.runAtMs,
      request.priority,
      request.parentFlowId,
      request.rootFlowId,
      request.correlationId,
      request.retentionTtlMs,
      request.historyMaxEvents,
    ]
  ) {
    scratch.rawText(",");
    scratch.rawText(typeof member === "string" ? quoted(member) : String(member ?? null));
  }
  scratch.rawText(",");
  const facts = attributes === undefined ? [] : byName(Object.entries(attributes));
  scratch.rawText(facts.length === 0 ? "[]" : JSON.stringify(facts));
  scratch.rawText(`,${content?.encoding ?? null}`);
  if (link !== undefined || values !== undefined) {
    scratch.rawText(`,${link ?? null},${JSON.stringify(values && changesText(values)) ?? null}`);
  }
  scratch.rawText("]");
  if (content !== undefined) scratch.raw(content.bytes);
  return hash(scratch.buffer, scratch.length);
}

/** A well-formed text as JSON. */
function quoted(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** A hash of what a request for children says, in whatever order it names them. */
export function groupDigest(
  digester: Digester,
  group: SpawnedGroup,
  children: readonly CreateRequest[],
): Hash64 {
  const { wait, waitState, success, failure, onChildFailed, onParentClosed } = group;
  const digests = children.map((child) => createDigest(digester, child))
    .map(({ hi, lo }) => [hi, lo] as const)
    .sort(([hi, lo], [otherHi, otherLo]) => hi - otherHi || lo - otherLo);
  // New members are appended.
  const members = [wait, waitState, success, failure, onChildFailed, onParentClosed, digests];
  return digester.hash(encoder.encode(JSON.stringify(members)));
}

/** A hash of what a signal says, whatever the order in which it names its states. */
export function signalDigest(hash: KeyedHash, command: SignalCommand): Hash64 {
  const { signal, ifState, transitionTo, runAtMs, values } = command;
  // New members are appended.
  const text = JSON.stringify([
    signal,
    ifState?.toSorted(),
    transitionTo,
    runAtMs === null ? "parked" : runAtMs,
    values && changesText(values),
  ]);
  return hash(encoder.encode(text));
}

/** What a request says about named values, whatever the order in which it says it. */
function changesText({ drop, link, put, override }: ValueChanges): unknown[] {
  return [
    drop.toSorted(),
    byName([...link].map(([name, { linkLsn }]) => [name, linkLsn])),
    byName([...put].map(([name, { value, digest }]) => [name, `${value.encoding}${digest}`])),
    override.toSorted(),
  ];
}

function byName<T>(entries: [name: string, fact: T][]): [name: string, fact: T][] {
  return entries.sort(([a], [b]) => a < b ? -1 : 1);
}

/** A hash of a key that a caller chose. */
export function keyDigest(hash: KeyedHash, key: string): Hash64 {
  return hash(encoder.encode(key));
}
