/**
 * The payload after a command that may bring a new one.
 *
 * @module
 */
import type { Draft } from "../draft/draft.ts";
import type { Flow } from "../flow.ts";
import type { Value, ValueLink } from "../values/value.ts";

/** The LSN of the new payload; of the old one if there is no new one. */
export function keptPayload(
  draft: Draft,
  flow: Flow,
  payload: Value | ValueLink | undefined,
): number {
  return payload === undefined ? flow.control.payloadLsn : draft.value(flow.key, payload);
}
