/**
 * Somebody who follows the events of a store over all its openings, from the cursor of the last one
 * that he has heard of.
 *
 * @module
 */

import {
  decodeEffect,
  Dictionary,
  type Identity,
  packKey,
  toHistoryEvent,
} from "../../src/flow/core/mod.ts";
import { type Log, recordsOf } from "../../src/log/mod.ts";
import type { StoreEvent } from "../../src/flow/mod.ts";
import type { EngineProcess } from "./engine_machine.ts";
import { Violation } from "./log_oracle.ts";

/** Microtasks that an event goes through on its way, and some more. */
const MICROTASKS = 20;

/** Follows a store while it is at rest, and holds what it is told against the log. */
export class EngineFollower {
  readonly #told: string[] = [];
  #cursor = "start";

  /** Hears of all that is new, which must be all that there is. The store is at rest. */
  async catchUp({ store, time, log }: EngineProcess): Promise<void> {
    const events = store.events({ from: this.#cursor });
    while (true) {
      let heard: StoreEvent | undefined;
      let failure: unknown;
      events.next().then(({ value }) => heard = value, (error) => failure = error);
      await microtasks();
      if (heard === undefined && time.runDeferred() > 0) await microtasks();
      if (failure !== undefined) throw new Violation(`The follower is told ${failure}`);
      if (heard === undefined) break;
      this.#told.push(lineOf(heard.partitionKey, heard));
      this.#cursor = heard.cursor;
    }
    await events.return();
    this.#check(eventsIn(log));
  }

  #check(expected: readonly string[]): void {
    const told = this.#told;
    const length = Math.max(told.length, expected.length);
    for (let index = 0; index < length; index++) {
      if (told[index] === expected[index]) continue;
      throw new Violation(
        `As event ${index + 1} the follower hears ${told[index]}, and not ${expected[index]}`,
      );
    }
  }
}

/** Every event that the log holds. */
function eventsIn(log: Log): string[] {
  const dictionary = new Dictionary();
  const identities = new Map<string, Identity>();
  const events: string[] = [];
  for (const frame of log.read(0)) {
    for (const { record } of recordsOf(frame)) {
      const effect = decodeEffect(record, dictionary);
      if (effect.kind === "dict") dictionary.add(effect.id, effect.name);
      if (effect.kind === "body") identities.set(packKey(effect.key), effect.identity);
      if (effect.kind !== "ctrl") continue;
      const identity = identities.get(packKey(effect.key))!;
      events.push(lineOf(identity.partitionKey, toHistoryEvent(identity, effect)));
    }
  }
  return events;
}

type Line = Pick<StoreEvent, "id" | "type" | "event" | "version" | "state" | "atMs">;

function lineOf(partitionKey: string, { id, type, event, version, state, atMs }: Line): string {
  return [partitionKey, id, type, event, version, state, atMs].join(" ");
}

async function microtasks(): Promise<void> {
  for (let count = 0; count < MICROTASKS; count++) await undefined;
}
