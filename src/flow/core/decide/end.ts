/**
 * The end of a flow.
 *
 * @module
 */
import type { Ending } from "../draft/control_change.ts";
import type { Draft } from "../draft/draft.ts";
import { noteEnd } from "../families/cascade.ts";
import type { Flow } from "../flow.ts";

/**
 * Ends a flow. Every way into a terminal state leads through here, except the one that children go
 * with their parents.
 */
export function endFlow(draft: Draft, flow: Flow, ending: Ending): Flow {
  const after = draft.end(flow, ending);
  noteEnd(draft, after);
  return after;
}
