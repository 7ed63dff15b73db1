/**
 * Giving due flows to a worker.
 *
 * @module
 */
import { isForeclosed } from "../closing.ts";
import type { ClaimCommand } from "../command.ts";
import type { Draft } from "../draft.ts";
import { type Flow, hasEnded } from "../flow.ts";
import { resolveStatePolicy } from "../policy_resolution.ts";
import type { FlowsReply } from "../reply.ts";
import { dueSelection } from "../state.ts";
import { loseFlow } from "./lease_lost.ts";
import { settleFamily } from "./roll_up.ts";

/**
 * Leases due flows to a worker: first a share of expired leases, so that they cannot starve behind
 * new work, then what is due, then more expired leases. A flow that has lost too many leases is not
 * given away once more, but sent where its policy says.
 */
export function decideClaim(draft: Draft, command: ClaimCommand): FlowsReply {
  const taken = new Taking(draft, command);
  const { limit, reclaimRatio, filter } = command;
  if (filter.expired && filter.waiting && reclaimRatio === 0) {
    taken.take(taken.candidates(true, true), limit);
  } else {
    const expired = taken.candidates(false, filter.expired);
    const share = filter.waiting ? Math.ceil(limit * reclaimRatio / 100) : limit;
    taken.take(expired, share);
    taken.take(taken.candidates(filter.waiting, false), limit);
    taken.take(expired, limit);
  }
  return { kind: "flows", flows: taken.lease(), hydration: command.hydration };
}

/** The flows that one claim takes. */
class Taking {
  readonly #draft: Draft;
  readonly #command: ClaimCommand;
  readonly #handles: number[] = [];
  #touchedCount = 0;

  constructor(draft: Draft, command: ClaimCommand) {
    this.#draft = draft;
    this.#command = command;
  }

  /** What the claim could take, in order. Can be read in several goes. */
  candidates(waiting: boolean, leased: boolean): Generator<number> {
    const { state, nowMs } = this.#draft;
    return state.due.walk({ ...dueSelection(this.#command.filter), waiting, leased }, nowMs);
  }

  /** Takes candidates until there are `count` in all. */
  take(candidates: Generator<number>, count: number): void {
    // One claim touches a bounded number of flows, even if most have lost too many leases.
    while (this.#handles.length < count && this.#touchedCount < this.#draft.limits.claimLimitMax) {
      const { value: handle, done } = candidates.next();
      if (done) return;
      const flow = this.#latest(handle);
      this.#touchedCount++;
      if (isForeclosed(flow, this.#draft) && !this.#draft.family.takeStep()) return this.#stop();
      if (hasEnded(this.#draft.foreclosed(flow).control)) continue;
      if (hasLostTooMany(this.#draft, flow)) loseFlow(this.#draft, flow);
      else this.#handles.push(handle);
    }
  }

  /** Leases what was taken, the most urgent first. */
  lease(): Flow[] {
    const { due } = this.#draft.state;
    // A flow that was given up may have taken others with it that had been taken before.
    settleFamily(this.#draft);
    return due.sorted(this.#handles).map((handle) => this.#latest(handle))
      .filter(({ control }) => !hasEnded(control))
      .map((flow) => this.#leaseOne(flow));
  }

  /** Lets the claim end with what it has. */
  #stop(): void {
    this.#touchedCount = Infinity;
  }

  /** A candidate as it is now: one that was given up may have changed its family. */
  #latest(handle: number): Flow {
    const flow = this.#draft.state.table.at(handle);
    return this.#draft.hasFamily ? this.#draft.latest(flow) : flow;
  }

  #leaseOne(flow: Flow): Flow {
    const { nowMs, random } = this.#draft;
    const { lease, fencingToken, reclaims } = flow.control;
    return this.#draft.change(flow, {
      lease: { owner: this.#command.worker, secret: { hi: random.u32(), lo: random.u32() } },
      fencingToken: fencingToken + 1,
      nextRunAtMs: nowMs + this.#command.leaseMs,
      reclaims: lease === null ? reclaims : reclaims + 1,
    }, "claimed");
  }
}

/** Whether a flow with an expired lease would lose one more than its policy allows. */
function hasLostTooMany(draft: Draft, { identity, control }: Flow): boolean {
  if (control.lease === null) return false;
  const stored = draft.state.policies.get(identity.type);
  const { maxReclaims } = resolveStatePolicy(stored, control.state);
  return maxReclaims !== null && control.reclaims >= maxReclaims;
}
