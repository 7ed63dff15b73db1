/**
 * What a flow holds by name.
 *
 * @module
 */
import type { Value, ValueEncoding, ValueLink } from "./value.ts";

/** A name of a flow, and what it holds. */
export interface NamedValue {
  /** The name. */
  readonly name: string;
  /** The number of the value, 0 if it was dropped: then only the version matters. */
  readonly lsn: number;
  /** How often a value was put under the name, whatever became of it; a rewind goes back in it. */
  readonly version: number;
  /** SHA-256 of the bytes; null if the value was linked or dropped. */
  readonly digest: string | null;
  /** How to read the bytes that the digest is of; 0 without a digest. */
  readonly encoding: ValueEncoding;
}

/** All names that a flow has ever had. Never changed: a command makes another list. */
export type NamedValues = readonly NamedValue[];

/** What a flow holds that has never had a named value. */
export const NO_VALUES: readonly NamedValue[] = [];

/** A value that is to be put under a name. */
export interface DigestedValue {
  /** The value. */
  readonly value: Value;
  /** SHA-256 of its bytes. */
  readonly digest: string;
}

/** What a command does to named values, in this order. */
export interface ValueChanges {
  /** Names that are to hold nothing. */
  readonly drop: readonly string[];
  /** Stored values by name. */
  readonly link: ReadonlyMap<string, ValueLink>;
  /** New values by name. */
  readonly put: ReadonlyMap<string, DigestedValue>;
  /** Names of which `put` may replace a different value. */
  readonly override: readonly string[];
}

/** A name that is to hold a value which has not been written yet. */
export interface PlannedValue extends Omit<NamedValue, "lsn"> {
  /** The value. */
  readonly value: Value;
}

/** What a flow is to hold; nothing of it has been written. */
export type PlannedValues = readonly (NamedValue | PlannedValue)[];

/** What a flow is created with. */
export interface Holdings {
  /** The payload. */
  readonly payload: Value | ValueLink | undefined;
  /** The named values. */
  readonly plan: PlannedValues | undefined;
}

/**
 * What a flow holds after a change; undefined if that is what it held before.
 *
 * @param conflict Makes the error for a name that holds another value.
 */
export function planValues(
  before: NamedValues,
  changes: ValueChanges,
  conflict: (name: string) => Error,
): PlannedValues | undefined {
  const plan = new Map<string, NamedValue | PlannedValue>();
  for (const held of before) plan.set(held.name, held);
  const versionOf = (name: string): number => plan.get(name)?.version ?? 0;
  let isChanged = false;
  const set = (planned: NamedValue | PlannedValue): void => {
    plan.set(planned.name, planned);
    isChanged = true;
  };
  for (const name of changes.drop) {
    if (lsnOf(plan.get(name)) === 0) continue;
    set({ name, lsn: 0, version: versionOf(name), digest: null, encoding: 0 });
  }
  for (const [name, { linkLsn: lsn }] of changes.link) {
    set({ name, lsn, version: versionOf(name), digest: null, encoding: 0 });
  }
  for (const [name, { value, digest }] of changes.put) {
    const held = plan.get(name);
    const isHeld = lsnOf(held) !== 0;
    if (isHeld && held?.digest === digest && held.encoding === value.encoding) continue;
    if (isHeld && !changes.override.includes(name)) throw conflict(name);
    set({ name, value, version: versionOf(name) + 1, digest, encoding: value.encoding });
  }
  return isChanged ? [...plan.values()] : undefined;
}

/** What a flow holds once it has gone back to what it held before. Names that are newer are dropped. */
export function restoredValues(present: NamedValues, past: NamedValues): NamedValues {
  const newer = present.filter(({ name }) => past.every((held) => held.name !== name));
  const dropped = newer.map(({ name, version }): NamedValue => (
    { name, lsn: 0, version, digest: null, encoding: 0 }
  ));
  return [...past, ...dropped];
}

/** The value that a name holds, undefined if it holds none. */
export function heldValue(values: NamedValues, name: string): NamedValue | undefined {
  return values.find((held) => held.name === name && held.lsn !== 0);
}

function lsnOf(planned: NamedValue | PlannedValue | undefined): number {
  return planned !== undefined && "lsn" in planned ? planned.lsn : 0;
}
