/**
 * What a claim has left out of a job for want of room.
 *
 * @module
 */
import type { FlowStore } from "../../flow/mod.ts";
import type { StateJob } from "./job.ts";

/** Where it is read, and how large it may be. */
export interface LeftOutOptions {
  /** The store of the job. */
  readonly store: FlowStore;
  /** The most bytes of a payload that handlers want. */
  readonly payloadBytesMax: number;
}

/** Whether a claim has left out anything of a job. */
export function lacksSomething({ payloadOmitted, record }: StateJob<string, unknown>): boolean {
  return payloadOmitted === true || record.valuesOmitted !== undefined;
}

/**
 * The job with what its claim has left out only because the payloads and values of other jobs had
 * filled the answer: named values, and a payload that is not too large by itself. What has gone in
 * the meantime is as if it had been gone at the claim.
 */
export async function withLeftOut(
  job: StateJob<string, unknown>,
  { store, payloadBytesMax }: LeftOutOptions,
): Promise<StateJob<string, unknown>> {
  const { payloadOmitted, ...rest } = job;
  const { payloadRef, payloadSize = Infinity, record: { valueRefs, valuesOmitted = [] } } = job;
  const isPayloadLate = payloadOmitted === true && payloadSize <= payloadBytesMax;
  const late = isPayloadLate ? payloadRef : null;
  const named = valuesOmitted.map((name) => [name, valueRefs[name]?.ref] as const)
    .filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  const refs = [...late === null ? [] : [late], ...named.map(([, ref]) => ref)];
  if (refs.length === 0) return job;
  const found = await valuesAt(refs, job, store);
  const values = named.filter(([, ref]) => found.has(ref));
  return {
    ...late === null ? job : { ...rest, ...payloadAt(late, found) },
    values: { ...job.values, ...Object.fromEntries(values.map(([n, ref]) => [n, found.get(ref)])) },
  };
}

/** The payload, marked as a claim marks one that is gone. */
function payloadAt(
  ref: string,
  found: ReadonlyMap<string, unknown>,
): Pick<StateJob<string, unknown>, "payload" | "payloadMissing"> {
  return found.has(ref) ? { payload: found.get(ref) } : { payload: null, payloadMissing: true };
}

/** The values of a job by their references, without those that are gone. */
async function valuesAt(
  refs: readonly string[],
  job: StateJob<string, unknown>,
  store: FlowStore,
): Promise<ReadonlyMap<string, unknown>> {
  const found = await store.valueMget(refs);
  const values = refs.map((ref, at) => [ref, found[at]] as const);
  // Null is a value, too: only the flow can tell.
  const held = found.includes(null) ? await heldBy(job, store) : undefined;
  return new Map(values.filter(([ref, value]) => value !== null || held?.includes(ref)));
}

/** The references of a flow that lead to something: to its payload, and to what its claim left out. */
async function heldBy(
  { id, partitionKey, record: { valuesOmitted = [] } }: StateJob<string, unknown>,
  store: FlowStore,
): Promise<readonly (string | null | undefined)[]> {
  // That the payload is there can be seen without it.
  const options = { payload: true, payloadMaxBytes: 0, values: valuesOmitted };
  const flow = await store.get({ id, partitionKey }, options);
  if (flow === null) return [];
  const { payloadRef, payloadMissing, valueRefs, values = {} } = flow;
  const named = Object.keys(values).map((name) => valueRefs[name]?.ref);
  return payloadMissing === true ? named : [payloadRef, ...named];
}
