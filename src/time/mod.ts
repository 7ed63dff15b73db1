/**
 * Clock, randomness and alarms as values.
 *
 * @module
 */

export type { Alarm, AlarmOptions } from "./alarm.ts";
export type { Clock } from "./clock.ts";
export { type ManualTime, manualTime, type ManualTimeOptions } from "./manual.ts";
export { type Random, randomBelow, randomBytes, seededRandom } from "./random.ts";
export { systemTime } from "./system.ts";
export type { Time } from "./time.ts";
export { Uuids } from "./uuid.ts";
