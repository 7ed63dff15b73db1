/**
 * Commands that take effect together.
 *
 * @module
 */

import type { Store } from "../../../src/engine/mod.ts";
import type { AtomicCommands } from "../../../src/flow/mod.ts";
import type { Model, ModelFlow } from "../../flow/model/model.ts";
import { atomic } from "../../flow/model/whole.ts";
import { showFlow, type Shown } from "../flow_view.ts";
import { showChanged } from "../key_view.ts";
import { drawChange } from "./keys.ts";
import { type Dice, drawTime, type EngineRequest, PARTITIONS, request } from "./request.ts";

/** Commands about flows that may stand in it. */
const PARTS: readonly string[] = [
  "create",
  "extendLease",
  "complete",
  "transition",
  "retry",
  "fail",
  "cancel",
  "signal",
];

/** So often the dice are asked for a command that fits. */
const TRIES = 8;

/** One of the commands. */
interface Part {
  /** What it is about, so that no flow and no key is named twice. */
  readonly subject: string;
  readonly told: readonly unknown[];
  /** Says it to the store. */
  collect(tx: AtomicCommands): unknown;
  /** Does it to the model. Returns what it was done to, of which a copy is kept as it is then. */
  perform(model: Model): unknown;
  /** What the answer shows of the copy. */
  show(copy: unknown): Shown;
}

/** Draws commands about flows. */
export type DrawFlow = (dice: Dice, model: Model) => EngineRequest;

/** Draws commands of one partition. */
export function drawAtomic(dice: Dice, model: Model, drawFlow: DrawFlow): EngineRequest {
  const partitionKey = dice.pick(PARTITIONS);
  const drawn = dice.some(
    4,
    () =>
      dice.percent(50)
        ? drawKey(dice, model, partitionKey)
        : drawFlowPart(dice, model, { partitionKey, drawFlow }),
  ).filter((part) => part !== undefined);
  const parts = [...new Map(drawn.map((part) => [part.subject, part])).values()];
  const time = drawTime(dice, model);
  return request(
    "atomic",
    [partitionKey, ...parts.map(({ told }) => told), time],
    (model) => {
      const copies = atomic(model, parts.map(({ perform }) => () => perform(model)));
      return { show: () => parts.map(({ show }, index) => show(copies[index])) };
    },
    {
      itemCount: parts.length,
      send: (store) =>
        (store as Store).atomic(partitionKey, (tx) => {
          for (const { collect } of parts) collect(tx);
        }, time),
    },
  );
}

function drawKey(dice: Dice, model: Model, partitionKey: string): Part {
  const { name, key, rest, perform } = drawChange(dice, model, partitionKey);
  return {
    subject: `key ${key}`,
    told: [name, key, ...rest],
    collect: ({ kv }) =>
      name === "kv.set"
        ? kv.set(key, rest[0], rest[1] as object)
        : kv.delete(key, rest[0] as object),
    perform,
    show: (changed) => showChanged(changed as ReturnType<typeof perform>),
  };
}

/** A command about a flow of the partition, if the dice come up with one. */
function drawFlowPart(
  dice: Dice,
  model: Model,
  { partitionKey, drawFlow }: { readonly partitionKey: string; readonly drawFlow: DrawFlow },
): Part | undefined {
  for (let count = 0; count < TRIES; count++) {
    const { name, given, perform } = drawFlow(dice, model);
    const [named, options = {}] = given as [unknown, Record<string, unknown>];
    const target = typeof named === "string" ? { id: named, ...options } : named;
    const { id, partitionKey: where } = target as { id: string; partitionKey?: string };
    const fits = PARTS.includes(name) && where === partitionKey && !("nowMs" in options);
    // When a flow would have been tried again nobody knows once a later command has ended it.
    if (!fits || (name === "retry" && !("runAtMs" in options))) continue;
    return {
      subject: `flow ${id}`,
      told: [name, ...given],
      collect: (tx) =>
        (tx as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!(
          ...given,
        ),
      perform: (model) => perform(model).flow,
      show: (flow) => showFlow(flow as ModelFlow),
    };
  }
  return undefined;
}
