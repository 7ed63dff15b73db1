/**
 * Batches whose items are in several shards.
 *
 * @module
 */
import { FlowError, isFlowError } from "../../errors.ts";
import {
  broughtValues,
  type ItemRequest,
  type ItemsCommand,
  notApplied,
  targetOf,
} from "../../flow/core/mod.ts";
import { type BatchOutcome, FlowBatchError, type FlowRecord } from "../../flow/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { Router } from "./router.ts";

/** What a batch resolves to. */
export type BatchAnswer = FlowRecord[] | BatchOutcome[];

/** How a batch is handed on. */
export interface GroupOptions {
  /** Which shards items go to. */
  readonly router: Router;
  /** The present shard time. */
  readonly nowMs: number;
  /** Lets a shard decide a command. */
  apply(command: ItemsCommand, shard: Shard): Promise<BatchAnswer>;
}

/** How the items of one shard ended. */
interface GroupEnd {
  /** Places in the batch. */
  readonly places: readonly number[];
  /** One for each of them. */
  readonly outcomes: readonly BatchOutcome[];
  /** Why the group was refused as a whole, if it was. */
  readonly refusal: FlowError | undefined;
}

/**
 * Hands each shard its items as one command. A shard does all of its own or nothing; it knows
 * nothing of the others.
 *
 * @throws {FlowBatchError} If a shard refuses; items of others may have been applied.
 */
export async function applyInGroups(
  command: ItemsCommand,
  { router, nowMs, apply }: GroupOptions,
): Promise<BatchAnswer> {
  const groups = groupsOf(command.items, (item) => router.shardWith(targetOf(item), nowMs));
  const [only = router.first] = groups.keys();
  if (groups.size <= 1) return await apply(command, only);
  const ends = await Promise.all(
    [...groups].map(([shard, places]) => end(apply(partOf(command, places), shard), places)),
  );
  const outcomes: BatchOutcome[] = [];
  for (const { places, outcomes: ofGroup } of ends) {
    for (const [index, place] of places.entries()) outcomes[place] = ofGroup[index]!;
  }
  const refused = ends.filter(({ refusal }) => refusal !== undefined).sort(byFirstRefused);
  const [first] = refused;
  if (first?.refusal === undefined) return answerOf(command, outcomes);
  // What says nothing about items, such as a store that was closed, is not told item by item.
  const isOfStore = refused.every(({ refusal }) => !(refusal instanceof FlowBatchError));
  if (isOfStore && refused.length === ends.length) throw first.refusal;
  if (command.mode === "independent") return outcomes;
  throw new FlowBatchError(itemError(first.refusal), firstRefused(first), outcomes);
}

function groupsOf(
  items: readonly ItemRequest[],
  shardOf: (item: ItemRequest) => Shard,
): Map<Shard, number[]> {
  const groups = new Map<Shard, number[]>();
  for (const [place, item] of items.entries()) {
    const shard = shardOf(item);
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [place]);
    else group.push(place);
  }
  return groups;
}

/** The same command for some of the items, with the values that they bring. */
function partOf(command: ItemsCommand, places: readonly number[]): ItemsCommand {
  const items = places.map((place) => command.items[place]!);
  const brought = new Set(items.flatMap(broughtValues));
  const largeValues = command.largeValues.filter((value) => brought.has(value));
  return { ...command, items, largeValues } as ItemsCommand;
}

async function end(answer: Promise<BatchAnswer>, places: readonly number[]): Promise<GroupEnd> {
  try {
    const outcomes = (await answer).map((item) =>
      "ok" in item ? item : { ok: true, record: item } as const
    );
    return { places, outcomes, refusal: undefined };
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    const outcomes = error instanceof FlowBatchError
      ? inBatch(error, places)
      : places.map(() => ({ ok: false, error }) as const);
    return { places, outcomes, refusal: error };
  }
}

/** Its outcomes, with the place that the refused item of the group has in the batch. */
function inBatch(refusal: FlowBatchError, places: readonly number[]): readonly BatchOutcome[] {
  const index = firstRefused({ places, refusal });
  const rest = { ok: false, error: notApplied(itemError(refusal), index) } as const;
  return refusal.outcomes.map((outcome) =>
    !outcome.ok && outcome.error.code === "not_applied" ? rest : outcome
  );
}

function answerOf({ mode }: ItemsCommand, outcomes: readonly BatchOutcome[]): BatchAnswer {
  if (mode === "independent") return [...outcomes];
  return outcomes.flatMap((outcome) => outcome.ok ? [outcome.record] : []);
}

function byFirstRefused(a: GroupEnd, b: GroupEnd): number {
  return firstRefused(a) - firstRefused(b);
}

/** The place in the batch of the item because of which a group was refused. */
function firstRefused({ places, refusal }: Pick<GroupEnd, "places" | "refusal">): number {
  const index = refusal instanceof FlowBatchError ? refusal.details.index : 0;
  return places[typeof index === "number" ? index : 0]!;
}

/** The error of the item, without what its batch adds to it. */
function itemError(refusal: FlowError): FlowError {
  return refusal instanceof FlowBatchError && isFlowError(refusal.cause) ? refusal.cause : refusal;
}
