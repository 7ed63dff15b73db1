/**
 * How calls end, in words that are the same for the store and for the model.
 *
 * @module
 */

import { FlowError } from "../../src/errors.ts";
import { FlowAtomicError, FlowBatchError } from "../../src/flow/mod.ts";
import { AtomicRefusal, type Refusal } from "../flow/model/refusal.ts";
import { showAnswer } from "./flow_view.ts";

/** How a call ended. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What a caller was told. */
export function textOf(outcome: Outcome): string {
  return "error" in outcome ? errorText(outcome.error) : JSON.stringify(showAnswer(outcome.value));
}

/** What a caller has to be told whom the model refuses. */
export function refusalText(refusal: Refusal): string {
  const { code, codes } = refusal;
  if (refusal instanceof AtomicRefusal) return `${code} at ${refusal.index}`;
  return codes === undefined ? code : `${code}: ${codes.join()}`;
}

function errorText(error: unknown): string {
  if (!(error instanceof FlowError)) return String(error);
  if (error instanceof FlowAtomicError) return `${error.code} at ${error.index}`;
  if (!(error instanceof FlowBatchError)) return error.code;
  const codes = error.outcomes.map((outcome) => outcome.ok ? "ok" : outcome.error.code);
  return `${error.code}: ${codes.join()}`;
}
