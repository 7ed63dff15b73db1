/**
 * Replacing the policy of a type.
 *
 * @module
 */
import type { PolicySetCommand } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import { generationConflict } from "../draft/refusals.ts";
import { resolvePolicy } from "../policy_resolution.ts";
import type { PolicyReply } from "../reply.ts";

/** Replaces the policy of a type. Flows that exist keep what was decided when they were created. */
export function decidePolicySet(draft: Draft, command: PolicySetCommand): PolicyReply {
  const { type, policy, expectedGeneration } = command;
  const present = draft.state.policies.get(type)?.generation ?? 0;
  if (expectedGeneration !== undefined && expectedGeneration !== present) {
    throw generationConflict(type, expectedGeneration, present);
  }
  const generation = present + 1;
  draft.setPolicy(type, generation, policy);
  return { kind: "policy", policy: resolvePolicy(type, { policy, generation }) };
}
