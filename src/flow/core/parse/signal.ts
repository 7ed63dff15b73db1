/**
 * The arguments of `signal`.
 *
 * @module
 */
import { checkObject } from "../../../argument.ts";
import { RUNNING } from "../../mod.ts";
import type { SignalCommand } from "../command.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import { checkStateName, checkTexts } from "./checks.ts";
import { VALUE_CHANGES, valueChangesOf } from "./named_values.ts";
import { parseTarget } from "./target.ts";

const SIGNAL: ReadonlySet<string> = new Set([
  "signal",
  "idempotencyKey",
  "ifState",
  "transitionTo",
  "runAtMs",
  ...VALUE_CHANGES,
  "nowMs",
]);

/** Checks the arguments of `signal`. */
export function parseSignal(flow: unknown, options: unknown, context: ParseContext): SignalCommand {
  const target = parseTarget(flow, context);
  const args = new Arguments(checkObject("options", options), { context, known: SIGNAL });
  return {
    kind: "signal",
    target,
    signal: args.text("signal", "name the signal"),
    idempotencyKey: args.optionalText("idempotencyKey"),
    ifState: parseStates(args),
    transitionTo: args.liveState("transitionTo"),
    runAtMs: args.raw("runAtMs") === null ? null : args.instant("runAtMs"),
    nowMs: args.nowMs(),
    values: valueChangesOf(args),
    largeValues: args.largeValues,
  };
}

/** The states as they are shown, each once. */
function parseStates(args: Arguments): string[] | undefined {
  const given = args.raw("ifState");
  if (given === undefined) return undefined;
  const { idBytesMax: bytesMax, claimFilterMax: countMax } = args.limits;
  if (!Array.isArray(given)) return [checkShown("ifState", given, bytesMax)];
  return checkTexts("ifState", given, { bytesMax, countMax })
    .map((state) => checkShown("ifState", state, bytesMax));
}

function checkShown(field: string, state: unknown, bytesMax: number): string {
  return state === RUNNING ? RUNNING : checkStateName(field, state, bytesMax);
}
