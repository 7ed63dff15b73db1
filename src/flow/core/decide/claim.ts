/**
 * Giving due flows to a worker.
 *
 * @module
 */
import { type DueSelection, mergedWalk } from "../../../index/mod.ts";
import { isForeclosed } from "../closing.ts";
import type { ClaimCommand } from "../command.ts";
import type { Draft } from "../draft.ts";
import { byUrgency, type DueFlow } from "../due_flow.ts";
import { type Flow, hasEnded } from "../flow.ts";
import { packKey } from "../flow_key.ts";
import { Lease } from "../lease.ts";
import { resolveStatePolicy } from "../policy_resolution.ts";
import type { ClaimReply } from "../reply.ts";
import { dueSelection } from "../state.ts";
import { loseFlow } from "./lease_lost.ts";
import { settleFamily } from "./roll_up.ts";

/**
 * Leases due flows to a worker: first a share of expired leases, so that they cannot starve behind
 * new work, then what is due, then more expired leases. A flow that has lost too many leases is not
 * given away once more, but sent where its policy says.
 *
 * @param drafts One for each shard that may have such flows. They are taken as if it were one.
 * @returns What was taken from each shard.
 */
export function decideClaim(drafts: readonly Draft[], command: ClaimCommand): ClaimReply[] {
  const taken = new Taking(drafts, command);
  const { limit, reclaimRatio, filter, only } = command;
  if (only !== undefined || (filter.expired && filter.waiting && reclaimRatio === 0)) {
    taken.take(taken.candidates(filter.waiting, filter.expired), limit);
  } else {
    const expired = taken.candidates(false, filter.expired);
    const share = filter.waiting ? Math.ceil(limit * reclaimRatio / 100) : limit;
    taken.take(expired, share);
    taken.take(taken.candidates(filter.waiting, false), limit);
    taken.take(expired, limit);
  }
  return taken.lease();
}

/** A flow that a claim may take, and the command of its shard. */
interface Candidate extends DueFlow {
  readonly draft: Draft;
}

/** The flows that one claim takes. */
class Taking {
  readonly #drafts: readonly Draft[];
  readonly #command: ClaimCommand;
  readonly #taken: Candidate[] = [];
  readonly #touched = new Map<Draft, Flow[]>();
  #touchedCount = 0;
  /** How many times candidates of one kind were added: those of one kind are in order. */
  #runCount = 0;

  constructor(drafts: readonly Draft[], command: ClaimCommand) {
    this.#drafts = drafts;
    this.#command = command;
    for (const draft of drafts) this.#touched.set(draft, []);
  }

  /** What the claim could take, in order. Can be read in several goes. */
  candidates(waiting: boolean, leased: boolean): Generator<Candidate> {
    const selection = { ...dueSelection(this.#command.filter), waiting, leased };
    return mergedWalk(
      this.#drafts.map((draft) => candidatesOf(draft, selection, this.#command.only)),
      byUrgency,
    );
  }

  /** Takes candidates until there are `count` in all. */
  take(candidates: Generator<Candidate>, count: number): void {
    const countBefore = this.#taken.length;
    this.#takeSome(candidates, count);
    if (this.#taken.length > countBefore) this.#runCount++;
  }

  #takeSome(candidates: Generator<Candidate>, count: number): void {
    const [first] = this.#drafts;
    // One claim touches a bounded number of flows, even if most have lost too many leases.
    const touchedMax = first?.limits.claimLimitMax ?? 0;
    while (this.#taken.length < count && this.#touchedCount < touchedMax) {
      const { value: candidate, done } = candidates.next();
      if (done) return;
      const { draft } = candidate;
      const flow = latest(candidate);
      this.#touchedCount++;
      this.#touched.get(draft)!.push(flow);
      if (isForeclosed(flow, draft) && !draft.family.takeStep(flow)) return this.#stop();
      if (hasEnded(draft.foreclosed(flow).control)) continue;
      const lostTo = this.#lostTo(draft, flow);
      if (lostTo !== undefined) loseFlow(draft, flow, lostTo);
      else this.#taken.push(candidate);
    }
  }

  /** Leases what was taken, the most urgent first. Tells what was taken from each shard. */
  lease(): ClaimReply[] {
    // A flow that was given up may have taken others with it that had been taken before.
    for (const draft of this.#drafts) settleFamily(draft);
    if (this.#runCount > 1) this.#taken.sort(byUrgency);
    const taken = this.#taken.filter((candidate) =>
      !hasEnded(candidate.draft.foreclosed(latest(candidate)).control)
    );
    return this.#drafts.map((draft) => {
      const own = taken.filter((candidate) => candidate.draft === draft);
      draft.reserve(own.length);
      return {
        kind: "flows",
        flows: own.map((candidate) => this.#leaseOne(draft, latest(candidate))),
        dueMs: own.map(({ dueMs }) => dueMs),
        touched: this.#touched.get(draft)!,
        hydration: this.#command.hydration,
      };
    });
  }

  /** Where a flow goes that would lose one more lease than it may; undefined: it can be claimed. */
  #lostTo(draft: Draft, { identity: { type }, control }: Flow): string | undefined {
    const { lease, state, reclaims } = control;
    if (lease === null) return undefined;
    const stored = draft.state.policies.get(type);
    const own = this.#command.policies?.get(state);
    const { maxReclaims, retry } = resolveStatePolicy(stored, state, own);
    return maxReclaims !== null && reclaims >= maxReclaims ? retry.exhaustedTo : undefined;
  }

  /** Lets the claim end with what it has. */
  #stop(): void {
    this.#touchedCount = Infinity;
  }

  #leaseOne(draft: Draft, flow: Flow): Flow {
    const { nowMs, random } = draft;
    const { lease, reclaims } = flow.control;
    return draft.change(flow, {
      lease: new Lease(this.#command.worker, { hi: random.u32(), lo: random.u32() }),
      fencingToken: draft.nextFencing(flow.control),
      nextRunAtMs: nowMs + this.#command.leaseMs,
      reclaims: lease === null ? reclaims : reclaims + 1,
    }, "claimed");
  }
}

function* candidatesOf(
  draft: Draft,
  selection: DueSelection,
  only: ReadonlySet<string> | undefined,
): Generator<Candidate> {
  const { state: { due, table }, nowMs } = draft;
  let leftCount = only?.size ?? Infinity;
  for (const handle of due.walk(selection, nowMs)) {
    const flow = table.at(handle);
    if (only !== undefined && !only.has(packKey(flow.key))) continue;
    // Only leases may end at another time than they say: see `grantLeaseGrace()`.
    const dueMs = selection.leased ? due.timeOf(handle) : flow.control.nextRunAtMs!;
    yield { draft, flow, dueMs };
    if (--leftCount === 0) return;
  }
}

/** A candidate as it is now: one that was given up may have changed its family. */
function latest({ draft, flow }: Candidate): Flow {
  return draft.hasFamily ? draft.latest(flow) : flow;
}
