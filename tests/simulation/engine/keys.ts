/**
 * Calls about keys.
 *
 * @module
 */

import type { Store } from "../../../src/engine/mod.ts";
import { KV_PARTITION, type KvEntry, type Page } from "../../../src/flow/mod.ts";
import type { ModelKey, ModelKeyName } from "../../flow/model/kv.ts";
import type { Model } from "../../flow/model/model.ts";
import { showChanged, showKey } from "../key_view.ts";
import {
  type Dice,
  drawTime,
  type EngineRequest,
  given,
  type ModelAnswer,
  PARTITIONS,
  type Raw,
  request,
} from "./request.ts";

/** Few enough for everything to collide; some begin with others. */
const KEYS: readonly string[] = ["a", "ab", "b", "\u{1F600}", "\uFFFD"];

/** Values that go inline, and values that go ahead in parts. */
const VALUES: readonly unknown[] = [null, 7, { a: [true] }, "y".repeat(150), "z".repeat(300)];

/** A change of a key, as it is said to the store and done to the model. */
export interface KeyChange {
  readonly name: "kv.set" | "kv.delete";
  readonly key: string;
  /** What follows the key. */
  readonly rest: readonly unknown[];
  /** Does it to the model. */
  perform(model: Model): ModelKey | boolean;
}

/** Draws a call. */
export function drawKeys(dice: Dice, model: Model): EngineRequest {
  const roll = dice.below(100);
  const { partitionKey, key } = drawName(dice, model, roll < 45 ? 70 : 40);
  // Whoever says nothing about the partition means that one.
  const option = partitionKey === KV_PARTITION ? undefined : partitionKey;
  if (roll < 25) return drawGet(key, option);
  if (roll < 45) return listOf(drawList(dice, option), null, undefined);
  const { name, rest, perform } = changeOf(dice, model, { partitionKey, key });
  const time = drawTime(dice, model);
  const options = given({ ...rest.at(-1) as Raw, partitionKey: option, ...time });
  const args = [key, ...rest.slice(0, -1), options];
  return kvRequest(name, args, (model) => {
    const changed = perform(model);
    return { show: () => showChanged(changed) };
  });
}

/** Draws a change of a key of a partition. */
export function drawChange(dice: Dice, model: Model, partitionKey: string): KeyChange {
  const known = dice.pick(model.kv.sorted(partitionKey));
  const key = known !== undefined && dice.percent(40) ? known.key : dice.pick(KEYS);
  return changeOf(dice, model, { partitionKey, key });
}

/** Names a key; in so many of a hundred cases one that there is, if there are any. */
function drawName(dice: Dice, model: Model, percent: number): ModelKeyName {
  const known = dice.percent(percent) ? dice.pick(model.kv.visible(model.nowMs)) : undefined;
  if (known !== undefined) return known;
  return { partitionKey: dice.pick([...PARTITIONS, KV_PARTITION]), key: dice.pick(KEYS) };
}

function changeOf(dice: Dice, model: Model, { partitionKey, key }: ModelKeyName): KeyChange {
  const name = { partitionKey, key };
  // Also that of a key that is over, which nobody can have any more.
  const present = model.kv.keys.find((other) =>
    other.key === key && other.partitionKey === partitionKey
  );
  const version = present?.version ?? 1_000_000;
  if (dice.percent(25)) {
    const ifVersion = dice.maybe(30, [version, version + 1]);
    return {
      name: "kv.delete",
      key,
      rest: [given({ ifVersion })],
      perform: ({ kv, nowMs }) => kv.delete({ ...name, ifVersion }, nowMs),
    };
  }
  const value = dice.pick(VALUES);
  const options = given({
    ttlMs: dice.maybe(40, [1, 50, 2_000, 20_000]),
    ifVersion: dice.maybe(40, present === undefined ? [0, null] : [version, version + 1, 0]),
  });
  return {
    name: "kv.set",
    key,
    rest: [value, options],
    perform: ({ kv, nowMs }) => kv.set({ ...name, value, ...options }, nowMs),
  };
}

function drawGet(key: string, partitionKey: string | undefined): EngineRequest {
  return kvRequest("kv.get", [key, given({ partitionKey })], ({ kv, nowMs }) => {
    const found = kv.find({ partitionKey: partitionKey ?? KV_PARTITION, key }, nowMs);
    if (found === undefined) return { show: () => null };
    return { show: () => showKey(found), key: found };
  });
}

interface KeyList {
  readonly prefix: string;
  readonly options: {
    readonly partitionKey?: string | undefined;
    readonly count: number;
    readonly rev?: boolean | undefined;
  };
}

function drawList(dice: Dice, partitionKey: string | undefined): KeyList {
  const count = dice.pick([1, 1, 2, 100]);
  const rev = dice.maybe(30, [true]);
  return {
    prefix: dice.pick(["", "", "", "a", "b"]),
    options: given({ partitionKey, count, rev }),
  };
}

/** A page, and all that follow it. */
function listOf(asked: KeyList, cursor: string | null, last: string | undefined): EngineRequest {
  const { prefix, options: { partitionKey = KV_PARTITION, count, rev } } = asked;
  const perform = ({ kv, nowMs }: Model): ModelAnswer => {
    const rows = kv.list({ partitionKey, prefix, rev, after: last }, nowMs);
    const items = rows.slice(0, count).map((key) => showKey(key));
    return { show: () => ({ items, isLast: rows.length <= count }) };
  };
  return kvRequest("kv.list", [prefix, { ...asked.options, cursor }], perform, {
    nextPage: (page) => {
      const { items, cursor } = page as unknown as Page<KvEntry>;
      return cursor === null ? undefined : listOf(asked, cursor, items.at(-1)?.key);
    },
  });
}

type Methods = Record<string, (...given: readonly unknown[]) => Promise<unknown>>;

function kvRequest(
  name: string,
  args: readonly unknown[],
  perform: (model: Model) => ModelAnswer,
  rest: Partial<EngineRequest> = {},
): EngineRequest {
  const method = name.slice("kv.".length);
  return request(name, args, perform, {
    send: (store) => ((store as Store).kv as unknown as Methods)[method]!(...args),
    ...rest,
  });
}
