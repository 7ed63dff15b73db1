/**
 * Everything that was decided, in order, so that the model can be brought to any point of it.
 *
 * @module
 */

import { type FlowState, toRecord } from "../../../src/flow/core/mod.ts";
import type { ModelOptions } from "../../flow/model/family.ts";
import type { ModelKeyName } from "../../flow/model/kv.ts";
import { Model, type ModelFlow } from "../../flow/model/model.ts";
import { Refusal } from "../../flow/model/refusal.ts";
import { Violation } from "../log_oracle.ts";
import type { EngineRequest, ModelAnswer } from "./request.ts";

/** One end of a descendant in every command: what its limits leave room for. */
const ENDS: ModelOptions = { endsMax: 1 };

/** What the model cannot know and takes from the store. */
interface Adopted {
  readonly id: string;
  readonly partitionKey: string;
  readonly token: string | null;
  readonly dueMs: number | null;
}

/** The version of a key, which is the store's to choose. */
interface AdoptedVersion extends ModelKeyName {
  readonly version: number;
}

/** One decision that changed something, or an opening. */
interface Entry {
  readonly nowMs: number;
  /** The time that was written down with it, 0 if nothing was. */
  readonly wroteAtMs: number;
  /** The newest LSN after it; 0 if no crash takes it back. */
  readonly lastLsn: number;
  /** The flows it changed. */
  readonly changed: readonly string[];
  readonly adopted: readonly Adopted[];
  /** The versions of the keys that it set. */
  readonly versions: readonly AdoptedVersion[];
  /** Does it to the model. */
  perform(model: Model): unknown;
}

/** What the model said to a request. */
export type ModelSaid =
  | { readonly ok: true; readonly answer: ModelAnswer }
  | { readonly ok: false; readonly refusal: Refusal };

/** Finds what the store has. */
export interface Found {
  readonly table: Pick<FlowState["table"], "find">;
  readonly kv: Pick<FlowState["kv"], "find">;
}

/** A request that was decided by the store. */
export interface Decided {
  readonly request: EngineRequest;
  /** Shard time of the decision. */
  readonly nowMs: number;
  /** The newest LSN before the decision. */
  readonly baseLsn: number;
  /** The newest LSN after the decision. */
  readonly lastLsn: number;
  /** Where the store is now. */
  readonly state: Found;
}

/** The model, and how it came to be. */
export class EngineJournal {
  readonly #options: ModelOptions;
  #entries: Entry[] = [];
  #model: Model;
  #timeMs = 0;

  constructor(options: ModelOptions = ENDS) {
    this.#options = options;
    this.#model = new Model(0, options);
  }

  /** The model after everything that was decided. */
  get model(): Model {
    return this.#model;
  }

  /** What the model says to a request that the store has just decided. */
  decide({ request, nowMs, baseLsn, lastLsn, state }: Decided): ModelSaid {
    const model = this.#model;
    this.#checkTime(nowMs);
    model.nowMs = nowMs;
    const before = flowVersions(model);
    let answer: ModelAnswer;
    try {
      answer = model.whole(() => request.perform(model));
    } catch (refusal) {
      if (refusal instanceof Refusal) return { ok: false, refusal };
      throw refusal;
    }
    const adopted = model.flows.filter(isIncomplete).map((flow) => adoptable(flow, state));
    adopt(model, adopted);
    const unknown = model.kv.keys.filter(({ version }) => version === null);
    const versions = unknown.map((key) => versionOf(key, state));
    adoptVersions(model, versions);
    const changed = [...flowVersions(model)]
      .filter(([name, version]) => before.get(name) !== version)
      .map(([name]) => name);
    const perform = (model: Model): unknown => model.whole(() => request.perform(model));
    if (lastLsn > baseLsn || changed.length > 0) {
      this.#entries.push({ nowMs, wroteAtMs: nowMs, lastLsn, changed, adopted, versions, perform });
    }
    return { ok: true, answer };
  }

  /** The store was opened. */
  opened(nowMs: number, lastLsn: number): void {
    // Time goes on from what was written down, whatever the clocks of the machine say.
    this.#timeMs = Math.max(0, ...this.#entries.map((entry) => entry.wroteAtMs));
    this.#checkTime(nowMs);
    this.#grant(nowMs, lastLsn, (model) => model.opened());
  }

