/**
 * Commands over several flows.
 *
 * @module
 */
import { FlowError } from "../../../errors.ts";
import { invariant } from "../../../invariant.ts";
import { FlowBatchError } from "../../mod.ts";
import type { BatchMode } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import { notApplied } from "../draft/refusals.ts";
import type { Flow } from "../flow.ts";
import { flowReply, type ItemOutcome, type Reply } from "../reply.ts";

/** Does one thing to one flow. Throws before it has written anything, or not at all. */
export type DecideItem<Request> = (draft: Draft, request: Request) => Flow;

/** Does one thing to the flow of every item. */
export function decideItems<Request>(
  draft: Draft,
  { mode, items }: { readonly mode: BatchMode; readonly items: readonly Request[] },
  decideItem: DecideItem<Request>,
): Reply {
  if (mode === "single") {
    const [item] = items;
    invariant(item !== undefined && items.length === 1, "a single command has one item");
    return flowReply(decideItem(draft, item));
  }
  draft.reserve(items.length);
  if (mode === "all") draft.refuseRepeats(items.length);
  const results = items.map((item) => decideOne(draft, item, decideItem));
  if (mode === "independent") return { kind: "outcomes", outcomes: results.map(outcomeOf) };
  if (!results.every(isFlow)) throw refuseAll(results.map(outcomeOf));
  return { kind: "flows", flows: results, hydration: null };
}

/** The flow after it, or why it was refused. */
type ItemResult = Flow | FlowError;

function isFlow(result: ItemResult): result is Flow {
  return !(result instanceof FlowError);
}

function outcomeOf(result: ItemResult): ItemOutcome {
  return isFlow(result) ? { ok: true, flow: result } : { ok: false, error: result };
}

function decideOne<Request>(
  draft: Draft,
  item: Request,
  decideItem: DecideItem<Request>,
): ItemResult {
  const { writtenCount } = draft;
  try {
    return decideItem(draft, item);
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    invariant(draft.writtenCount === writtenCount, "an item was refused after it had written");
    return error;
  }
}

/** The error of a batch of which nothing is applied, since one of its items is refused. */
function refuseAll(outcomes: readonly ItemOutcome[]): FlowBatchError {
  const index = outcomes.findIndex(({ ok }) => !ok);
  const first = outcomes[index];
  invariant(first !== undefined && !first.ok, "no item was refused");
  const rest = { ok: false, error: notApplied(first.error, index) } as const;
  return new FlowBatchError(first.error, index, outcomes.map((one) => one.ok ? rest : one));
}
