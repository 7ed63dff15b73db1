/**
 * The named values of a flow after a command.
 *
 * @module
 */
import type { Draft } from "../draft/draft.ts";
import { tooManyNames, valueConflict } from "../draft/refusals.ts";
import type { Flow } from "../flow.ts";
import {
  type NamedValues,
  NO_VALUES,
  type PlannedValues,
  planValues,
  type ValueChanges,
} from "../values/named_values.ts";

/** The flow with its named values changed, if a command changes them. Refuses before it writes. */
export function withValues(draft: Draft, flow: Flow, changes: ValueChanges | undefined): Flow {
  const plan = plannedValues(draft, flow.identity.id, changes, flow.values);
  return plan === undefined ? flow : draft.hold(flow, plan);
}

/** What a flow is to hold; undefined if nothing changes. Refuses what cannot be. */
export function plannedValues(
  draft: Draft,
  id: string,
  changes: ValueChanges | undefined,
  before: NamedValues = NO_VALUES,
): PlannedValues | undefined {
  if (changes === undefined) return undefined;
  for (const [name, link] of changes.link) draft.requireStored(`valueRefs.${name}`, link);
  const plan = planValues(before, changes, (name) => valueConflict(id, name));
  const { namedValuesMax } = draft.limits;
  if (plan !== undefined && plan.length > namedValuesMax) {
    throw tooManyNames(id, plan.length, namedValuesMax);
  }
  return plan;
}
