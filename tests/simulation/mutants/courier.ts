/**
 * Stores whose shards do not tell each other what they should, or do it too early or too often.
 *
 * @module
 */

import type { Shard } from "../../../src/engine/shard/shard.ts";
import type { Shards } from "../../../src/engine/shards.ts";
import { Courier } from "../../../src/engine/upkeep/courier.ts";
import { Mailbox } from "../../../src/flow/core/families/mailbox.ts";
import type { Command, Effect, Message, Reply } from "../../../src/flow/core/mod.ts";
import { type OpenShards, spoiled } from "../shards/machine.ts";

type Deliver = Extract<Command, { kind: "deliver" }>;

/** Replaces a method while the logs are read, until it is looked up who has not heard what. */
function whileReading<Name extends "send" | "receive">(
  name: Name,
  method: Mailbox[Name],
): OpenShards {
  return (open) => {
    const own = { method: Mailbox.prototype[name], opened: Courier.prototype.opened };
    const restore = (): void => {
      Mailbox.prototype[name] = own.method;
      Courier.prototype.opened = own.opened;
    };
    Mailbox.prototype[name] = method;
    Courier.prototype.opened = function () {
      restore();
      this.opened();
    };
    try {
      return open();
    } finally {
      restore();
    }
  };
}

/** Does something else with what is delivered. */
function onDelivery(
  deliver: (
    command: Deliver,
    parts: { readonly shards: Shards; readonly to: Shard; apply(command: Deliver): Reply },
  ) => Reply,
): OpenShards {
  return spoiled((shards) => {
    const own = shards.apply.bind(shards);
    shards.apply = (command, to) =>
      command.kind === "deliver"
        ? deliver(command, { shards, to, apply: (changed) => own(changed, to) })
        : own(command, to);
  });
}

/** Hands on everything but messages of a kind. */
function without(kind: Message["kind"]): OpenShards {
  return onDelivery((command, { shards, to, apply }) => {
    const messages = command.messages.filter(({ message }) => message.kind !== kind);
    forget(shards, to, command);
    if (messages.length > 0) return apply({ ...command, messages });
    return { kind: "flow", flow: null, hydration: null };
  });
}

/** Takes it for granted that messages have arrived. */
function forget({ all }: Shards, to: Shard, { from, messages }: Deliver): void {
  all[from]!.state.flows.mail.forget(to.number, messages.at(-1)!.lsn);
}

/** Leaves effects out that a command has decided. */
function unwritten(kind: Effect["kind"]): OpenShards {
  return onDelivery((command, { shards, to, apply }) => {
    const { state } = to;
    const { decide } = state;
    state.decide = (...given) => {
      const { effects, reply } = decide.apply(state, given);
      return { effects: effects.filter((effect) => effect.kind !== kind), reply };
    };
    try {
      const reply = apply(command);
      forget(shards, to, command);
      return reply;
    } finally {
      state.decide = decide;
    }
  });
}

/** Every mutant of what shards tell each other. */
export const courierMutants: Readonly<Record<string, OpenShards>> = {
  /** Forgets in a crash what nobody has heard yet. */
  forgetsInCrash: whileReading("send", () => {}),
  /** Forgets in a crash what it has heard already, and hears it again. */
  hearsAgainAfterCrash: whileReading("receive", () => {}),
  /** Does not write down what it has heard, and hears it again after a crash. */
  hearsUnwritten: unwritten("inbox"),
  /** Hands on what a crash may take back. */
  sendsEarly: spoiled(({ all }) => {
    for (const shard of all) {
      const own = shard.footing.bind(shard);
      shard.footing = (lsn) => {
        const { mail } = shard.state.flows;
        const isMail = [...mail.receivers].some((to) =>
          mail.sentTo(to).some((sent) => sent.lsn === lsn)
        );
        if (lsn === undefined || !isMail) return own(lsn);
        return { life: { durableLsn: Infinity, isOver: false }, lsn };
      };
    }
  }),
  /** Hands on the last of several messages only. */
  lastOnly: onDelivery((command, { apply }) =>
    apply({ ...command, messages: command.messages.slice(-1) })
  ),
  birthsLost: without("birth"),
  endsLost: without("end"),
  closesLost: without("close"),
};

/** What goes wrong only if something happens while messages are on their way. */
export const orderMutants: Readonly<Record<string, OpenShards>> = {
  /** Hands on several messages in another order than that in which they were sent. */
  backwards: onDelivery((command, { apply }) => {
    const { messages } = command;
    const turned = messages.toReversed().map(({ message }, at) => (
      { message, lsn: messages[at]!.lsn }
    ));
    return apply({ ...command, messages: turned });
  }),
};
