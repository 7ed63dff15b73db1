/**
 * Handing on what shards tell each other.
 *
 * @module
 */
import { FlowError, isFileFault } from "../../errors.ts";
import {
  broughtValues,
  type Effect,
  type Mail,
  type Message,
  pairName,
  type SentMessage,
  type Value,
  valueBytes,
} from "../../flow/core/mod.ts";
import { isDurable } from "../calls/footing.ts";
import type { Call } from "../calls/pending.ts";
import { WaitingCalls } from "../calls/waiting_calls.ts";
import { FreshMessages } from "../shard/fresh_messages.ts";
import type { Shard } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";

/** Messages that take effect in one command, at most. */
const MESSAGES_MAX = 64;

/** Bytes of values in one command, unless a single message has more. */
const VALUE_BYTES_MAX = 262_144;

/** Without room on the disk, or if a message cannot be read, it waits this long before it tries again. */
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
  readonly #waiting = new WaitingCalls();
  /** By sender, then by receiver: the LSN up to which messages have arrived for good. */
  readonly #arrived = new Map<number, Map<number, number>>();
  /** Not before this monotonic time. */
  #restUntilMs = 0;
  /** By sender and receiver: the next message cannot be read, and is tried again at a monotonic time. */
  readonly #unread = new Map<string, { readonly untilMs: number; readonly why: string }>();
  /** By sender. */
  readonly #fresh = new Map<number, FreshMessages>();

  /** @param monotonicMs The present monotonic time, in milliseconds. */
  constructor(shards: Shards, monotonicMs: () => number) {
    this.#shards = shards;
    this.#monotonicMs = monotonicMs;
  }

  /** Why a message could not be read lately, in sentence case; null: all could. */
  get failure(): string | null {
    return this.#unread.values().next().value?.why ?? null;
  }

  /** Effects of a shard have changed its state, of which the first has an LSN. */
  sent({ number }: Shard, effects: readonly Effect[], firstLsn: number): void {
    if (!effects.some(({ kind }) => kind === "outbox")) return;
    const fresh = this.#fresh.get(number) ?? new FreshMessages();
    this.#fresh.set(number, fresh);
    fresh.add(effects, firstLsn);
  }

  /** Lets a call wait until it is known whether the name that it wants is taken. */
  add<T>(call: Call<T>): void {
    this.#waiting.add(call);
    // Now somebody waits for what comes next, and the process stays alive.
    this.#shards.reschedule();
  }

  /** Whether there is anything that could be handed on now. */
  get hasMail(): boolean {
    return this.#monotonicMs() >= this.#restUntilMs && this.#next() !== undefined;
  }

  /** The monotonic time at which it wants to be woken; `Infinity`: not before something changes. */
  nextAtMs(): number {
    if (this.#next() !== undefined) return this.#restUntilMs;
    return Math.min(...[...this.#unread.values()].map(({ untilMs }) => untilMs));
  }

  /** Whether anybody waits. */
  get isAwaited(): boolean {
    return !this.#waiting.isEmpty;
  }

  /** Hands on everything that can be, and lets those try again who wanted a name. */
  wake(): void {
    while (this.hasMail) this.#handOn(this.#next()!);
    // Those have been tried again, or have nothing to say any more.
    for (const [name, { untilMs }] of this.#unread) {
      if (untilMs <= this.#monotonicMs()) this.#unread.delete(name);
    }
    for (const call of this.#waiting.take()) this.#shards.decide(call);
  }

  /**
   * Forgets what has arrived for good. Everything that a log holds is durable when it is opened. A
   * checkpoint may not know any more of what was sent, but the log does, should it be read again.
   */
  opened(): void {
    const { all } = this.#shards;
    for (const from of all) {
      for (const to of all) {
        this.#forget({ from, to }, to.state.flows.mail.receivedFrom(from.number));
      }
    }
  }

  /** Forgets it once more: a shard whose state was built anew has all that it ever sent. */
  startedAgain(shard: Shard): void {
    this.#fresh.get(shard.number)?.clear();
    for (const [to, lsn] of this.#arrived.get(shard.number) ?? []) {
      shard.state.flows.mail.forget(to, lsn);
    }
  }

  /** Ends every wait with an error. */
  abort(error: FlowError): void {
    this.#waiting.abort(error);
  }

  #handOn({ from, to }: Route): void {
    const messages = this.#take({ from, to });
    if (messages.length === 0) return;
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
      resolve: () => {
        this.#forget({ from, to }, last);
        for (const { lsn } of messages) this.#fresh.get(from.number)?.delete(lsn);
      },
      reject: () => this.#rest(),
    });
  }

  /** Notes that everything up to an LSN has arrived for good. */
  #forget({ from, to }: Route, lsn: number): void {
    const arrived = this.#arrived.get(from.number) ?? new Map<number, number>();
    this.#arrived.set(from.number, arrived.set(to.number, lsn));
    from.state.flows.mail.forget(to.number, lsn);
  }

  #rest(): void {
    this.#restUntilMs = this.#monotonicMs() + RETRY_MS;
  }

  /** The first few messages that may be handed on; none: the first cannot be read at present. */
  #take({ from, to }: Route): SentMessage[] {
    const messages: SentMessage[] = [];
    let bytes = 0;
    for (const { lsn } of unheard(from, to)) {
      if (messages.length === MESSAGES_MAX || !mayBeHeard(from, lsn)) break;
      const message = this.#read({ from, to }, lsn);
      if (message === undefined) break;
      bytes += valueBytes(brought(message));
      if (messages.length > 0 && bytes > VALUE_BYTES_MAX) break;
      messages.push({ lsn, message });
    }
    return messages;
  }

  /** A message; undefined: it cannot be read at present. */
  #read(route: Route, lsn: number): Message | undefined {
    const name = nameOf(route);
    this.#unread.delete(name);
    const fresh = this.#fresh.get(route.from.number)?.find(lsn);
    if (fresh !== undefined) return fresh;
    try {
      return route.from.records.message(lsn);
    } catch (error) {
      // It is a matter of these two shards, and of nobody else.
      if (!isFileFault(error)) throw error;
      const untilMs = this.#monotonicMs() + RETRY_MS;
      this.#unread.set(name, { untilMs, why: error.message });
      return undefined;
    }
  }

  #largeValues(message: Message): Value[] {
    const { valueInlineBytesMax } = this.#shards.limits;
    return brought(message).filter(({ bytes }) => bytes.length > valueInlineBytesMax);
  }

  /** A way on which there is something to be handed on. */
  #next(): Route | undefined {
    for (const route of this.#routes()) {
      if (this.#isResting(route)) continue;
      // What was sent before is durable before, so the first one tells.
      for (const { lsn } of unheard(route.from, route.to)) {
        if (mayBeHeard(route.from, lsn)) return route;
        break;
      }
    }
    return undefined;
  }

  #isResting(route: Route): boolean {
    if (this.#unread.size === 0) return false;
    return (this.#unread.get(nameOf(route))?.untilMs ?? 0) > this.#monotonicMs();
  }

  *#routes(): Generator<Route> {
    for (const from of this.#shards.all) {
      for (const number of [...from.state.flows.mail.receivers]) {
        yield { from, to: this.#shards.all[number]! };
      }
    }
  }
}

function nameOf({ from, to }: Route): string {
  return `${from.number} to ${to.number}`;
}

/** Whether a message may be handed on: only what no crash takes back. */
function mayBeHeard(from: Shard, lsn: number): boolean {
  return isDurable(from.footing(lsn));
}

/** The values that come with a message. */
function brought(message: Message): readonly Value[] {
  return message.kind === "birth" ? broughtValues(message.request) : [];
}

/** Whether a shard is about to hear of the birth of a flow. */
export function isExpected(
  shards: readonly Shard[],
  to: Shard,
  { partitionKey, id }: { readonly partitionKey: string; readonly id: string },
): boolean {
  const birth = pairName(partitionKey, id);
  return shards.some((from) =>
    from.state.flows.mail.isBirthSentAfter(to.number, heardLsn(from, to), birth)
  );
}

/** What one shard has told another that has not taken effect there, in the order of sending. */
function unheard(from: Shard, to: Shard): Iterable<Mail> {
  return from.state.flows.mail.sentAfter(to.number, heardLsn(from, to));
}

/** The LSN up to which what one shard has told another has taken effect there. */
function heardLsn(from: Shard, to: Shard): number {
  return to.state.flows.mail.receivedFrom(from.number);
}
