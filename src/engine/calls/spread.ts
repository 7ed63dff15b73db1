/**
 * Commands over flows that nobody names, in several shards.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import {
  decideSpread,
  hasDone,
  joined,
  onceMore,
  type SpreadCommand,
  type SpreadReply,
} from "../../flow/core/mod.ts";
import { type Shard, Superseded } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import { type Footing, isVoid } from "./footing.ts";

/** What a command did in one shard. */
export interface Share {
  readonly shard: Shard;
  readonly reply: SpreadReply;
  /** What the share stands on. */
  readonly footing: Footing;
}

/**
 * One such command. It is decided in all of its shards at once, and becomes durable in each of them
 * by itself. What turns out void in one is done again there; the rest stays done.
 */
export class Spread {
  /** The shards that it concerns. */
  readonly on: readonly Shard[];
  readonly #shards: Shards;
  readonly #command: SpreadCommand;
  #shares: readonly Share[] = [];

  /** A command over the flows of some shards. */
  constructor(shards: Shards, on: readonly Shard[], command: SpreadCommand) {
    this.#shards = shards;
    this.on = on;
    this.#command = command;
  }

  /** Decides the command, or what is void of it. */
  apply(): SpreadReply {
    const kept = this.#shares.filter(({ footing, reply }) => !isVoid(footing) && hasDone(reply));
    this.#shares = kept.length === 0
      ? this.#shards.spread(this.#command, this.on)
      : [...kept, ...this.#shares.filter(({ footing }) => isVoid(footing)).flatMap(this.#again)];
    return joined(this.#shares.map(({ reply }) => reply));
  }

  /** Lets the next decision be one of its own: nobody is told what came of this one. */
  forget(): void {
    this.#shares = [];
  }

  /** Does the same again in a shard. Others have their share, whatever happens. */
  readonly #again = ({ shard, reply }: Share): readonly Share[] => {
    if (!hasDone(reply)) return [];
    try {
      return this.#shards.spread(onceMore(this.#command, reply), [shard]);
    } catch (error) {
      if (error instanceof FlowError) return [];
      throw error;
    }
  };
}

/** Decides a command in some shards at once, and writes its effects down in all of them or none. */
export function decideIn(
  on: readonly Shard[],
  command: SpreadCommand,
  nowMs: number,
): Share[] {
  const [only] = on;
  if (on.length === 1 && only !== undefined) {
    const reply = only.apply(command, nowMs) as SpreadReply;
    return [{ shard: only, reply, footing: only.footing() }];
  }
  const decisions = decideSpread(on.map((shard) => shard.beside(nowMs)), command);
  const writes = decisions.flatMap(({ effects }, index) => {
    const shard = on[index]!;
    return effects.length === 0 ? [] : [{ shard, plan: shard.plan(effects) }];
  });
  // Whatever can fail comes first, in all of them.
  for (const { shard, plan } of writes) shard.makeRoom(plan);
  if (writes.some(({ shard, plan }) => !shard.isBase(plan.base))) throw new Superseded();
  for (const { shard, plan } of writes) shard.write(plan, nowMs);
  return decisions.map(({ reply }, index) => {
    const shard = on[index]!;
    return { shard, reply, footing: shard.footing() };
  });
}
