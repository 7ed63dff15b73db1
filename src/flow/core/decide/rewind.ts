/**
 * Putting a flow back to where it was.
 *
 * @module
 */
import { isTerminalState } from "../../mod.ts";
import type { RewindCommand } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import type { PastFlow } from "../draft/need.ts";
import {
  rewindEventNotFound,
  rewindEventUnusable,
  rewindFamily,
  rewindLeased,
  rewindOfDueTime,
  wrongState,
} from "../draft/refusals.ts";
import { compareEvents, positionOf } from "../event_id.ts";
import { type Flow, hasEnded, shownState } from "../flow.ts";
import { type FlowReply, flowReply } from "../reply.ts";
import { restoredValues } from "../values/named_values.ts";
import { endFlow } from "./end.ts";

/** Gives a flow the state that it had after an event. History goes on; it is never rewritten. */
export function decideRewind(draft: Draft, command: RewindCommand): FlowReply {
  const flow = draft.named(command.target);
  const { identity, control } = flow;
  const { expectState } = command;
  if (control.lease !== null) throw rewindLeased(flow);
  if (identity.parentFlowId !== null || flow.groups.length > 0) throw rewindFamily(flow);
  if (expectState !== undefined && expectState !== shownState(control)) {
    throw wrongState(flow, expectState);
  }
  const event = targetOf(draft, flow, command);
  return flowReply(restore(draft, flow, event, command));
}

function targetOf(draft: Draft, flow: Flow, { toEvent, runAtMs }: RewindCommand): PastFlow {
  const past = draft.loaded.event(flow, toEvent.version);
  if (past === undefined || compareEvents(positionOf(past.effect.control), toEvent) !== 0) {
    throw rewindEventNotFound(flow, toEvent);
  }
  const { control } = past.effect;
  if (control.lease !== null) throw rewindEventUnusable(flow, toEvent);
  if (runAtMs !== undefined && hasEnded(control)) throw rewindOfDueTime(control.state, toEvent);
  return past;
}

function restore(
  draft: Draft,
  present: Flow,
  { effect: { control: before }, values }: PastFlow,
  { toEvent, runAtMs }: RewindCommand,
): Flow {
  const isHeld = present.control.valuesLsn === before.valuesLsn;
  const flow = isHeld ? present : draft.hold(present, restoredValues(present.values, values));
  const change = {
    priority: before.priority,
    attempts: before.attempts,
    payloadLsn: before.payloadLsn,
    resultLsn: before.resultLsn,
    errorLsn: before.errorLsn,
    fencingToken: draft.nextFencing(flow.control),
    rewoundTo: toEvent,
  };
  const { state, retentionTtlMs } = before;
  if (isTerminalState(state)) {
    return endFlow(draft, flow, { state, event: "rewound", ttlMs: retentionTtlMs, change });
  }
  return draft.change(flow, {
    ...change,
    state,
    reclaims: 0,
    nextRunAtMs: runAtMs ?? before.nextRunAtMs,
    retentionTtlMs,
    retentionUntilMs: null,
  }, "rewound");
}
