/**
 * How a request is recognised when it comes again.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";
import type { CreateRequest } from "./command.ts";
import type { KeyedHash } from "./flow_key.ts";

/** Parts of a request that say how it is handled, and not what it asks for; the payload follows. */
type Unhashed = "idempotent" | "payload";

/**
 * A hash of what a create request says. Only what was given counts, so that a later change of a
 * default or of a policy does not make the same request a different one.
 */
export function createDigest(hash: KeyedHash, request: CreateRequest): Hash64 {
  const { idempotent: _, payload, attributes, ...rest } = request;
  const given: Omit<CreateRequest, Unhashed | "attributes"> = rest;
  const text = JSON.stringify([
    sorted(given),
    sorted(attributes ?? {}),
    payload?.encoding ?? null,
  ]);
  const head = new TextEncoder().encode(text);
  if (payload === undefined) return hash(head);
  const bytes = new Uint8Array(head.length + payload.bytes.length);
  bytes.set(head);
  bytes.set(payload.bytes, head.length);
  return hash(bytes);
}

/** Members with a value, in the order of their names. */
function sorted(members: object): [name: string, value: unknown][] {
  return Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1);
}
