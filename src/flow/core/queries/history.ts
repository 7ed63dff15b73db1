/**
 * What happened to a flow.
 *
 * @module
 */
import { invariant } from "../../../invariant.ts";
import type { HistoryEvent } from "../../mod.ts";
import type { CtrlEffect } from "../effect.ts";
import { compareEvents, positionOf } from "../event_id.ts";
import type { Flow } from "../flow.ts";
import { Hydrator, type ReadValue } from "../values/hydrator.ts";
import type { NamedValues } from "../values/named_values.ts";
import { toHistoryEvent } from "./history_event.ts";
import { type Parts, whole } from "./parts.ts";
import type { HistoryFilter, HistoryQuery } from "./query.ts";

/** So many steps back take no longer than reading a record. */
const STEPS_PER_PART = 1_000;

/** Where the past of flows is kept. */
export interface HistoryLog {
  /** The control block with an LSN. */
  control(lsn: number): CtrlEffect;
  /** The LSN of the same flow's control block before it. */
  previous(lsn: number): number;
  /** The list of named values with an LSN. */
  list(lsn: number): NamedValues;
}

/** Answers `history`, a record at a time: what a flow keeps may be large, and much. */
export function* readHistory(
  flow: Flow,
  query: HistoryQuery,
  log: HistoryLog,
  read: ReadValue,
): Parts<HistoryEvent[]> {
  const effects: CtrlEffect[] = [];
  for (const effect of newestMatching(flow, query, log)) {
    if (effect !== undefined) effects.push(effect);
    yield;
  }
  if (!query.rev) effects.reverse();
  const hydrator = new Hydrator(query.hydration, read);
  const events: HistoryEvent[] = [];
  for (const effect of effects) {
    const values = hydrator.values(effect.control);
    events.push({ ...toHistoryEvent(flow.identity, effect), ...values });
    if (hydrator.showsValues) yield;
  }
  return events;
}

/** The version of the oldest event that a flow keeps. */
export function oldestVersion({ identity, control }: Flow): number {
  return Math.max(1, control.version - identity.historyMaxEvents + 1);
}

/** The LSN of the control block that made a version of a flow, which has to be kept. */
export function lsnOfVersion(flow: Flow, version: number, log: HistoryLog): number {
  return whole(stepsBack(flow, version, log));
}

/** Goes back to a version, from one control block to the one before it: there may be a million. */
export function* stepsBack(
  flow: Flow,
  version: number,
  log: Pick<HistoryLog, "previous">,
): Parts<number> {
  invariant(
    version >= oldestVersion(flow) && version <= flow.control.version,
    `version ${version} of a flow with version ${flow.control.version} is not kept`,
  );
  let { lsn } = flow;
  // Every event makes one version, so there is nothing to be read on the way.
  for (let at = flow.control.version; at > version; at--) {
    lsn = log.previous(lsn);
    if (at % STEPS_PER_PART === 0) yield;
  }
  return lsn;
}

/** The newest events that pass, newest first; undefined for each that does not. */
function* newestMatching(
  flow: Flow,
  { filter, count }: HistoryQuery,
  log: HistoryLog,
): Generator<CtrlEffect | undefined | void> {
  const newest = Math.min(flow.control.version, filter.toVersion ?? Infinity);
  const oldest = Math.max(oldestVersion(flow), filter.fromVersion ?? 0);
  if (newest < oldest) return;
  let lsn = yield* stepsBack(flow, newest, log);
  let left = count;
  for (let version = newest; version >= oldest && left > 0; version--) {
    const effect = log.control(lsn);
    if (isBefore(effect, filter)) return;
    const passes = matches(effect, filter);
    if (passes) left -= 1;
    yield passes ? effect : undefined;
    lsn = log.previous(lsn);
  }
}

/** Whether neither this event nor one before it can pass. */
function isBefore({ control }: CtrlEffect, { fromMs, fromEvent }: HistoryFilter): boolean {
  return control.updatedAtMs < (fromMs ?? 0) ||
    (fromEvent !== undefined && compareEvents(positionOf(control), fromEvent) < 0);
}

function matches({ control, event }: CtrlEffect, filter: HistoryFilter): boolean {
  const { toMs = Infinity, toEvent, worker } = filter;
  return control.updatedAtMs <= toMs &&
    (toEvent === undefined || compareEvents(positionOf(control), toEvent) <= 0) &&
    (filter.event === undefined || filter.event === event) &&
    (worker === undefined || control.lease?.owner === worker);
}
