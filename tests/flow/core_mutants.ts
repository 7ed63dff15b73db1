/**
 * Ways to open a store again that do not find all that there was.
 *
 * @module
 */

import type { Control, Effect, Flow, FlowState } from "../../src/flow/core/mod.ts";

/** What goes wrong when a store is opened again. */
export interface Rebuilding {
  /**
   * Spoils a state that nothing has changed yet; `before` is the one that is forgotten. What it
   * returns is called once the state is built.
   */
  begin?(state: FlowState, before: FlowState): void | (() => void);
  /** What becomes of an effect. Default: it stays as it is; undefined: it is forgotten. */
  effect?(effect: Effect): Effect | undefined;
  /** Spoils what was built. */
  end?(state: FlowState): void;
}

type Kind = Effect["kind"];

/** Forgets effects of a kind. */
function without(kind: Kind): Rebuilding {
  return { effect: (effect) => effect.kind === kind ? undefined : effect };
}

/** Finds control blocks changed. */
function withControl(change: (control: Control) => Control): Rebuilding {
  return {
    effect: (effect) =>
      effect.kind === "ctrl" ? { ...effect, control: change(effect.control) } : effect,
  };
}

/** Finds groups changed. */
function withGroup(change: (group: Flow["groups"][number]) => Flow["groups"][number]): Rebuilding {
  return {
    effect: (effect) =>
      effect.kind === "group" ? { ...effect, group: change(effect.group) } : effect,
  };
}

type Placed = "due" | "retention" | "states" | "byParent" | "byRoot" | "byCorrelation";

/** Does not put flows into an index while it reads the log. */
function unplaced(name: Placed): Rebuilding {
  return {
    begin(state) {
      const index = state[name] as { place: unknown };
      const own = Object.getOwnPropertyDescriptor(index, "place");
      index.place = () => {};
      return () => {
        if (own === undefined) delete (index as { place?: unknown }).place;
        else Object.defineProperty(index, "place", own);
      };
    },
  };
}

/** Keeps something of the state before, which has gone further than what is left of the log. */
function kept(keep: (state: FlowState, before: FlowState) => void): Rebuilding {
  return { begin: keep };
}

/** Spoils what was built. */
function spoiled(end: (state: FlowState) => void): Rebuilding {
  return { end };
}

/** Handles cold flows wrongly from then on. */
function coldSpoiled(methods: Partial<FlowState["cold"]>): Rebuilding {
  return { begin: ({ cold }) => void Object.assign(cold, methods) };
}

/** Every one has to be noticed. */
export const coreMutants: Readonly<Record<string, Rebuilding>> = {
  bodyForgotten: without("body"),
  controlForgotten: {
    effect: (effect) =>
      effect.kind === "ctrl" && effect.event === "lease_extended" ? undefined : effect,
  },
  namesForgotten: without("dict"),
  valuesForgotten: without("values"),
  groupsForgotten: without("group"),
  groupCountersForgotten: withGroup((group) => ({ ...group, completed: 0 })),
  groupVerdictForgotten: withGroup((group) => ({ ...group, resolved: null })),
  closingsForgotten: without("closing"),
  removalForgotten: without("del"),
  policyForgotten: without("policy"),
  signalsForgotten: without("signal_key"),
  keysForgotten: without("kv"),
  keyRemovalForgotten: without("kv_del"),
  fencingForgotten: withControl((control) => ({
    ...control,
    fencingToken: control.lease === null ? 0 : control.fencingToken,
  })),
  leaseForgotten: withControl((control) => ({ ...control, lease: null })),
  reclaimsForgotten: withControl((control) => ({ ...control, reclaims: 0 })),
  dueUnplaced: unplaced("due"),
  retentionUnplaced: unplaced("retention"),
  statesUnplaced: unplaced("states"),
  parentsUnplaced: unplaced("byParent"),
  rootsUnplaced: unplaced("byRoot"),
  correlationsUnplaced: unplaced("byCorrelation"),
  childrenForgotten: spoiled(({ openChildren }) => openChildren.clear()),
  noGrace: spoiled(({ table, due }) => {
    for (const { key, identity: { type }, control } of table) {
      const { lease, nextRunAtMs: dueMs, priority, state } = control;
      if (lease === null || dueMs === null) continue;
      due.place(table.handleOf(key)!, { type, state, priority, leased: true, dueMs });
    }
  }),
  namesKept: kept(({ dictionary }, before) => {
    for (let id = 1; id < before.dictionary.nextId; id++) {
      dictionary.add(id, before.dictionary.nameOf(id)!);
    }
  }),
  signalsKept: kept(({ signals }, before) => {
    for (const [flow, requests] of before.signals) signals.set(flow, new Map(requests));
  }),
  policiesKept: kept(({ policies }, before) => {
    for (const [type, policy] of before.policies) policies.set(type, policy);
  }),
  closingsKept: kept(({ closings }, before) => {
    for (const group of before.closings) closings.add(group);
  }),
  coldSeatsKept: coldSpoiled({ changed: () => {} }),
  coldSeatsUnlisted: coldSpoiled({ lanes: () => [] }),
  coldKeysForgotten: coldSpoiled({ seatsByKey: () => [] }),
  coldIdsForgotten: coldSpoiled({ *seatsById() {} }),
  coldFlowsAsleep: coldSpoiled({ wakesUntil: () => [] }),
  keyTimesForgotten: {
    effect: (effect) => effect.kind === "kv" ? { ...effect, untilMs: null } : effect,
  },
};
