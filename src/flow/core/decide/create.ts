/**
 * Creating a flow.
 *
 * @module
 */
import { type Hash64, isSameHash } from "../../../codec/mod.ts";
import type { CreateRequest } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import { Expected } from "../draft/expected.ts";
import { alreadyExists, idempotencyConflict } from "../draft/refusals.ts";
import type { Membership } from "../families/group.ts";
import { type Flow, type Identity, isForgotten, NO_ATTRIBUTES } from "../flow.ts";
import { resolveStatePolicy } from "../policy_resolution.ts";
import type { PlannedValues } from "../values/named_values.ts";
import { plannedValues } from "./values.ts";

/** The state of a flow that is created without one. */
const FIRST_STATE = "queued";

/** Creates a flow, or finds the one that the same request created before. */
export function decideCreate(draft: Draft, request: CreateRequest): Flow {
  const { id, partitionKey } = request;
  if (draft.neighbours.isExpected(partitionKey, id)) throw new Expected();
  const old = draft.find(partitionKey, id);
  if (old !== undefined && !isForgotten(old.control, draft.nowMs)) {
    return repeat(draft, request, old);
  }
  draft.requireStored("payloadRef", request.payload);
  const plan = plannedValues(draft, id, request.values);
  const digest = draft.digestOf(request);
  return beginFlow(draft, request, { old, plan, membership: null, digest });
}

function repeat(draft: Draft, request: CreateRequest, flow: Flow): Flow {
  if (!request.idempotent) throw alreadyExists(flow);
  if (!isSameRequest(draft, request, flow)) throw idempotencyConflict(flow);
  return flow;
}

/** Whether a flow was created by the same request. */
export function isSameRequest(draft: Draft, request: CreateRequest, { identity }: Flow): boolean {
  return isSameHash(draft.digestOf(request), identity.digest);
}

/** What a new flow has besides what was asked for. */
export interface Birth {
  /** The flow that had its id before and is past its retention, undefined: none. */
  readonly old: Flow | undefined;
  /** What it is to hold by name. */
  readonly plan: PlannedValues | undefined;
  /** The group that it is in, null: none. */
  readonly membership: Membership | null;
  /** The digest of the request. */
  readonly digest: Hash64;
}

/** Writes a flow that did not exist, or not any more. */
export function beginFlow(
  draft: Draft,
  request: CreateRequest,
  { old, plan, membership, digest }: Birth,
): Flow {
  if (old !== undefined) draft.delete(old);
  const key = old?.key ?? draft.newKey(request.partitionKey, request.id);
  const state = request.state ?? FIRST_STATE;
  const { retention } = resolveStatePolicy(draft.state.policies.get(request.type), state);
  const identity: Identity = {
    id: request.id,
    partitionKey: request.partitionKey,
    type: request.type,
    parentFlowId: request.parentFlowId ?? null,
    membership,
    rootFlowId: request.rootFlowId ?? null,
    correlationId: request.correlationId ?? null,
    attributes: request.attributes ?? NO_ATTRIBUTES,
    createdAtMs: draft.nowMs,
    historyMaxEvents: request.historyMaxEvents ?? retention.historyMaxEvents,
    digest,
  };
  const begun = draft.begin(key, identity, { payload: request.payload, plan });
  return draft.create(begun, {
    version: 1,
    state,
    priority: request.priority ?? 0,
    lease: null,
    attempts: 0,
    attemptsTotal: 0,
    reclaims: 0,
    fencingToken: 0,
    updatedAtMs: draft.nowMs,
    nextRunAtMs: request.runAtMs ?? draft.nowMs,
    retentionTtlMs: request.retentionTtlMs ?? retention.ttlMs,
    retentionUntilMs: null,
    rewoundTo: null,
    valueCount: begun.valueCount,
    payloadLsn: begun.payloadLsn,
    resultLsn: 0,
    errorLsn: 0,
    valuesLsn: begun.valuesLsn,
  });
}
