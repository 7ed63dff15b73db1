/**
 * How users name an event of a flow's history.
 *
 * @module
 */
import type { Control } from "./flow.ts";

/** Where an event stands in a history. */
export interface EventPosition {
  /** The time of its command. */
  readonly ms: number;
  /** The version of the flow that it made. */
  readonly version: number;
}

/** The event that made a control block. */
export function positionOf({ updatedAtMs, version }: Control): EventPosition {
  return { ms: updatedAtMs, version };
}

/** An event's name. */
export function formatEventId({ ms, version }: EventPosition): string {
  return `${ms}-${version}`;
}

/** The event that a name stands for, undefined if no event can have it. */
export function parseEventId(id: string): EventPosition | undefined {
  const [, ms, version] = /^(0|[1-9]\d{0,15})-([1-9]\d{0,15})$/.exec(id) ?? [];
  const position = { ms: Number(ms), version: Number(version) };
  const fits = Number.isSafeInteger(position.ms) && Number.isSafeInteger(position.version);
  return fits ? position : undefined;
}

/** Below 0, 0 or above 0, as `a` stands before, with or after `b`. Neither needs to exist. */
export function compareEvents(a: EventPosition, b: EventPosition): number {
  return a.ms - b.ms || a.version - b.version;
}
