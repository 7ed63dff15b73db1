/**
 * How far a shard has come with what it tells others, and with what others tell it.
 *
 * @module
 */
import { firstIndex } from "../../../index/mod.ts";
import { invariant } from "../../../invariant.ts";

/** A message that was sent and may not have arrived. */
export interface Mail {
  /** The LSN of its record, by which the receiver knows it. */
  readonly lsn: number;
  /** The `pairName()` of partition and id of the flow that is to be born by it; null: none. */
  readonly birth: string | null;
}

/** A mailbox as it is written down. */
export interface SavedMail {
  /** By receiver. */
  readonly sent: readonly (readonly [to: number, mails: readonly Mail[]])[];
  /** By sender. */
  readonly received: readonly (readonly [from: number, lsn: number])[];
}

const NO_MAIL: readonly Mail[] = [];

/** What was sent to one shard. */
interface Sent {
  /** In the order of sending, which is that of the LSNs. */
  mails: Mail[];
  /** By the name of a birth: the LSN of the last message that brings one. */
  readonly births: Map<string, number>;
}

/** The messages of one shard. The messages themselves are in the log. */
export class Mailbox {
  readonly #sent = new Map<number, Sent>();
  readonly #received = new Map<number, number>();

  /** Notes that a message was sent to a shard, after all others. */
  send(to: number, mail: Mail): void {
    const sent = this.#sent.get(to) ?? nothingSent();
    invariant(
      (sent.mails.at(-1)?.lsn ?? 0) < mail.lsn,
      "a message has no higher LSN than the one before it",
    );
    this.#sent.set(to, sent);
    sent.mails.push(mail);
    if (mail.birth !== null) sent.births.set(mail.birth, mail.lsn);
  }

  /** Notes that everything from a shard has arrived up to an LSN. */
  receive(from: number, lsn: number): void {
    this.#received.set(from, Math.max(lsn, this.receivedFrom(from)));
  }

  /** All of it. */
  save(): SavedMail {
    const sent = [...this.#sent].map(([to, { mails }]) => [to, mails] as const);
    return { sent, received: [...this.#received] };
  }

  /** Takes what was saved; there is nothing yet. */
  load({ sent, received }: SavedMail): void {
    for (const [to, mails] of sent) for (const mail of mails) this.send(to, mail);
    for (const [from, lsn] of received) this.#received.set(from, lsn);
  }

  /** The LSN up to which everything from a shard has arrived, 0 if nothing has. */
  receivedFrom(from: number): number {
    return this.#received.get(from) ?? 0;
  }

  /** The shards that it has sent messages to which it still remembers. */
  get receivers(): Iterable<number> {
    return this.#sent.keys();
  }

  /** The messages to a shard that it still remembers, in the order of sending. */
  sentTo(to: number): readonly Mail[] {
    return this.#sent.get(to)?.mails ?? NO_MAIL;
  }

  /** Those of them that come after an LSN. */
  *sentAfter(to: number, lsn: number): Generator<Mail> {
    const mails = this.sentTo(to);
    for (let index = countUpTo(mails, lsn); index < mails.length; index++) yield mails[index]!;
  }

  /**
   * Whether one of them that comes after an LSN brings a birth. It is asked for every flow that is
   * created, so it is looked up: with many children under way a walk takes seconds in all.
   */
  isBirthSentAfter(to: number, lsn: number, birth: string): boolean {
    // A name may be on its way more than once, and the last one tells.
    return (this.#sent.get(to)?.births.get(birth) ?? 0) > lsn;
  }

  /** Forgets messages to a shard that have arrived there for good, up to an LSN. */
  forget(to: number, lsn: number): void {
    const sent = this.#sent.get(to);
    if (sent === undefined) return;
    const { mails, births } = sent;
    const count = countUpTo(mails, lsn);
    if (count === mails.length) return void this.#sent.delete(to);
    for (const { birth } of mails.slice(0, count)) {
      if (birth !== null && !this.isBirthSentAfter(to, lsn, birth)) births.delete(birth);
    }
    // Another list: somebody may be on his way through the old one.
    sent.mails = mails.slice(count);
  }
}

function nothingSent(): Sent {
  return { mails: [], births: new Map() };
}

/** How many messages come before all those after an LSN. */
function countUpTo(mails: readonly Mail[], lsn: number): number {
  return firstIndex(mails.length, (index) => mails[index]!.lsn - lsn - 1);
}
