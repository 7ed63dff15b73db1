/**
 * What most cases begin with: flows, and workers that lease them.
 *
 * @module
 */
import type { ClaimOptions, CreateOptions, FlowRecord, FlowStore, Guard } from "../../flow/mod.ts";
import { fail } from "./assertion.ts";

/** The type of the flows of most cases. */
export const JOB = "job";

/** How long a flow is kept after its end, unless somebody says otherwise. */
export const WEEK_MS: number = 7 * 86_400_000;

/** The ids of flows, in their order. */
export function idsOf(flows: readonly { readonly id: string }[]): string[] {
  return flows.map(({ id }) => id);
}

/** Creates a flow of type `job`. */
export function create(
  store: FlowStore,
  id: string,
  options: Partial<CreateOptions> = {},
): Promise<FlowRecord> {
  return store.create(id, { type: JOB, ...options });
}

/** Claims due flows of type `job`; resolves to their ids, in the order of the answer. */
export async function claimedIds(
  store: FlowStore,
  options: Partial<ClaimOptions> = {},
): Promise<string[]> {
  const flows = await store.claimDue(JOB, { worker: "worker-1", limit: 100, ...options });
  return idsOf(flows);
}

/** Claims one due flow of type `job`, which has to be there. */
export async function claimOne(
  store: FlowStore,
  options: Partial<ClaimOptions> = {},
): Promise<FlowRecord> {
  const [flow] = await store.claimDue(JOB, { worker: "worker-1", ...options });
  return flow ?? fail("claimDue() found nothing, but a flow is due");
}

/** Creates a flow of type `job` and claims it; no other flow may be due. */
export async function leased(
  store: FlowStore,
  id: string,
  options: Partial<CreateOptions> = {},
): Promise<FlowRecord> {
  await create(store, id, options);
  return await claimOne(store);
}

/** What proves that the caller owns a flow that it has claimed. */
export function owner({ leaseToken, fencingToken }: FlowRecord): Guard {
  return { leaseToken: leaseToken ?? fail("The flow has no lease"), fencingToken };
}

/** The names of the events of a flow, oldest first. */
export async function eventsOf(store: FlowStore, id: string): Promise<string[]> {
  return (await store.history(id)).map(({ event }) => event);
}
