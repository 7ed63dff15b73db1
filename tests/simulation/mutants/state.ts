/**
 * Stores whose state goes wrong in one way: what commands write, how it changes what is in memory,
 * and how it is found again.
 *
 * @module
 */

import type { ShardState } from "../../../src/engine/shard/shard_state.ts";
import {
  type Command,
  type Control,
  type CtrlEffect,
  type Decision,
  type Effect,
  evolve,
  type Flow,
  type Reply,
} from "../../../src/flow/core/mod.ts";
import type { FlowEventName } from "../../../src/flow/mod.ts";
import type { DuePlace } from "../../../src/index/due_index.ts";
import type { EnginePractice } from "../engine/machine.ts";

/** A mistake in every state that is built. */
export function onStates(name: string, change: (state: ShardState) => void): EnginePractice {
  return {
    name,
    shards({ all }) {
      const changed = new WeakSet<ShardState>();
      for (const shard of all) {
        const changeOnce = (): void => {
          if (changed.has(shard.state)) return;
          changed.add(shard.state);
          change(shard.state);
        };
        changeOnce();
        const apply = shard.apply.bind(shard);
        shard.apply = (command: Command, nowMs: number): Reply => {
          changeOnce();
          return apply(command, nowMs);
        };
      }
    },
  };
}

/** A mistake in what a command decides. */
export function onDecisions(
  name: string,
  change: (decision: Decision) => Decision,
): EnginePractice {
  return onStates(name, (state) => {
    const decide = state.decide.bind(state);
    state.decide = (command, circumstances) => change(decide(command, circumstances));
  });
}

/** A mistake in what an event makes of a flow, in the log and in the answer. */
export function onEvent(
  event: FlowEventName,
  change: (control: Control, before: Control | undefined) => Control,
): (state: ShardState) => void {
  return (state) => {
    const decide = state.decide.bind(state);
    state.decide = (command, circumstances) => {
      const { effects, reply } = decide(command, circumstances);
      const controls = new Map<Control, Control>();
      const changed = effects.map((effect): Effect => {
        if (effect.kind !== "ctrl" || effect.event !== event) return effect;
        const control = change(effect.control, state.flows.table.get(effect.key)?.control);
        controls.set(effect.control, control);
        return { ...effect, control };
      });
      return { effects: changed, reply: withControls(reply, controls) };
    };
  };
}

function withControls(reply: Reply, controls: ReadonlyMap<Control, Control>): Reply {
  const changed = (flow: Flow): Flow => ({
    ...flow,
    control: controls.get(flow.control) ?? flow.control,
  });
  switch (reply.kind) {
    case "flow":
      return reply.flow === null ? reply : { ...reply, flow: changed(reply.flow) };
    case "flows":
      return { ...reply, flows: reply.flows.map(changed) };
    case "outcomes":
      return {
        ...reply,
        outcomes: reply.outcomes.map((outcome) =>
          outcome.ok ? { ...outcome, flow: changed(outcome.flow) } : outcome
        ),
      };
    default:
      return reply;
  }
}

/** Gives a flow away under the fencing number of the claim before. */
const claimKeepsFencing = onStates(
  "claimKeepsFencing",
  onEvent("claimed", (control, before) => ({
    ...control,
    fencingToken: Math.max(1, before?.fencingToken ?? 1),
  })),
);

/** Leaves the lease with its owner when it is given up. */
const leaseKeptAfterRetry = onStates(
  "leaseKeptAfterRetry",
  onEvent("retry", (control, before) => ({ ...control, lease: before?.lease ?? null })),
);

/** Puts a flow back to where it was, fencing number included. */
const rewindKeepsFencing = onStates(
  "rewindKeepsFencing",
  onEvent("rewound", (control, before) => ({
    ...control,
    fencingToken: before?.fencingToken ?? 0,
  })),
);

/** Removes flows before their time. */
const sweepEarly = onStates("sweepEarly", ({ flows }) => {
  const forgotten = flows.forgotten.bind(flows);
  flows.forgotten = (nowMs) => forgotten(nowMs + 5_000);
});

/** Does not wake for what is over. */
const neverSwept = onStates("neverSwept", ({ flows }) => {
  flows.nextForgottenMs = () => Infinity;
});

/** Counts one version too many. */
const versionSkipped = onStates(
  "versionSkipped",
  onEvent("lease_extended", (control) => ({ ...control, version: control.version + 1 })),
);

