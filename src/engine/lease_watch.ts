/**
 * Telling those who hold leases when somebody takes them away, or the store ends.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import {
  type Control,
  type Effect,
  findFlow,
  type Flow,
  type FlowTarget,
  packKey,
  toRecord,
} from "../flow/core/mod.ts";
import type { FlowEventName, LeaseWatchOptions } from "../flow/mod.ts";
import type { Time } from "../time/mod.ts";
import { type Footing, isVoid } from "./calls/footing.ts";
import { footingsOf } from "./calls/verdict.ts";
import type { Shards } from "./shards.ts";

/** What ends a lease without its holder. */
const TAKES_LEASES: ReadonlySet<FlowEventName> = new Set(
  ["cancelled", "claimed", "lease_lost", "signaled"],
);

/** One lease that is watched. */
interface Watcher extends LeaseWatchOptions {
  readonly target: FlowTarget;
  /** Whether it was ended, or has been told. */
  isOver: boolean;
  /** What stands on disk, or will, if its holder has settled the flow. It may turn out void. */
  settledOn: Footing | undefined;
}

/** The leases of a store that are watched: as a rule those of the jobs that run in this process. */
export class LeaseWatch {
  readonly #shards: Shards;
  readonly #time: Time;
  /** Watchers by the packed key of their flow. */
  readonly #watchers = new Map<string, Set<Watcher>>();

  /** Nothing is watched yet. */
  constructor(shards: Shards, time: Time) {
    this.#shards = shards;
    this.#time = time;
  }

  /** Watches a lease until it is lost or what this returns is called. */
  watch(target: FlowTarget, options: LeaseWatchOptions): () => void {
    const watcher: Watcher = { ...options, target, isOver: false, settledOn: undefined };
    const flow = this.#find(target);
    // What happened to it before anybody watched is told as well.
    const isOver = this.#shards.ended !== undefined || !isHeld(flow?.control, watcher);
    if (isOver) this.#checkSoon(watcher);
    if (flow === undefined) return () => void (watcher.isOver = true);
    const key = packKey(flow.key);
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(watcher));
    return () => {
      watcher.isOver = true;
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
    };
  }

  /**
   * A command has changed flows.
   *
   * @param footingOf What an effect stands on, by its index.
   */
  changed(effects: readonly Effect[], footingOf: (index: number) => Footing): void {
    if (this.#watchers.size === 0) return;
    let index = -1;
    for (const effect of effects) {
      index++;
      if (effect.kind !== "ctrl") continue;
      for (const watcher of this.#watchers.get(packKey(effect.key)) ?? []) {
        if (isHeld(effect.control, watcher)) continue;
        if (TAKES_LEASES.has(effect.event)) this.#checkSoon(watcher);
        // Its holder has settled it. What becomes of the flow later is not taken from him.
        else watcher.settledOn = footingOf(index);
      }
    }
  }

  /** The store has ended, and every look at it is refused with the reason. */
  abort(): void {
    for (const watchers of this.#watchers.values()) {
      for (const watcher of watchers) this.#checkSoon(watcher);
    }
  }

  /** Not at once: a command is being decided, and what it does may turn out not to have happened. */
  #checkSoon(watcher: Watcher): void {
    this.#time.defer(() => this.#check(watcher));
  }

  /** Tells the holder if the lease is lost, as soon as that is on disk. */
  #check(watcher: Watcher): void {
    const { router } = this.#shards;
    const lost = this.#shards.call(() => {
      const flow = this.#find(watcher.target);
      if (isHeld(flow?.control, watcher)) return undefined;
      const on = router.shardsFor(watcher.target);
      return { standsOn: footingsOf(this.#shards, flow ?? null, on), read: () => flow };
    });
    lost.then(
      (flow) => tell(watcher, takenAway(watcher, flow)),
      // It may be refused with `unknown_outcome`, of which a holder can make nothing.
      () => {
        const { ended } = this.#shards;
        if (ended !== undefined) tell(watcher, ended);
      },
    );
  }

  #find(target: FlowTarget): Flow | undefined {
    return findFlow(this.#shards.router.flowsFor(target), target, this.#shards.now());
  }
}

function isHeld(control: Control | undefined, { fencingToken }: Watcher): boolean {
  return control !== undefined && control.lease !== null && control.fencingToken === fencingToken;
}

function tell(watcher: Watcher, error: FlowError): void {
  const { isOver, settledOn } = watcher;
  if (isOver || (settledOn !== undefined && !isVoid(settledOn))) return;
  watcher.isOver = true;
  watcher.onLost(error);
}

function takenAway({ target: { id } }: Watcher, flow: Flow | undefined): FlowError {
  const state = flow === undefined ? "gone" : toRecord(flow).state;
  const owner = flow?.control.lease?.owner;
  const now = owner === undefined ? `it is ${state}` : `"${owner}" has claimed it`;
  return new FlowError("stale_lease", `Flow "${id}" was taken from its worker: ${now}`, {
    details: { id, state },
  });
}
