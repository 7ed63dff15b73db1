/**
 * What calls do to named values.
 *
 * @module
 */

import { type Dice, given, type Raw } from "./request.ts";

/** What is done to named values; mostly nothing. */
export function drawChanges(dice: Dice): Raw {
  if (dice.percent(75)) return {};
  return given({
    values: dice.percent(70) ? drawNamed(dice) : undefined,
    dropValues: dice.maybe(30, [["m"], ["m", "n"]]),
    overrideValues: dice.maybe(60, [["m"], ["m", "n"]]),
  });
}

/** Values by name; one of them goes ahead in parts. */
export function drawNamed(dice: Dice): Raw {
  const values: Raw = {};
  for (const name of dice.some(2, () => dice.pick(["m", "n"]))) {
    values[name] = dice.pick([1, "1", 2, "y".repeat(150)]);
  }
  return values;
}