/** Writes less than it answers: the last effect of a batch is missing. */
const halfWritten = onDecisions("halfWritten", ({ effects, reply }) => ({
  effects: effects.filter(({ kind }) => kind === "ctrl").length < 2
    ? effects
    : effects.slice(0, -1),
  reply,
}));

/** Sends the parts of a value ahead in the wrong order. */
const partsSwapped = onDecisions("partsSwapped", ({ effects, reply }) => {
  const [first, second, ...others] = effects;
  if (first?.kind !== "value_part" || second?.kind !== "value_part") return { effects, reply };
  const swapped = [{ ...first, bytes: second.bytes }, { ...second, bytes: first.bytes }];
  return { effects: [...swapped, ...others], reply };
});

/** Lets an effect change the state a second time, as if it were a new one. */
const evolveTwice = onStates("evolveTwice", (state) => {
  const apply = state.apply.bind(state);
  state.apply = (effect, lsn, ...place) => {
    apply(effect, lsn, ...place);
    if (effect.kind !== "ctrl") return;
    const { control } = effect;
    const again = { ...effect, control: { ...control, version: control.version + 1 } };
    evolve(state.flows, again, lsn + 0.5);
  };
});

/** Lets an old effect that comes late win over a new one. */
const lateEffectWins = onStates("lateEffectWins", (state) => {
  const apply = state.apply.bind(state);
  let late: CtrlEffect | undefined;
  state.apply = (effect, lsn, ...place) => {
    apply(effect, lsn, ...place);
    if (effect.kind !== "ctrl") return;
    // The guard would look at its LSN, which is hidden here.
    if (late !== undefined && state.flows.table.get(late.key) !== undefined) {
      evolve(state.flows, late, lsn + 0.5);
    }
    late = effect;
  };
});

/** Does not move a flow in the order of due times. */
const dueNotMoved = onStates("dueNotMoved", ({ flows: { due } }) => {
  const place = due.place.bind(due);
  const placed = new Set<number>();
  due.place = (handle: number, to: DuePlace) => {
    if (!placed.has(handle)) place(handle, to);
    placed.add(handle);
  };
});

/** Leaves a flow among the due ones when it has ended or was parked. */
const endedStaysDue = onStates("endedStaysDue", ({ flows: { due } }) => {
  const remove = due.remove.bind(due);
  const place = due.place.bind(due);
  due.place = (handle: number, to: DuePlace) => {
    remove(handle);
    place(handle, to);
  };
  due.remove = () => {};
});

/** Knows one priority only. */
const prioritiesMixed = onStates("prioritiesMixed", ({ flows: { due } }) => {
  const place = due.place.bind(due);
  due.place = (handle: number, to: DuePlace) => place(handle, { ...to, priority: 0 });
});

/** Does not move a flow in the order of changes. */
const changeNotMoved = onStates("changeNotMoved", ({ flows: { states } }) => {
  const place = states.place.bind(states);
  const placed = new Set<number>();
  states.place = (handle, to) => {
    if (!placed.has(handle)) place(handle, to);
    placed.add(handle);
  };
});

/** Does not string the events of a flow together. */
const historyUnstrung = onStates("historyUnstrung", ({ keydir }) => {
  keydir.link = () => {};
});

/** Takes leases over at once after an opening. */
const noGrace: EnginePractice = {
  name: "noGrace",
  shards({ all }) {
    const { table, due } = all[0]!.state.flows;
    for (const { key, identity: { type }, control } of table) {
      const { lease, nextRunAtMs: dueMs, priority, state } = control;
      if (lease === null || dueMs === null) continue;
      due.place(table.handleOf(key)!, { type, state, priority, leased: true, dueMs });
    }
  },
};

/** Takes leases over at once after time has leapt. */
const leapTakesLeases: EnginePractice = {
  name: "leapTakesLeases",
  shards({ all }) {
    for (const shard of all) shard.grant = () => {};
  },
};

/** Every mutant of the state. */
export const stateMutants: readonly EnginePractice[] = [
  claimKeepsFencing,
  leaseKeptAfterRetry,
  rewindKeepsFencing,
  sweepEarly,
  neverSwept,
  versionSkipped,
  halfWritten,
  partsSwapped,
  evolveTwice,
  lateEffectWins,
  dueNotMoved,
  endedStaysDue,
  prioritiesMixed,
  changeNotMoved,
  historyUnstrung,
  noGrace,
  leapTakesLeases,
];
