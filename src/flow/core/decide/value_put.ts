/**
 * Storing a value by itself.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import type { StoredValue } from "../../mod.ts";
import type { ValuePutCommand } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import type { ValueReply } from "../reply.ts";
import { heldValue } from "../values/named_values.ts";
import { valueRef } from "../values/value_ref.ts";
import { plannedValues } from "./values.ts";

/** Stores a value for a name of a flow, whoever has its lease, or for no flow. */
export function decideValuePut(draft: Draft, command: ValuePutCommand): ValueReply {
  const { owner } = command;
  const stored = owner === null ? putShared(draft, command) : putOwned(draft, command, owner);
  return { kind: "value", stored };
}

function putShared(draft: Draft, { put, ttlMs, partitionKey }: ValuePutCommand): StoredValue {
  const untilMs = ttlMs === undefined ? null : draft.nowMs + ttlMs;
  return {
    ref: refTo(draft.sharedValue(put.value, untilMs)),
    partitionKey: partitionKey ?? null,
    ownerFlowId: null,
    name: null,
    version: null,
    digest: put.digest,
    created: true,
    stored: true,
  };
}

function putOwned(
  draft: Draft,
  { put, override }: ValuePutCommand,
  { target, name }: NonNullable<ValuePutCommand["owner"]>,
): StoredValue {
  const before = draft.named(target);
  const { id, partitionKey } = before.identity;
  const plan = plannedValues(draft, id, {
    drop: [],
    link: new Map(),
    put: new Map([[name, put]]),
    override: override ? [name] : [],
  }, before.values);
  const flow = plan === undefined
    ? before
    : draft.change(draft.hold(before, plan), {}, "value_put");
  const held = heldValue(flow.values, name);
  invariant(held !== undefined, "a name holds what was put under it");
  return {
    ref: refTo(held.lsn),
    partitionKey,
    ownerFlowId: id,
    name,
    version: held.version,
    digest: put.digest,
    created: heldValue(before.values, name) === undefined,
    stored: plan !== undefined,
  };
}

function refTo(lsn: number): string {
  const ref = valueRef(lsn);
  invariant(ref !== null, "a value that was written has an LSN");
  return ref;
}
