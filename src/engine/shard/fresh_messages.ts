/**
 * Messages that were sent a moment ago.
 *
 * @module
 */
import { broughtValues, type Effect, type Message, valueBytes } from "../../flow/core/mod.ts";

/** So many messages, with so many bytes of values, are kept at most: others are read from the log. */
const COUNT_MAX = 4_096;
const VALUE_BYTES_MAX = 1 << 19;

/**
 * What a shard tells others, from the moment at which it is decided until it has arrived. Whoever was
 * told of children finds them: so it is better not to have to read what is at hand.
 */
export class FreshMessages {
  readonly #byLsn = new Map<number, Message>();
  #valueBytes = 0;

  /** Takes the messages among effects of which the first has an LSN. */
  add(effects: readonly Effect[], firstLsn: number): void {
    for (const [index, effect] of effects.entries()) {
      if (effect.kind !== "outbox" || this.#byLsn.size >= COUNT_MAX) continue;
      const bytes = valueBytesOf(effect.message);
      if (this.#valueBytes + bytes > VALUE_BYTES_MAX) continue;
      this.#valueBytes += bytes;
      this.#byLsn.set(firstLsn + index, effect.message);
    }
  }

  /** The message with an LSN, if it is here. */
  find(lsn: number): Message | undefined {
    return this.#byLsn.get(lsn);
  }

  /** Forgets a message: it has arrived. */
  delete(lsn: number): void {
    const message = this.#byLsn.get(lsn);
    if (message === undefined) return;
    this.#valueBytes -= valueBytesOf(message);
    this.#byLsn.delete(lsn);
  }

  /** Forgets all of them: other records may get their LSNs. */
  clear(): void {
    this.#byLsn.clear();
    this.#valueBytes = 0;
  }
}

function valueBytesOf(message: Message): number {
  return message.kind === "birth" ? valueBytes(broughtValues(message.request)) : 0;
}
