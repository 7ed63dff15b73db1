/**
 * Those who call the store: they do what the dice say, remember what they have asked and seen, and
 * listen for answers.
 *
 * @module
 */

import type { FlowRecord, Page } from "../../../src/flow/mod.ts";
import { seededRandom } from "../../../src/time/mod.ts";
import type { Outcome } from "../outcome.ts";
import { drawCommand } from "./commands.ts";
import { drawFamily } from "./families.ts";
import { drawKeys } from "./keys.ts";
import type { EngineProcess } from "./machine.ts";
import type { EngineOracle } from "./oracle.ts";
import { drawQuery } from "./queries.ts";
import { Dice, type EngineRequest, type Raw } from "./request.ts";
import type { Ticket } from "./ticket.ts";

/** All callers of a store, over all its openings. */
export class EngineCallers {
  readonly #oracle: EngineOracle;
  readonly #familyPercent: number;
  /** Requests that created flows, to be made again. */
  readonly #past: Raw[] = [];
  /** Requests that spawned children, to be made again. */
  readonly #spawned: EngineRequest[] = [];
  /** What follows pages that were shown; it may be asked for much later. */
  readonly #nextPages: EngineRequest[] = [];
  /** The process that somebody could still hear. */
  #running: EngineProcess | undefined;

  /** @param familyPercent Of a hundred calls, how many are about parents and children. */
  constructor(oracle: EngineOracle, familyPercent: number) {
    this.#oracle = oracle;
    this.#familyPercent = familyPercent;
  }

  /** Makes a call. Nobody waits for it. */
  call(running: EngineProcess, dieSeed: number): void {
    this.#running = running;
    const { store, time } = running;
    const ticket = this.#oracle.ticket(this.#draw(running, dieSeed), time.clock.monotonicMs());
    this.#oracle.caller = ticket;
    try {
      ticket.request.send(store).then(
        (value) => this.#hear(running, ticket, { value }),
        (error) => this.#hear(running, ticket, { error }),
      );
    } finally {
      this.#oracle.caller = undefined;
    }
  }

  /** Aborts one of the claims that can be. */
  abort(which: number): void {
    const claims = [...this.#oracle.open].filter(({ request }) => request.abort !== undefined);
    claims[which % claims.length]?.request.abort?.abort(new Error("Enough"));
  }

  /** The process is gone, and what it still says nobody hears. */
  leave(): void {
    this.#running = undefined;
  }

  #draw({ shards }: EngineProcess, dieSeed: number): EngineRequest {
    const dice = new Dice(seededRandom(dieSeed));
    const { model } = this.#oracle.journal;
    model.nowMs = shards.now();
    const nextPage = dice.percent(10) ? this.#nextPages.shift() : undefined;
    if (nextPage !== undefined) return nextPage;
    if (dice.percent(15)) return drawKeys(dice, model);
    if (dice.percent(this.#familyPercent)) return drawFamily(dice, model, this.#spawned);
    return dice.percent(70) ? drawCommand(dice, model, this.#past) : drawQuery(dice, model);
  }

  #hear(running: EngineProcess, ticket: Ticket, outcome: Outcome): void {
    if (this.#running !== running) return;
    this.#oracle.heard(ticket, outcome);
    if (!("value" in outcome)) return;
    const nextPage = ticket.request.nextPage?.(outcome.value as Page<FlowRecord>);
    if (nextPage !== undefined) this.#nextPages.push(nextPage);
  }
}
