/**
 * Somebody who follows the events of a store over all its openings, from the cursor of the last one
 * that he has heard of.
 *
 * @module
 */

import { isFlowError } from "../../../src/errors.ts";
import {
  decodeEffect,
  Dictionary,
  type Identity,
  packKey,
  toHistoryEvent,
} from "../../../src/flow/core/mod.ts";
import type { StoreEvent } from "../../../src/flow/mod.ts";
import { type Log, recordsOf } from "../../../src/log/mod.ts";
import { Violation } from "../log_oracle.ts";
import { microtasks } from "../moment.ts";
import type { EngineProcess } from "./machine.ts";

/** Follows a store while it is at rest, and holds what it is told against the log. */
export class EngineFollower {
  readonly #told: string[] = [];
  #cursor = "start";
  /** The last version of every flow that it has heard of since the last gap. */
  readonly #versions = new Map<string, number>();
  #hasGap = false;

  /** Hears of all that is new, which must be all that there is. The store is at rest. */
  async catchUp(running: EngineProcess): Promise<void> {
    const { store, time, log } = running;
    // The start is where the log begins that has everything.
    this.#hasGap ||= this.#cursor === "start" && log.segments.wholeFrom.lsn > 0;
    const events = store.events({ from: this.#cursor });
    while (true) {
      let heard: StoreEvent | undefined;
      let failure: unknown;
      events.next().then(({ value }) => heard = value, (error) => failure = error);
      await microtasks();
      if (heard === undefined && time.runDeferred() > 0) await microtasks();
      if (isFlowError(failure, "log_trimmed") && this.#cursor !== "start") {
        // Merges have left out what it had not heard. It goes on where there is everything again.
        this.#cursor = "start";
        this.#versions.clear();
        return await this.catchUp(running);
      }
      if (failure !== undefined) throw new Violation(`The follower is told ${failure}`);
      if (heard === undefined) break;
      this.#told.push(lineOf(heard.partitionKey, heard));
      this.#checkVersion(heard);
      this.#cursor = heard.cursor;
    }
    await events.return();
    this.#check(eventsIn(log));
  }

  /** Nothing is left out that it was not told of. */
  #checkVersion({ partitionKey, id, version }: StoreEvent): void {
    const name = `${partitionKey} ${id}`;
    const last = this.#versions.get(name);
    this.#versions.set(name, version);
    // A flow that was removed may come again.
    if (version === 1 || version === (last ?? NaN) + 1) return;
    if (last === undefined && this.#hasGap) return;
    throw new Violation(`The follower hears of version ${version} of ${name} after ${last}`);
  }

  /** What the log still has one by one is what it was told last. */
  #check(expected: readonly string[]): void {
    const told = this.#told.slice(-expected.length || this.#told.length);
    for (let index = 0; index < expected.length; index++) {
      if (told[index] === expected[index]) continue;
      throw new Violation(
        `As event ${index + 1} of ${expected.length} that are there the follower hears ` +
          `${told[index]}, and not ${expected[index]}`,
      );
    }
  }
}

/** Every event that the log holds behind all that merges have left here and there. */
function eventsIn(log: Log): string[] {
  const dictionary = new Dictionary();
  const identities = new Map<string, Identity>();
  const events: string[] = [];
  for (const frame of log.read(0)) {
    for (const { record } of recordsOf(frame)) {
      const effect = decodeEffect(record, dictionary);
      if (effect.kind === "dict") dictionary.add(effect.id, effect.name);
      if (effect.kind === "body") identities.set(packKey(effect.key), effect.identity);
      if (effect.kind !== "ctrl" || frame.end.lsn <= log.segments.wholeFrom.lsn) continue;
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
