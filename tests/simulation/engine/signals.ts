/**
 * Signals.
 *
 * @module
 */

import type { Model } from "../../flow/model/model.ts";
import { drawChanges } from "./named_changes.ts";
import {
  after,
  DELAYS_MS,
  type Dice,
  drawTime,
  type EngineRequest,
  given,
  oneFlow,
  type Raw,
  request,
  STATES,
} from "./request.ts";
import { drawItem } from "./settles.ts";

/** Draws a signal. */
export function drawSignal(dice: Dice, model: Model): EngineRequest {
  const { id, partitionKey } = drawItem(dice, model, false);
  const options = given({
    signal: dice.pick(["s", "z"]),
    idempotencyKey: dice.maybe(50, ["k", "l"]),
    ifState: dice.maybe(60, ["running", ...STATES]) ?? dice.maybe(50, [STATES]),
    transitionTo: dice.maybe(50, STATES),
    runAtMs: dice.percent(15) ? null : after(model, dice.maybe(40, DELAYS_MS)),
    ...drawChanges(dice),
  }) as Raw & { readonly signal: string };
  return request(
    "signal",
    [given({ id, partitionKey }), { ...options, ...drawTime(dice, model) }],
    (model) => oneFlow(model.signal({ id, partitionKey, ...options })),
  );
}
