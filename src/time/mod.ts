/**
 * Clock, randomness and alarms as values.
 *
 * @module
 */

export type { Alarm, AlarmOptions } from "./alarm.ts";
export type { Clock } from "./clock.ts";
export { type Random, randomBelow, randomBytes, seededRandom } from "./random.ts";
export type { Time } from "./time.ts";
