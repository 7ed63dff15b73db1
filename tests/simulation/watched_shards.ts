/**
 * Shards whose decisions and answers somebody hears of at the moment when they are made.
 *
 * @module
 */

import type { Claimant } from "../../src/engine/calls/claim.ts";
import type { Call, Verdict } from "../../src/engine/calls/pending.ts";
import type { Share } from "../../src/engine/calls/spread.ts";
import type { Shard } from "../../src/engine/shard/shard.ts";
import type { ShardsOptions } from "../../src/engine/shard/shard_options.ts";
import { Shards } from "../../src/engine/shards.ts";
import type { ClaimCommand, Command, Reply, SpreadCommand } from "../../src/flow/core/mod.ts";

/** One call, from the first decision to the answer. */
export interface Decision {
  /** Who made the call; undefined until that is known, or for nobody who is watched. */
  owner: unknown;
  /** What it applies, once that is known. */
  command: Command | undefined;
}

/** Hears of what shards do. */
export interface ShardsWatch {
  /** Who is calling right now. */
  readonly caller: unknown;
  /** A call is decided, perhaps not for the first time, by `decide`. */
  decided<T>(
    decision: Decision,
    decide: () => Verdict<T> | undefined,
  ): Verdict<T> | undefined;
  /** Time has leapt ahead, and leases last longer because of it. */
  leapt(nowMs: number): void;
  /** A call is answered. */
  resolved(owner: unknown, value: unknown): void;
  /** A call is answered with an error. */
  rejected(owner: unknown, error: unknown): void;
}

/** How calls are treated; a mutant treats them wrongly. */
export type TreatCall = <T>(call: Call<T>, shards: Shards) => Call<T>;

/** The shards, watched. */
export class WatchedShards extends Shards {
  readonly #watch: ShardsWatch;
  readonly #treat: TreatCall;
  readonly #calls = new WeakMap<object, Call<never>>();
  /** Claims may be decided later than they were called. */
  readonly #owners = new WeakMap<Command, unknown>();
  /** Decisions that are being made, the innermost last: one may set off another. */
  readonly #deciding: Decision[] = [];

  constructor(options: ShardsOptions, watch: ShardsWatch, treat: TreatCall = (call) => call) {
    super(options);
    this.#watch = watch;
    this.#treat = treat;
  }

  override claim<T>(
    command: ClaimCommand,
    verdictOn: Claimant<T>["verdictOn"],
  ): Promise<T> {
    this.#owners.set(command, this.#watch.caller);
    return super.claim(command, verdictOn);
  }

  override apply(command: Command, shard: Shard): Reply {
    this.#note(command);
    return super.apply(command, shard);
  }

  override spread(command: SpreadCommand, on: readonly Shard[]): Share[] {
    this.#note(command);
    return super.spread(command, on);
  }

  protected override leapt(nowMs: number): void {
    super.leapt(nowMs);
    this.#watch.leapt(nowMs);
  }

  override decide<T>(call: Call<T>): void {
    super.decide(this.#watched(call));
  }

  #note(command: Command): void {
    const decision = this.#deciding.at(-1);
    if (decision === undefined) return;
    decision.owner ??= this.#owners.get(command);
    decision.command = command;
  }

  /** The same call, watched. A call that comes again is the same watched one. */
  #watched<T>(call: Call<T>): Call<T> {
    const known = this.#calls.get(call) as Call<T> | undefined;
    if (known !== undefined) return known;
    const watch = this.#watch;
    const treated = this.#treat(call, this);
    const decision: Decision = { owner: watch.caller, command: undefined };
    const watched: Call<T> = {
      looksAt: treated.looksAt,
      decide: () => {
        this.#deciding.push(decision);
        try {
          return watch.decided(decision, () => treated.decide());
        } finally {
          this.#deciding.pop();
        }
      },
      resolve(value) {
        watch.resolved(decision.owner, value);
        treated.resolve(value);
      },
      reject(error) {
        watch.rejected(decision.owner, error);
        treated.reject(error);
      },
    };
    this.#calls.set(call, watched as Call<never>);
    this.#calls.set(watched, watched as Call<never>);
    return watched;
  }
}
