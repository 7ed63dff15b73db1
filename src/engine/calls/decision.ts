/**
 * From a call to its verdict.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import { Expected } from "../../flow/core/mod.ts";
import { Superseded } from "../shard/shard.ts";
import type { Shards } from "../shards.ts";
import type { Call, Verdict } from "./pending.ts";
import { raising } from "./refusals.ts";

/** What is needed to decide a call. */
export type Deciders = Pick<Shards, "all" | "courier" | "lose">;

/** Decides a call. Undefined if it goes on waiting, or the store has failed in the middle of it. */
export function decided<T>(call: Call<T>, shards: Deciders): Verdict<T> | undefined {
  while (true) {
    try {
      return call.decide();
    } catch (error) {
      if (error instanceof Superseded) continue;
      if (error instanceof Expected) {
        shards.courier.add(call);
        return undefined;
      }
      // A throw that is no refusal may have come in the middle of a change: memory and log no
      // longer agree, and what stands in the open frame may be half a command.
      if (!(error instanceof FlowError)) {
        shards.lose(error);
        return undefined;
      }
      // A refusal tells what the state is, so it waits for the state like any other answer, except
      // for one that is about the store and comes because too much waits already.
      const seen = error.code === "overloaded" ? [] : call.looksAt?.() ?? shards.all;
      return { standsOn: seen.map((shard) => shard.footing()), read: raising(error) };
    }
  }
}
