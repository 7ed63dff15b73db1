/**
 * The flow core and its model, side by side, and a log between its two lives.
 *
 * @module
 */

import { type Flow, toRecord } from "../../../src/flow/core/mod.ts";
import type { FlowRecord } from "../../../src/flow/mod.ts";
import { assert, assertEquals } from "../../assert.ts";
import { CoreFrames } from "../core_frames.ts";
import {
  type Merged,
  mergePieces,
  mergeRun,
  type Merging,
  type Pieces,
  stretchOf,
} from "../core_merge.ts";
import type { Rebuilding } from "../core_mutants.ts";
import { CoreStore, type CoreStoreOptions } from "../core_store.ts";
import { heldBy, type HeldState } from "../held_state.ts";
import { assertIndexed } from "../indexed.ts";
import { assertHistory, assertRecord } from "../model/match.ts";
import { compareIds, Model, type ModelFlow, plainError, takeableMs } from "../model/model.ts";
import { FamilyPair } from "./family_pair.ts";
import { automaticPartition, FlowPair } from "./flow_pair.ts";
import { KvPair } from "./kv_pair.ts";
import { IDS, type Op, PARTITIONS, TYPES } from "./operations.ts";

/** The end of a frame: what both sides have there, to be found again. */
interface Point {
  readonly held: HeldState;
  /** The time of the last command that has written something. */
  readonly wroteAtMs: number;
  /** Brings the model back to it. Good for one time. */
  readonly restore: () => void;
}

/** How a store comes to be opened again. */
export interface Reopening {
  /**
   * So many of the last frames are lost that nobody was promised, and with them what is in no frame
   * yet; undefined: the store was closed properly, and nothing is.
   */
  readonly lostCount: number | undefined;
  /** How far the clock has come meanwhile, in milliseconds; somebody may have set it back. */
  readonly awayMs: number;
}

/** A store and a model that has to agree with it, whatever is done to both. */
export class CorePair {
  readonly store: CoreStore;
  readonly model: Model;
  readonly #frames = new CoreFrames();
  readonly #rebuilding: Rebuilding;
  /** The ends of all frames from the last one on that is safe. */
  #points: Point[];
  readonly #flows: FlowPair;
  readonly #keys: KvPair;
  readonly #families: FamilyPair;
  /** The flows as they were compared last. */
  #compared = new Map<string, string>();

