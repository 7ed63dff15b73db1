/**
 * What was told about flows, in the order in which it was told.
 *
 * @module
 */

import type { BatchOutcome, FlowRecord, HistoryEvent, Page } from "../../../src/flow/mod.ts";
import { Violation } from "../log_oracle.ts";
import { nameOf } from "./journal.ts";
import type { EngineRequest } from "./request.ts";

/**
 * Holds answers against answers, without the model: numbers that only go up, one claim for one
 * fencing number, histories without gaps.
 */
export class ReleasedFlows {
  readonly #newest = new Map<string, { readonly version: number; readonly fencing: number }>();
  readonly #claims = new Set<string>();

  /** Notes an answer that somebody was given. */
  note(answer: unknown, { claim, given }: EngineRequest): void {
    for (const record of recordsIn(answer)) this.#noteRecord(record, claim !== undefined);
    const asked = given[1] as { readonly event?: string; readonly worker?: string } | undefined;
    // Which ones of all events pass these filters is the model's business.
    if (asked?.event !== undefined || asked?.worker !== undefined) return;
    const first: unknown = Array.isArray(answer) ? answer[0] : undefined;
    if (typeof first !== "object" || first === null || !("eventId" in first)) return;
    this.#checkEvents(answer as HistoryEvent[]);
  }

  #noteRecord(record: FlowRecord, isClaim: boolean): void {
    const name = nameOf(record);
    const { version, fencingToken: fencing } = record;
    const before = this.#newest.get(name);
    if (before !== undefined && (version < before.version || fencing < before.fencing)) {
      throw new Violation(
        `${name} is shown in version ${version} with fencing number ${fencing}, ` +
          `after ${before.version} with ${before.fencing}`,
      );
    }
    this.#newest.set(name, { version, fencing });
    if (!isClaim) return;
    const claim = `${name} under fencing number ${fencing}`;
    if (this.#claims.has(claim)) throw new Violation(`${claim} is claimed twice`);
    this.#claims.add(claim);
  }

  #checkEvents(events: readonly HistoryEvent[]): void {
    const versions = events.map(({ version }) => version).sort((a, b) => a - b);
    const isDense = versions.every((version, index) => version === versions[0]! + index);
    if (!isDense) throw new Violation(`A history has the versions ${versions}`);
  }
}

function recordsIn(answer: unknown): FlowRecord[] {
  if (answer === null || typeof answer !== "object") return [];
  if (Array.isArray(answer)) return answer.flatMap(recordsIn);
  if ("items" in answer) return (answer as Page<unknown>).items.flatMap(recordsIn);
  if ("ok" in answer) {
    const outcome = answer as BatchOutcome;
    return outcome.ok ? [outcome.record] : [];
  }
  return "fencingToken" in answer && !("eventId" in answer) ? [answer as FlowRecord] : [];
}
