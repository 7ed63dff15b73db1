/**
 * Durations for people.
 *
 * @module
 */

/** The units, the largest first, and how many milliseconds each has. */
const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], [
  "second",
  1_000,
]] as const;

/** Milliseconds in the largest unit of which there are at least two, such as "34 days". */
export function inWords(ms: number): string {
  const unit = UNITS.find(([, unitMs]) => ms >= 2 * unitMs);
  return unit === undefined ? `${Math.round(ms)} ms` : `${Math.floor(ms / unit[1])} ${unit[0]}s`;
}
