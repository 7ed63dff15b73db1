/**
 * Commands of the model that are about flows and keys alike.
 *
 * @module
 */

import { compareIds, type Model, type ModelFlow } from "./model.ts";
import { AtomicRefusal, Refusal } from "./refusal.ts";

/** What a cleanup removed. */
export interface ModelCleanup {
  readonly flows: number;
  readonly history: number;
  readonly values: number;
  readonly keys: number;
}

/** Forgets flows and keys for good whose time is over, those first that are over longest. */
export function cleanup(model: Model, limit: number): ModelCleanup {
  const isOver = ({ untilMs }: { readonly untilMs: number | null }) =>
    untilMs !== null && untilMs <= model.nowMs;
  const flows = model.flows.filter(isOver)
    .sort((a, b) => a.untilMs! - b.untilMs! || compareIds(a, b));
  const keys = model.kv.keys.filter(isOver)
    .sort((a, b) => a.untilMs! - b.untilMs! || a.version! - b.version!);
  const over = [...flows, ...keys].sort((a, b) => a.untilMs! - b.untilMs!).slice(0, limit);
  const gone = flows.filter((flow) => over.includes(flow));
  model.flows = model.flows.filter((flow) => !over.includes(flow));
  model.kv.keys = model.kv.keys.filter((key) => !over.includes(key));
  return {
    flows: gone.length,
    history: gone.reduce(
      (sum, { history, historyMaxEvents }) => sum + Math.min(history.length, historyMaxEvents),
      0,
    ),
    values: gone.reduce((sum, { values }) => sum + values, 0),
    keys: over.length - gone.length,
  };
}

/** Commands that take effect together, all of them or nothing. What each of them shows stays. */
export function atomic<Shown>(model: Model, steps: readonly (() => Shown)[]): Shown[] {
  const restore = model.snapshot();
  const { keys } = model.kv;
  return steps.map((step, index) => {
    try {
      const shown = step();
      model.family.settle();
      // The next change makes another key, but changes the same flow.
      return model.flows.includes(shown as ModelFlow) ? { ...shown } : shown;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      restore();
      model.kv.keys = keys;
      throw new AtomicRefusal(error.code, index);
    }
  });
}
