/**
 * What commands have to know that memory does not hold.
 *
 * Before a command is decided its needs are loaded, in the same turn, so that `decide()` itself waits
 * for nothing and reads no file.
 *
 * @module
 */
import { invariant } from "../../invariant.ts";
import type { Command } from "./command.ts";
import type { CtrlEffect } from "./effect.ts";
import type { Flow } from "./flow.ts";
import { packKey } from "./flow_key.ts";
import { type HistoryLog, lsnOfVersion, oldestVersion } from "./history.ts";
import { findFlow } from "./lookup.ts";
import type { FlowState } from "./state.ts";

/** An event of a flow. */
export interface Need {
  /** The flow. */
  readonly flow: Flow;
  /** The version that the event made; one that the flow keeps. */
  readonly version: number;
}

const NONE: readonly Need[] = [];

/** What a command needs. What is not there is not needed: `decide()` finds out that it is not. */
export function needsOf(state: FlowState, command: Command, nowMs: number): readonly Need[] {
  if (command.kind !== "rewind") return NONE;
  const flow = findFlow(state.table, command.target, nowMs);
  if (flow === undefined) return NONE;
  const { version } = command.toEvent;
  const isKept = version >= oldestVersion(flow) && version <= flow.control.version;
  return isKept ? [{ flow, version }] : NONE;
}

/** What was loaded for a command. */
export interface Loaded {
  /** The event of a flow that made a version, undefined if nobody needed it. */
  event(flow: Flow, version: number): CtrlEffect | undefined;
}

const NOTHING: Loaded = { event: () => undefined };

/** Loads what a command needs. */
export function load(
  needs: readonly Need[],
  log: Pick<HistoryLog, "control" | "previous">,
): Loaded {
  if (needs.length === 0) return NOTHING;
  const events = new Map<string, CtrlEffect>();
  for (const { flow, version } of needs) {
    const effect = log.control(lsnOfVersion(flow, version, (lsn) => log.previous(lsn)));
    const fits = packKey(effect.key) === packKey(flow.key) && effect.control.version === version;
    invariant(fits, `the log has another event where version ${version} of a flow should be`);
    events.set(nameOf(flow, version), effect);
  }
  return { event: (flow, version) => events.get(nameOf(flow, version)) };
}

function nameOf({ key }: Flow, version: number): string {
  return `${packKey(key)}${version}`;
}
