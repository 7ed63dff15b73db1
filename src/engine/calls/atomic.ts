/**
 * Commands that take effect together, in the store in this process.
 *
 * @module
 */
import { answer, parseAtomic } from "../../flow/core/mod.ts";
import type { AtomicCommands, AtomicOptions, AtomicResult } from "../../flow/mod.ts";
import { invariant } from "../../invariant.ts";
import type { KvParts } from "../kv_store.ts";
import type { Verdict } from "./pending.ts";

/** What an `atomic()` was called with. */
export interface AtomicCall {
  /** The partition. */
  readonly partitionKey: string;
  /** Collects the commands. */
  readonly build: (commands: AtomicCommands) => unknown;
  /** Options. */
  readonly options: AtomicOptions | undefined;
}

/** Applies the commands that a callback collects, or none of them. */
export function applyAtomic(
  { partitionKey, build, options }: AtomicCall,
  { shards, parse, callers }: KvParts,
): Promise<AtomicResult[]> {
  let parsed: ReturnType<typeof parseAtomic>;
  try {
    parsed = parseAtomic({ partitionKey, build }, options, parse);
  } catch (error) {
    // With its own stack: whoever has built a bad command looks for its line in the callback.
    return Promise.reject(error);
  }
  const { command, wanted } = parsed;
  const shard = shards.router.shardOf(command.partitionKey);
  // What stands in the way of children may be in any shard.
  const spawns = command.steps.some((step) => step.command.kind === "spawn");
  const looksAt = spawns ? shards.all : [shard];
  const decide = (): Verdict<AtomicResult[]> => {
    const reply = shards.apply(command, shard);
    invariant(reply.kind === "atomic", "atomic() answers what its commands answer");
    return {
      standsOn: [shard.footing()],
      // None of its commands asks for values.
      read: () =>
        wanted.map((index) => answer(reply.replies[index]!, () => undefined) as AtomicResult),
    };
  };
  return callers.told(() => shards.call(decide, () => looksAt));
}
