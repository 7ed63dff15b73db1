/**
 * One call on the simulated store, from when it is made to when its answer is heard.
 *
 * @module
 */

import type { Outcome } from "../outcome.ts";
import type { EngineRequest } from "./request.ts";

/** One call that a caller has made. */
export class Ticket {
  readonly number: number;
  readonly request: EngineRequest;
  /** Monotonic time of the call. */
  readonly sentAtMs: number;
  /** Frames without room, and reads that failed, when it was made. */
  readonly before: { readonly fullCount: number; readonly failedReadCount: number };
  /** Where it is: not decided, waiting for a flow, decided and not answered, answered. */
  status: "sent" | "waiting" | "decided" | "answered" = "sent";
  /** What the answer has to be, as text. */
  expected = "";
  /** What the store has told, which has to be what the caller hears. */
  told: Outcome | undefined;
  /** What has to be on disk before the answer may be given. */
  needLsn = 0;
  /** Place among all decisions. */
  turn = 0;
  /** Place among those that wait. */
  waitingTurn = 0;

  constructor(
    number: number,
    request: EngineRequest,
    sentAtMs: number,
    { fullCount, failedReadCount }: Ticket["before"],
  ) {
    this.number = number;
    this.request = request;
    this.sentAtMs = sentAtMs;
    this.before = { fullCount, failedReadCount };
  }

  /** The call as it was written. */
  toString(): string {
    const short = (_name: string, value: unknown) =>
      value instanceof Uint8Array ? `${value.length} bytes` : value;
    const given = this.request.given.map((part) => JSON.stringify(part, short)).join(", ");
    return `#${this.number} ${this.request.name}(${given})`;
  }
}
