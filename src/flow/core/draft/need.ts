/**
 * What commands have to know that memory does not hold.
 *
 * Before a command is decided its needs are loaded, in the same turn, so that `decide()` itself waits
 * for nothing and reads no file.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import type { Command } from "../command.ts";
import type { CtrlEffect } from "../effect.ts";
import type { Flow } from "../flow.ts";
import { packKey } from "../flow_key.ts";
import { type HistoryLog, lsnOfVersion, oldestVersion } from "../queries/history.ts";
import type { FlowState } from "../state.ts";
import { type NamedValues, NO_VALUES } from "../values/named_values.ts";
import { findFlow } from "./lookup.ts";

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

/** A flow as it was after an event. */
export interface PastFlow {
  /** Its control block. */
  readonly effect: CtrlEffect;
  /** What it held by name. */
  readonly values: NamedValues;
}

/** What was loaded for a command. */
export interface Loaded {
  /** A flow as it was after the event that made a version, undefined if nobody needed it. */
  event(flow: Flow, version: number): PastFlow | undefined;
}

const NOTHING: Loaded = { event: () => undefined };

/** Loads what a command needs. */
export function load(
  needs: readonly Need[],
  log: HistoryLog,
): Loaded {
  if (needs.length === 0) return NOTHING;
  const events = new Map<string, PastFlow>();
  for (const { flow, version } of needs) {
    const effect = log.control(lsnOfVersion(flow, version, log));
    const fits = packKey(effect.key) === packKey(flow.key) && effect.control.version === version;
    invariant(fits, `the log has another event where version ${version} of a flow should be`);
    const { valuesLsn } = effect.control;
    const values = valuesLsn === 0 ? NO_VALUES : log.list(valuesLsn);
    events.set(nameOf(flow, version), { effect, values });
  }
  return { event: (flow, version) => events.get(nameOf(flow, version)) };
}

function nameOf({ key }: Flow, version: number): string {
  return `${packKey(key)}${version}`;
}
