/**
 * What a claim has left out of a job for want of room.
 *
 * @module
 */
import type { FlowStore } from "../flow/mod.ts";
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
 * filled the answer: named values, and a payload that is not too large by itself.
 */
export async function withLeftOut(
  job: StateJob<string, unknown>,
  { store, payloadBytesMax }: LeftOutOptions,
): Promise<StateJob<string, unknown>> {
  const { payloadOmitted, ...rest } = job;
  const { payloadRef, payloadSize = Infinity, record: { valueRefs, valuesOmitted = [] } } = job;
  const isPayloadLate = payloadOmitted === true && payloadSize <= payloadBytesMax;
  const payloadRefs = isPayloadLate && payloadRef !== null ? [payloadRef] : [];
  if (payloadRefs.length + valuesOmitted.length === 0) return job;
  const named = valuesOmitted.map((name) => [name, valueRefs[name]?.ref] as const)
    .filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  const found = await store.valueMget([...payloadRefs, ...named.map(([, ref]) => ref)]);
  const values = found.splice(payloadRefs.length);
  return {
    ...payloadRefs.length === 0 ? job : { ...rest, payload: found[0] },
    values: { ...job.values, ...Object.fromEntries(named.map(([name], at) => [name, values[at]])) },
  };
}
