/**
 * What a command does.
 *
 * @module
 */
import type { Command } from "../command.ts";
import type { DecideContext } from "../draft/decide_context.ts";
import { Draft } from "../draft/draft.ts";
import type { Effect } from "../effect.ts";
import type { Flow } from "../flow.ts";
import type { Reply, SpreadReply } from "../reply.ts";
import type { SpreadCommand } from "../route.ts";
import type { FlowState } from "../state.ts";
import { decideAtomic } from "./atomic.ts";
import { decideItems } from "./batch.ts";
import { decideCancel } from "./cancel.ts";
import { decideClose } from "./close.ts";
import { decideComplete, decideFail } from "./complete.ts";
import { decideCreate } from "./create.ts";
import { decideDeliver } from "./deliver.ts";
import { decideExtendLease } from "./extend_lease.ts";
import { decideKvDelete, decideKvSet } from "./kv.ts";
import { decidePolicySet } from "./policy_set.ts";
import { decideRetry } from "./retry.ts";
import { decideRewind } from "./rewind.ts";
import { settleFamily } from "./roll_up.ts";
import { decideSignal } from "./signal.ts";
import { decideSpawn } from "./spawn.ts";
import { joined, spreadOver } from "./spread.ts";
import { decideTransition } from "./transition.ts";
import { decideValuePut } from "./value_put.ts";

/** What a command does, and what it answers once that is on disk. */
export interface Decision<Answer extends Reply = Reply> {
  /** The effects; the first has the LSN `firstLsn`, the others follow. May be none. */
  readonly effects: readonly Effect[];
  /** The answer. */
  readonly reply: Answer;
}

/** A shard that a command is decided in. */
export interface DecideShard {
  /** Its state. */
  readonly state: FlowState;
  /** What else the command is decided with there. */
  readonly context: DecideContext;
}

/**
 * Decides a command. The state is only read; `evolve()` with every effect is what makes it so.
 *
 * @throws {FlowError} If the command is refused. Nothing has happened then.
 */
export function decide(state: FlowState, command: Command, context: DecideContext): Decision {
  const draft = new Draft(state, context);
  const reply = decideWhole(draft, command);
  return { effects: draft.effects, reply };
}

/** A command and all that it sets off. */
function decideWhole(draft: Draft, command: Command): Reply {
  return settled(draft, replyTo(draft, command));
}

/**
 * Decides a command over flows that nobody names, in several shards at once.
 *
 * @returns What it does in each of them, in their order. Their replies are to be joined.
 */
export function decideSpread(
  shards: readonly DecideShard[],
  command: SpreadCommand,
): Decision<SpreadReply>[] {
  const drafts = shards.map(({ state, context }) => new Draft(state, context));
  const replies = spreadOver(drafts, command);
  return drafts.map((draft, index) => {
    const reply = settled(draft, replies[index]!);
    return { effects: draft.effects, reply };
  });
}

function replyTo(draft: Draft, command: Command): Reply {
  switch (command.kind) {
    case "create":
      return decideItems(draft, command, decideCreate);
    case "claim":
    case "retention_cleanup":
      return joined(spreadOver([draft], command));
    case "extend_lease":
      return decideExtendLease(draft, command);
    case "complete":
      return decideItems(draft, command, decideComplete);
    case "transition":
      return decideItems(draft, command, decideTransition);
    case "retry":
      return decideItems(draft, command, decideRetry);
    case "fail":
      return decideItems(draft, command, decideFail);
    case "cancel":
      return decideItems(draft, command, decideCancel);
    case "signal":
      return decideSignal(draft, command);
    case "spawn":
      return decideSpawn(draft, command);
    case "close":
      return decideClose(draft, command);
    case "deliver":
      return decideDeliver(draft, command);
    case "value_put":
      return decideValuePut(draft, command);
    case "rewind":
      return decideRewind(draft, command);
    case "policy_set":
      return decidePolicySet(draft, command);
    case "kv_set":
      return decideKvSet(draft, command);
    case "kv_delete":
      return decideKvDelete(draft, command);
    case "atomic":
      return decideAtomic(draft, command, decideWhole);
  }
}

/** A reply after all that a command sets off. */
function settled<Answer extends Reply>(draft: Draft, reply: Answer): Answer {
  const count = draft.effects.length;
  settleFamily(draft);
  // A flow of the reply may have been changed once more.
  return draft.effects.length > count ? latest(draft, reply) as Answer : reply;
}

/** A reply whose flows are as everybody sees them after the command. */
function latest(draft: Draft, reply: Reply): Reply {
  const seen = (flow: Flow): Flow => draft.foreclosed(draft.latest(flow));
  switch (reply.kind) {
    case "flow":
      return { ...reply, flow: reply.flow && seen(reply.flow) };
    case "flows":
      return { ...reply, flows: reply.flows.map(seen) };
    case "outcomes":
      return {
        ...reply,
        outcomes: reply.outcomes.map((outcome) =>
          outcome.ok ? { ok: true, flow: seen(outcome.flow) } : outcome
        ),
      };
    default:
      return reply;
  }
}