  /** Time has leapt ahead. What is decided again, or read again, is so after the leap. */
  leapt(nowMs: number): void {
    this.#checkTime(nowMs);
    this.#grant(nowMs, 0, (model) => model.leapt());
  }

  /** Remembers everything. Returns what forgets all that came since, for one time. */
  checkpoint(): () => void {
    const restore = this.#model.checkpoint();
    const [entries, timeMs] = [[...this.#entries], this.#timeMs];
    return () => {
      restore();
      this.#entries = entries;
      this.#timeMs = timeMs;
    };
  }

  #grant(nowMs: number, lastLsn: number, perform: (model: Model) => void): void {
    const nothing = { changed: [], adopted: [], versions: [] };
    this.#entries.push({ nowMs, wroteAtMs: 0, lastLsn, ...nothing, perform });
    this.#model.nowMs = nowMs;
    perform(this.#model);
  }

  #checkTime(nowMs: number): void {
    if (nowMs < this.#timeMs) {
      throw new Violation(`Time went back to ${nowMs} from ${this.#timeMs}`);
    }
    this.#timeMs = nowMs;
  }

  /** The LSN of the last decision that changed a flow, 0 if none is known. */
  changedLsn(flow: ModelFlow): number {
    return this.#entries.findLast(({ changed }) => changed.includes(nameOf(flow)))?.lastLsn ?? 0;
  }

  /** Forgets what was decided beyond an LSN, and brings the model back to where it was. */
  rollBack(lastLsn: number): void {
    this.#entries = this.#entries.filter((entry) => entry.lastLsn <= lastLsn);
    this.#model = new Model(0, this.#options);
    for (const entry of this.#entries) {
      this.#model.nowMs = entry.nowMs;
      entry.perform(this.#model);
      adopt(this.#model, entry.adopted);
      adoptVersions(this.#model, entry.versions);
    }
  }
}

/** A flow as it is known in reports: a re-created one is another one. */
export function nameOf(flow: Pick<ModelFlow, "id" | "partitionKey" | "createdAtMs">): string {
  return `${flow.partitionKey}/${flow.id}@${flow.createdAtMs}`;
}

/** The version of every flow, and the group that it is in, which it may be taken into later. */
function flowVersions(model: Model): Map<string, string> {
  return new Map(model.flows.map((flow) => [
    nameOf(flow),
    `${flow.version} ${flow.membership?.number}`,
  ]));
}

function isIncomplete({ owner, token, dueRange }: ModelFlow): boolean {
  return dueRange !== null || (owner !== null && token === null);
}

function adoptable(flow: ModelFlow, state: Found): Adopted {
  const { id, partitionKey, dueRange, dueMs } = flow;
  const found = state.table.find(partitionKey, id);
  if (found === undefined) throw new Violation(`The store does not have ${nameOf(flow)}`);
  const { leaseToken: token, nextRunAtMs } = toRecord(found);
  if (dueRange === null) return { id, partitionKey, token, dueMs };
  const [minMs, maxMs] = dueRange;
  if (nextRunAtMs === null || nextRunAtMs < minMs || nextRunAtMs > maxMs) {
    throw new Violation(`${nameOf(flow)} is due at ${nextRunAtMs}, not from ${minMs} to ${maxMs}`);
  }
  return { id, partitionKey, token, dueMs: nextRunAtMs };
}

function adopt(model: Model, adopted: readonly Adopted[]): void {
  for (const { id, partitionKey, token, dueMs } of adopted) {
    const flow = model.flows.find((flow) => flow.id === id && flow.partitionKey === partitionKey)!;
    flow.token = token;
    flow.dueMs = dueMs;
    if (flow.dueRange !== null) flow.history.at(-1)!.dueMs = dueMs;
    flow.dueRange = null;
  }
}

function versionOf({ partitionKey, key }: ModelKeyName, state: Found): AdoptedVersion {
  const found = state.kv.find(partitionKey, key);
  if (found === undefined) throw new Violation(`The store does not have the key "${key}"`);
  return { partitionKey, key, version: found.lsn };
}

function adoptVersions(model: Model, versions: readonly AdoptedVersion[]): void {
  for (const { version, ...name } of versions) model.kv.adopt(name, version);
}
