/**
 * Calls that are not decided yet, since something has to happen before.
 *
 * @module
 */
import type { FlowError } from "../../errors.ts";
import type { Call } from "./pending.ts";

/** Such calls, in order. */
export class WaitingCalls {
  #calls: Call<unknown>[] = [];

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** Lets a call wait. */
  add<T>(call: Call<T>): void {
    this.#calls.push(call as Call<unknown>);
  }

  /** Takes all of them out, in order. */
  take(): readonly Call<unknown>[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    for (const call of this.take()) call.reject(error);
  }
}
