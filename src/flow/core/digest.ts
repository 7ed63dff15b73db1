/**
 * How a request is recognised when it comes again.
 *
 * @module
 */
import { type Hash64, hashWriter } from "../../codec/mod.ts";
import type { CreateRequest, SignalCommand } from "./command.ts";
import type { SpawnedGroup } from "./families/family_command.ts";
import type { KeyedHash } from "./flow_key.ts";
import { pairName } from "./pair_name.ts";
import type { ValueChanges } from "./values/named_values.ts";

const encoder = new TextEncoder();

const NO_TEXT: Readonly<Uint8Array> = new Uint8Array(0);

/** What makes digests. */
export interface Digester {
  /** The hash of the store. */
  readonly hash: KeyedHash;
  /** Where the text of a request is written. */
  readonly requestText: RequestText;
}

/** What the requests of one batch mostly have in common. */
type CommonMembers = Pick<
  CreateRequest,
  | "type"
  | "state"
  | "runAtMs"
  | "priority"
  | "parentFlowId"
  | "rootFlowId"
  | "correlationId"
  | "retentionTtlMs"
  | "historyMaxEvents"
>;

/**
 * What create requests say, as bytes; one after the other, in the same place. JSON put together by
 * hand, in less than half the time. Nothing that can be given is null, so null stands for what was not.
 * New members are appended. The name of the flow is not in it: a request is compared with the flow that
 * has its name.
 */
export class RequestText {
  readonly #writer = hashWriter();
  #common: CommonMembers | undefined;
  #commonText: Readonly<Uint8Array> = NO_TEXT;

  /** The hash of a request. */
  hashedBy(hash: KeyedHash, request: CreateRequest): Hash64 {
    const { payload, values, attributes } = request;
    const link = payload !== undefined && "linkLsn" in payload ? payload.linkLsn : undefined;
    const content = payload !== undefined && "bytes" in payload ? payload : undefined;
    const writer = this.#writer;
    writer.reset();
    writer.raw(this.#commonOf(request));
    const facts = attributes === undefined ? [] : byName(Object.entries(attributes));
    writer.rawText(facts.length === 0 ? ",[]," : `,${JSON.stringify(facts)},`);
    writer.rawText(String(content === undefined ? null : content.encoding));
    if (link !== undefined || values !== undefined) {
      writer.rawText(`,${link ?? null},${JSON.stringify(values && changesText(values)) ?? null}`);
    }
    writer.rawText("]");
    if (content !== undefined) writer.raw(content.bytes);
    return hash(writer.buffer, writer.length);
  }

  #commonOf(request: CreateRequest): Readonly<Uint8Array> {
    if (this.#common !== undefined && isAlike(this.#common, request)) return this.#commonText;
    const { type, state, runAtMs, priority, parentFlowId, rootFlowId, correlationId } = request;
    const { retentionTtlMs, historyMaxEvents } = request;
    const ids = { parentFlowId, rootFlowId, correlationId };
    this.#common = { type, state, runAtMs, priority, ...ids, retentionTtlMs, historyMaxEvents };
    const head = `[${json(type)},${json(state)},${json(runAtMs)},${json(priority)}`;
    const names = `,${json(parentFlowId)},${json(rootFlowId)},${json(correlationId)}`;
    const tail = `,${json(retentionTtlMs)},${json(historyMaxEvents)}`;
    return this.#commonText = encoder.encode(head + names + tail);
  }
}

function isAlike(a: CommonMembers, b: CommonMembers): boolean {
  return a.type === b.type && a.state === b.state && a.runAtMs === b.runAtMs &&
    a.priority === b.priority && a.parentFlowId === b.parentFlowId &&
    a.rootFlowId === b.rootFlowId && a.correlationId === b.correlationId &&
    a.retentionTtlMs === b.retentionTtlMs && a.historyMaxEvents === b.historyMaxEvents;
}

/** Whether two requests of one command ask for the same. If their values are the same objects, they do. */
function isSame(a: CreateRequest, b: CreateRequest): boolean {
  return isAlike(a, b) && a.payload === b.payload && a.values === b.values &&
    a.attributes === b.attributes;
}

function json(member: string | number | undefined): string {
  return JSON.stringify(member ?? null);
}

/**
 * A hash of what a create request says. Only what was given counts, so that a later change of a
 * default or of a policy does not make the same request a different one.
 */
export function createDigest({ hash, requestText }: Digester, request: CreateRequest): Hash64 {
  return requestText.hashedBy(hash, request);
}

/** A request, and its digest. */
export interface HashedRequest {
  /** The request. */
  readonly request: CreateRequest;
  /** Its digest. */
  readonly digest: Hash64;
}

/** The digests of the requests of one command, which mostly ask for the same: it is hashed once. */
export class RequestDigests {
  readonly #digester: Digester;
  #last: HashedRequest | undefined;

  /** No digests yet. */
  constructor(digester: Digester) {
    this.#digester = digester;
  }

  /** The digest of a request. */
  of(request: CreateRequest): Hash64 {
    if (this.#last === undefined || !isSame(this.#last.request, request)) {
      this.#last = { request, digest: createDigest(this.#digester, request) };
    }
    return this.#last.digest;
  }
}

/** A hash of what a request for children says, in whatever order it names them. */
export function groupDigest(
  hash: KeyedHash,
  group: SpawnedGroup,
  children: readonly HashedRequest[],
): Hash64 {
  const { wait, waitState, success, failure, onChildFailed, onParentClosed } = group;
  const named = byName(
    children.map((
      { request: { partitionKey, id }, digest: { hi, lo } },
    ) => [pairName(partitionKey, id), [hi, lo]]),
  );
  // New members are appended.
  const members = [wait, waitState, success, failure, onChildFailed, onParentClosed, named];
  return hash(encoder.encode(JSON.stringify(members)));
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
