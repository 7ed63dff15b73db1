/**
 * How far a shard has come with what it tells others, and with what others tell it.
 *
 * @module
 */

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

/** The messages of one shard. The messages themselves are in the log. */
export class Mailbox {
  readonly #sent = new Map<number, Mail[]>();
  readonly #received = new Map<number, number>();

  /** Notes that a message was sent to a shard. */
  send(to: number, mail: Mail): void {
    const sent = this.#sent.get(to);
    if (sent === undefined) this.#sent.set(to, [mail]);
    else sent.push(mail);
  }

  /** Notes that everything from a shard has arrived up to an LSN. */
  receive(from: number, lsn: number): void {
    this.#received.set(from, Math.max(lsn, this.receivedFrom(from)));
  }

  /** All of it. */
  save(): SavedMail {
    return { sent: [...this.#sent], received: [...this.#received] };
  }

  /** Takes what was saved; there is nothing yet. */
  load({ sent, received }: SavedMail): void {
    for (const [to, mails] of sent) this.#sent.set(to, [...mails]);
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
    return this.#sent.get(to) ?? NO_MAIL;
  }

  /** Forgets messages to a shard that have arrived there for good, up to an LSN. */
  forget(to: number, lsn: number): void {
    const left = this.sentTo(to).filter((mail) => mail.lsn > lsn);
    if (left.length === 0) this.#sent.delete(to);
    else this.#sent.set(to, left);
  }
}
