/**
 * Messages to a flow from outside.
 *
 * @module
 */
import { type Hash64, isSameHash } from "../../../codec/mod.ts";
import type { SignalCommand } from "../command.ts";
import { keyDigest, signalDigest } from "../digest.ts";
import type { Draft } from "../draft/draft.ts";
import {
  guardRequired,
  hasEndedAlready,
  signalConflict,
  stateMismatch,
} from "../draft/refusals.ts";
import { type Control, type Flow, hasEnded, shownState } from "../flow.ts";
import { type FlowReply, flowReply } from "../reply.ts";
import { withValues } from "./values.ts";

/** What has to be remembered of a signal with a key. */
interface Memory {
  readonly keyHash: Hash64;
  readonly digest: Hash64;
}

/** Applies a signal, unless the same one was applied before under the same key. */
export function decideSignal(draft: Draft, command: SignalCommand): FlowReply {
  const flow = draft.named(command.target);
  const memory = memoryOf(draft, command);
  if (memory !== undefined && isRepeated(draft, flow, command, memory)) return flowReply(flow);
  requireTarget(flow, command);
  const holding = withValues(draft, flow, command.values);
  if (memory !== undefined) draft.rememberSignal(flow, memory.keyHash, memory.digest);
  const change = changeOf(draft, flow, command);
  return flowReply(draft.change(holding, change, "signaled", { signal: command.signal }));
}

function memoryOf(draft: Draft, command: SignalCommand): Memory | undefined {
  const { idempotencyKey } = command;
  if (idempotencyKey === undefined) return undefined;
  const { hash } = draft.state;
  return { keyHash: keyDigest(hash, idempotencyKey), digest: signalDigest(hash, command) };
}

/** Whether it was applied before. Refuses another signal under the same key. */
function isRepeated(
  draft: Draft,
  flow: Flow,
  { idempotencyKey = "" }: SignalCommand,
  { keyHash, digest }: Memory,
): boolean {
  const known = draft.signals.recall(flow.key, keyHash);
  if (known === undefined) return false;
  if (!isSameHash(known, digest)) throw signalConflict(flow, idempotencyKey);
  return true;
}

/** Refuses a signal that is not meant for the flow as it is. */
function requireTarget(flow: Flow, { ifState, transitionTo }: SignalCommand): void {
  if (transitionTo !== undefined) {
    if (hasEnded(flow.control)) throw hasEndedAlready(flow);
    if (ifState === undefined) throw guardRequired(flow, transitionTo);
  }
  if (ifState !== undefined && !ifState.includes(shownState(flow.control))) {
    throw stateMismatch(flow, ifState);
  }
}

function changeOf(
  { nowMs }: Draft,
  { control }: Flow,
  { transitionTo, runAtMs }: SignalCommand,
): Partial<Control> {
  const { retentionUntilMs, retentionTtlMs, state, attempts, reclaims } = control;
  if (transitionTo === undefined) {
    // Whoever asks about a flow that has ended finds what it was told for a whole retention.
    return retentionUntilMs === null ? {} : { retentionUntilMs: nowMs + retentionTtlMs };
  }
  const moves = transitionTo !== state;
  return {
    state: transitionTo,
    lease: null,
    attempts: moves ? 0 : attempts,
    reclaims: moves ? 0 : reclaims,
    nextRunAtMs: runAtMs === undefined ? nowMs : runAtMs,
  };
}
