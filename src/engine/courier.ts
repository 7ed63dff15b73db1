/**
 * Handing on what shards tell each other.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import {
  birthName,
  type Mail,
  type Message,
  type SentMessage,
  type Value,
  valuesOf,
} from "../flow/core/mod.ts";
import { isDurable } from "./footing.ts";
import type { Call } from "./pending.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/** Messages that take effect in one command, at most. */
const MESSAGES_MAX = 64;

/** Bytes of values in one command, unless a single message has more. */
const VALUE_BYTES_MAX = 262_144;

/** Without room on the disk it waits this long before it tries again. */
const RETRY_MS = 1_000;

/** A shard that has told another one something. */
interface Route {
  readonly from: Shard;
  readonly to: Shard;
}

/**
 * Hands on messages that are durable where they were sent. What has arrived is known by the receiver,
 * in the same log as what it did about it, so nothing has to be remembered here: after a crash, or
 * when a receiver starts again, it is looked up once more who has not heard what.
 */
export class Courier {
  readonly #shards: Shards;
  readonly #monotonicMs: () => number;
  /** Calls that want a name which is expected. */
  #waiting: Call<unknown>[] = [];
  /** Not before this monotonic time. */
  #restUntilMs = 0;

  /** @param monotonicMs The present monotonic time, in milliseconds. */
  constructor(shards: Shards, monotonicMs: () => number) {
    this.#shards = shards;
    this.#monotonicMs = monotonicMs;
  }

  /** Lets a call wait until it is known whether the name that it wants is taken. */
  add(call: Call<unknown>): void {
    this.#waiting.push(call);
  }

  /** Whether there is anything that could be handed on now. */
  get hasMail(): boolean {
    return this.#monotonicMs() >= this.#restUntilMs && this.#next() !== undefined;
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    return this.#next() === undefined ? Infinity : this.#restUntilMs;
  }

  /** Whether anybody waits. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Hands on everything that can be, and lets those try again who wanted a name. */
  wake(): void {
    while (this.hasMail) this.#handOn(this.#next()!);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) this.#shards.decide(call);
  }

  /** Forgets what has arrived for good. Everything that a log holds is durable when it is opened. */
  opened(): void {
    for (const { from, to } of this.#routes()) {
      from.state.flows.mail.forget(to.number, to.state.flows.mail.receivedFrom(from.number));
    }
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call.reject(error);
  }

  #handOn({ from, to }: Route): void {
    const messages = this.#take(from, handed(from, to));
    const largeValues = messages.flatMap(({ message }) => this.#largeValues(message));
    const last = messages.at(-1)!.lsn;
    const command = { kind: "deliver", from: from.number, messages, largeValues } as const;
    this.#shards.decide({
      looksAt: () => [to],
      decide: () => {
        try {
          this.#shards.apply({ ...command, nowMs: undefined }, to);
        } catch (error) {
          // A refusal may be told later, but whoever goes round has to know of it now.
          if (error instanceof FlowError) this.#rest();
          throw error;
        }
        return { standsOn: [to.footing()], read: () => {} };
      },
      resolve: () => from.state.flows.mail.forget(to.number, last),
      reject: () => this.#rest(),
    });
  }

  #rest(): void {
    this.#restUntilMs = this.#monotonicMs() + RETRY_MS;
  }

  /** The first few messages of some. */
  #take(from: Shard, mails: readonly Mail[]): SentMessage[] {
    const messages: SentMessage[] = [];
    let bytes = 0;
    for (const { lsn } of mails.slice(0, MESSAGES_MAX)) {
      const message = from.records.message(lsn);
      bytes += bytesOf(message);
      if (messages.length > 0 && bytes > VALUE_BYTES_MAX) break;
      messages.push({ lsn, message });
    }
    return messages;
  }

  #largeValues(message: Message): Value[] {
    const { valueInlineBytesMax } = this.#shards.limits;
    if (message.kind !== "birth") return [];
    return valuesOf(message.request).filter(({ bytes }) => bytes.length > valueInlineBytesMax);
  }

  /** A way on which there is something to be handed on. */
  #next(): Route | undefined {
    for (const route of this.#routes()) {
      if (handed(route.from, route.to).length > 0) return route;
    }
    return undefined;
  }

  *#routes(): Generator<Route> {
    for (const from of this.#shards.all) {
      for (const number of [...from.state.flows.mail.receivers]) {
        yield { from, to: this.#shards.all[number]! };
      }
    }
  }
}

/** What may be handed on: only what no crash takes back. */
function handed(from: Shard, to: Shard): readonly Mail[] {
  return unheard(from, to).filter(({ lsn }) => isDurable(from.footing(lsn)));
}

function bytesOf(message: Message): number {
  if (message.kind !== "birth") return 0;
  return valuesOf(message.request).reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Whether a shard is about to hear of the birth of a flow. */
export function isExpected(
  shards: readonly Shard[],
  to: Shard,
  { partitionKey, id }: { readonly partitionKey: string; readonly id: string },
): boolean {
  return shards.some((from) => {
    const mails = unheard(from, to);
    return mails.length > 0 &&
      mails.some(({ birth }) => birth !== null && birth === birthName(partitionKey, id));
  });
}

/** What one shard has told another that has not taken effect there. */
function unheard(from: Shard, to: Shard): readonly Mail[] {
  const mails = from.state.flows.mail.sentTo(to.number);
  if (mails.length === 0) return mails;
  const heardLsn = to.state.flows.mail.receivedFrom(from.number);
  return mails.filter(({ lsn }) => lsn > heardLsn);
}