  /**
   * @param endsMax So many ends of descendants one command writes.
   * @param rebuilding What goes wrong when the store is opened again. Default: nothing.
   * @param options Limits of the store, and when flows are cold, unless as usually.
   */
  constructor(
    endsMax: number,
    rebuilding: Rebuilding = {},
    { limits = {}, coolingPlan }: Pick<CoreStoreOptions, "limits" | "coolingPlan"> = {},
  ) {
    this.#rebuilding = rebuilding;
    const commandBytesMax = 4_096 * endsMax;
    this.store = new CoreStore({
      ...{ nowMs: 1_000, limits: { commandBytesMax, ...limits }, coolingPlan },
    });
    this.model = new Model(1_000, { endsMax });
    this.#flows = new FlowPair(this.store, this.model);
    this.#keys = new KvPair(this.store, this.model, assertRecord);
    this.#families = new FamilyPair(
      this.store,
      this.model,
      (store, model) => this.#flows.compare(store, model),
    );
    this.#points = [this.#point()];
  }

  /** Runs one command on both and compares what they say. */
  run(command: Op): void {
    switch (command.op) {
      case "kv":
      case "kv_list":
      case "atomic":
        this.#keys.run(command);
        break;
      case "spawn":
      case "spawn_again":
      case "move":
      case "foundling":
      case "lineage":
        this.#families.run(command);
        break;
      case "advance":
        this.store.nowMs += command.ms;
        this.model.nowMs += command.ms;
        break;
      default:
        this.#flows.run(command);
    }
    this.#compareTouched();
  }

  /** Ends a frame. What has happened in it is kept as a whole, or lost. */
  seal(): void {
    if (!this.#frames.seal(this.store.log, this.store.wroteAtMs)) return;
    this.store.records.cut();
    this.#points.push(this.#point());
  }

  /** Everything that has happened is safe. */
  commit(): void {
    this.seal();
    this.#frames.commit();
    this.#points.splice(0, this.#points.length - 1);
  }

  /** Merges some of the frames that are safe. The store forgets what is not kept. */
  merge({ first, count, mutant }: Merging): Merged | undefined {
    const { safe } = this.#frames;
    if (safe.length === 0) return undefined;
    const start = first % safe.length;
    const run = this.#frames.run(start, count);
    const merged = mergeRun(run, { state: this.store.state, isFirst: start === 0, mutant });
    this.#frames.merge(start, run.length, merged.kept);
    this.store.records.merged(stretchOf(run, merged.kept));
    this.store.records.assertStrung();
    return merged;
  }

  /** Replaces frames that are safe one by one, of which some stay. */
  mergePieces(which: Pieces): Merged {
    const { state } = this.store;
    const { pieces, merged } = mergePieces(this.#frames.safe, { ...which, state });
    for (const [index, kept] of pieces) {
      const frame = this.#frames.safe[index]!;
      this.#frames.replace(index, kept);
      this.store.records.merged(stretchOf([frame], kept));
      this.store.records.assertStrung();
    }
    return merged;
  }

  /** Forgets everything but frames, and finds it again in them. Returns how many records are lost. */
  reopen({ lostCount, awayMs }: Reopening): number {
    if (lostCount === undefined) this.commit();
    const { store, model } = this;
    const lostFrames = this.#frames.lose(lostCount ?? 0);
    const { held, wroteAtMs, restore } = this.#points.at(-1 - lostFrames)!;
    const wallMs = store.nowMs + awayMs;
    const lostRecords = store.log.length - this.#frames.end.lsn;
    if (lostRecords > 0) restore();
    store.open(this.#frames.all, wallMs, this.#rebuilding);
    assertEquals(store.log.length, this.#frames.end.lsn);
    assertEquals(heldBy(store.state), held);
    model.nowMs = Math.max(wallMs, wroteAtMs);
    assertEquals(store.nowMs, model.nowMs);
    model.opened();
    this.#frames.commit();
    this.#points = [this.#point()];
    this.#compared = new Map();
    this.compareAll();
    return lostRecords;
  }

  /** What both sides have now. */
  #point(): Point {
    const { store: { state, wroteAtMs }, model } = this;
    const restores = [model.checkpoint(), this.#keys.checkpoint()];
    return { held: heldBy(state), wroteAtMs, restore: () => restores.forEach((act) => act()) };
  }

  /** Compares the flows that have changed since the last time. */
  #compareTouched(): void {
    const { store, model } = this;
    const compared = new Map<string, string>();
    for (const flow of model.flows) {
      const { id, partitionKey, version, createdAtMs, membership } = flow;
      const name = `${partitionKey} ${id}`;
      const state = `${version} ${createdAtMs} ${membership?.number}`;
      compared.set(name, state);
      if (this.#compared.get(name) === state) continue;
      const found = store.state.table.find(partitionKey, id);
      assert(found !== undefined, `There is no ${name}`);
      assertRecord(toRecord(found), flow);
    }
    assertEquals(store.state.table.size, model.flows.length);
    assertEquals(store.state.closings.size, model.family.closings.length);
    this.#compared = compared;
  }

  /** Compares everything that can be seen. */
  compareAll(): void {
    const { store, model } = this;
    model.closeAll();
    store.close();
    // First of all: whoever asks for cold flows brings them back.
    const takeable = new Map(model.flows.map((flow) => [nameOf(flow), takeableMs(flow)]));
    assertIndexed(store.state, ({ identity }: Flow) => takeable.get(nameOf(identity))!);
    const ids = new Set([...IDS.slice(0, 2), ...model.flows.map(({ id }) => id)]);
    for (const id of ids) {
      for (const partitionKey of [...PARTITIONS, automaticPartition(id)]) {
        const flow = model.visible().find((flow) =>
          flow.id === id && flow.partitionKey === partitionKey
        );
        const record = store.get({ id, partitionKey }, { payload: true, values: true });
        if (flow === undefined) {
          assertEquals(record, null);
          assertEquals(store.history({ id, partitionKey }), []);
          continue;
        }
        assert(record !== null);
        assertRecord(record, flow);
        const held = Object.entries(flow.named).filter(([, { value }]) => value !== undefined);
        const values = Object.fromEntries(held.map(([name, { value }]) => [name, value]));
        assertEquals(record.values ?? {}, values);
        assertEquals([record.payload, record.result, plainError(record.error)], [
          flow.payload,
          flow.result,
          flow.error,
        ]);
        const history = store.history({ id, partitionKey }, { values: true });
        assertHistory(history, model.history(flow));
      }
    }
    for (const type of TYPES) this.#compareQueries(type);
    this.#keys.compareAll();
    this.#families.compareAll();
  }

  #compareQueries(type: string): void {
    const { store, model } = this;
    const flows = model.visible().filter((flow) => flow.type === type);
    const names = (list: readonly { id: string; partitionKey: string }[]) =>
      list.map(({ id, partitionKey }) => `${partitionKey} ${id}`);
    const byChange = (a: ModelFlow, b: ModelFlow) =>
      a.updatedAtMs - b.updatedAtMs || compareIds(a, b);
    assertEquals(names(store.list(type)), names(flows.toSorted(byChange)));
    const running = flows.filter(({ owner }) => owner !== null);
    assertEquals(names(store.list(type, { state: "running" })), names(running.toSorted(byChange)));
    const paged: FlowRecord[] = [];
    let cursor: string | null = null;
    do {
      const page = store.page(type, { count: 2, partitionKey: "p" }, cursor);
      paged.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== null);
    const inP = flows.filter(({ partitionKey }) => partitionKey === "p");
    assertEquals(names(paged), names(inP.toSorted(byChange)));
    const ended = flows.filter(({ state }) => ["completed", "failed", "cancelled"].includes(state))
      .sort(byChange);
    assertEquals(names(store.terminals(type)), names(ended));
    const range = { fromMs: 1_020, toMs: Math.max(1_020, model.nowMs - 1), rev: true, count: 2 };
    const failed = ended.filter(({ state, updatedAtMs }) =>
      state === "failed" && updatedAtMs >= range.fromMs && updatedAtMs <= range.toMs
    );
    assertEquals(names(store.failures(type, range)), names(failed.reverse().slice(0, 2)));
    const stuck = running.filter((flow) => takeableMs(flow) <= model.nowMs);
    assertEquals(
      names(store.stuck(type)),
      names(stuck.toSorted((a, b) => takeableMs(a) - takeableMs(b) || compareIds(a, b))),
    );
    const waiting = flows.filter(({ owner, dueMs }) => owner === null && dueMs !== null);
    const due = waiting.filter(({ dueMs }) => dueMs! <= model.nowMs);
    const info = store.info(type);
    assertEquals(
      [info.running, info.inflight, info.due, info.scheduled, info.oldestDueMs],
      [
        running.length,
        running.length,
        due.length,
        waiting.length - due.length,
        due.length === 0 ? null : Math.min(...due.map(({ dueMs }) => dueMs!)),
      ],
    );
    const states: Record<string, number> = {};
    for (const flow of flows) {
      const state = flow.owner === null ? flow.state : "running";
      states[state] = (states[state] ?? 0) + 1;
    }
    assertEquals(sorted(info.states), sorted(states));
  }
}

function sorted(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1);
}

function nameOf({ id, partitionKey }: Pick<ModelFlow, "id" | "partitionKey">): string {
  return `${partitionKey} ${id}`;
}
