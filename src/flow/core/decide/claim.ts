/**
 * Giving due flows to a worker.
 *
 * @module
 */
import { type DueSelection, mergedWalk } from "../../../index/mod.ts";
import type { ClaimCommand, ClaimFilter } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import { byUrgency, type DueFlow } from "../due_flow.ts";
import { isForeclosed } from "../families/closing.ts";
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
 * given away once more, but sent where its policy says: so many in one claim as it may take flows, and
 * they take nothing from what is due.
 *
 * @param drafts One for each shard that may have such flows. They are taken as if it were one.
 * @returns What was taken from each shard.
 */
export function decideClaim(drafts: readonly Draft[], command: ClaimCommand): ClaimReply[] {
  const taken = new Taking(drafts, command);
  const { limit, reclaimRatio, filter, only } = command;
  if (only !== undefined || (filter.expired && filter.waiting && reclaimRatio === 0)) {
    taken.take(taken.candidates(filter), limit);
  } else {
    const expired = taken.candidates({ waiting: false, expired: filter.expired });
    const share = filter.waiting ? Math.ceil(limit * reclaimRatio / 100) : limit;
    taken.take(expired, share);
    taken.take(taken.candidates({ waiting: filter.waiting, expired: false }), limit);
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
  #givenUpCount = 0;
  #isOver = false;
  /** How many times candidates of one kind were added: those of one kind are in order. */
  #runCount = 0;

  constructor(drafts: readonly Draft[], command: ClaimCommand) {
    this.#drafts = drafts;
    this.#command = command;
    for (const draft of drafts) this.#touched.set(draft, []);
  }

  /** What the claim could take, in order. Can be read in several goes. */
  candidates({ waiting, expired }: Pick<ClaimFilter, "waiting" | "expired">): Generator<Candidate> {
    const walks: Generator<Candidate>[] = [];
    for (const draft of this.#drafts) {
      if (waiting) walks.push(this.#candidatesOf(draft, { leased: false }));
      if (expired) walks.push(this.#expiredOf(draft));
    }
    return mergedWalk(walks, byUrgency);
  }

  /** Flows whose lease has expired, so long as the claim may give up any more of them. */
  *#expiredOf(draft: Draft): Generator<Candidate> {
    for (const candidate of this.#candidatesOf(draft, { leased: true })) {
      if (!this.#mayGiveUp(draft)) return;
      yield candidate;
    }
  }

  #candidatesOf(
    draft: Draft,
    { leased }: Pick<DueSelection, "leased">,
  ): Generator<Candidate> {
    const { filter, only } = this.#command;
    const selection = { ...dueSelection(filter), waiting: !leased, leased };
    return candidatesOf(draft, selection, only);
  }

  /** Takes candidates until there are `count` in all. */
  take(candidates: Generator<Candidate>, count: number): void {
    const countBefore = this.#taken.length;
    this.#takeSome(candidates, count);
    if (this.#taken.length > countBefore) this.#runCount++;
  }

  #takeSome(candidates: Generator<Candidate>, count: number): void {
    while (this.#taken.length < count && !this.#isOver) {
      const { value: candidate, done } = candidates.next();
      if (done) return;
      this.#takeOne(candidate);
    }
  }

  #takeOne(candidate: Candidate): void {
    const { draft } = candidate;
    const flow = latest(candidate);
    const lostTo = this.#lostTo(draft, flow);
    // One that had been looked at before the last was given up.
    if (lostTo !== undefined && !this.#mayGiveUp(draft)) return;
    this.#touched.get(draft)!.push(flow);
    if (isForeclosed(flow, draft) && !draft.family.takeStep(flow)) {
      // The claim ends with what it has.
      this.#isOver = true;
      return;
    }
    if (hasEnded(draft.foreclosed(flow).control)) return;
    if (lostTo === undefined) {
      this.#taken.push(candidate);
      return;
    }
    this.#givenUpCount++;
    loseFlow(draft, flow, lostTo);
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

  /** One command does a bounded number of things, even if most flows have lost too many leases. */
  #mayGiveUp({ limits }: Draft): boolean {
    return this.#givenUpCount < limits.claimLimitMax;
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
