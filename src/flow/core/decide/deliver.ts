/**
 * What other shards tell, taking effect.
 *
 * @module
 */
import type { Draft } from "../draft/draft.ts";
import { cancelChildren } from "../families/cascade.ts";
import type { DeliverCommand } from "../families/family_command.ts";
import type { BirthMessage, Message } from "../families/message.ts";
import { type Flow, isForgotten } from "../flow.ts";
import { type FlowReply, flowReply } from "../reply.ts";
import { NO_VALUES, planValues } from "../values/named_values.ts";
import { beginFlow, isSameRequest } from "./create.ts";
import { rollUp } from "./roll_up.ts";

/** Lets messages take effect that have not done so yet. */
export function decideDeliver(draft: Draft, { from, messages }: DeliverCommand): FlowReply {
  const heardLsn = draft.state.mail.receivedFrom(from);
  const news = messages.filter(({ lsn }) => lsn > heardLsn);
  for (const { message } of news) heed(draft, message);
  const last = news.at(-1);
  if (last !== undefined) draft.family.receive(from, last.lsn);
  return flowReply(null);
}

function heed(draft: Draft, message: Message): void {
  switch (message.kind) {
    case "birth":
      return bear(draft, message);
    case "end":
      return rollUp(draft, message);
    case "close":
      return void cancelChildren(draft, [message.group]);
  }
}

/** Creates a child whose parent is elsewhere, or takes in one that is there. */
function bear(draft: Draft, { request, membership }: BirthMessage): void {
  const old = draft.find(request.partitionKey, request.id);
  if (old !== undefined && !isForgotten(old.control, draft.nowMs)) {
    return takeIn(draft, old, { request, membership });
  }
  const plan = request.values && planValues(NO_VALUES, request.values, neverHeld);
  const digest = draft.digestOf(request);
  beginFlow(draft, request, { old, plan, membership, digest });
}

function takeIn(
  draft: Draft,
  old: Flow,
  { request, membership }: Pick<BirthMessage, "request" | "membership">,
): void {
  if (old.identity.membership === null && isSameRequest(draft, request, old)) {
    draft.family.adopt(old, membership);
    return;
  }
  // While a name is expected nobody else can take it. Should it happen, nobody waits for ever.
  const { parentFlowId = "", id: childId } = request;
  const home = draft.neighbours.shardOf(membership.parentPartitionKey);
  draft.family.send(home, { kind: "end", parentFlowId, membership, childId, end: "cancelled" });
}

/** A flow that is created holds nothing that could be in the way. */
function neverHeld(name: string): Error {
  return new Error(`A new flow holds a value named "${name}"`);
}
