/**
 * How a request is recognised when it comes again.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";
import type { CreateRequest } from "./command.ts";
import type { KeyedHash } from "./flow_key.ts";

const encoder = new TextEncoder();

/**
 * A hash of what a create request says. Only what was given counts, so that a later change of a
 * default or of a policy does not make the same request a different one.
 */
export function createDigest(hash: KeyedHash, request: CreateRequest): Hash64 {
  const { payload, attributes = {} } = request;
  // Nothing that can be given is null, so null stands for what was not. New members are appended.
  const text = JSON.stringify([
    request.id,
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
    Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1),
    payload?.encoding,
  ]);
  const head = encoder.encode(text);
  if (payload === undefined) return hash(head);
  const bytes = new Uint8Array(head.length + payload.bytes.length);
  bytes.set(head);
  bytes.set(payload.bytes, head.length);
  return hash(bytes);
}
