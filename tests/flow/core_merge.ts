/**
 * Merging frames of a {@linkcode CoreStore}, right and wrong.
 *
 * @module
 */

import { sipHash24 } from "../../src/codec/mod.ts";
import { Lives } from "../../src/flow/core/merge/lives.ts";
import { Stretches } from "../../src/flow/core/merge/stretches.ts";
import {
  type Beyond,
  beyondRuns,
  decodeEffect,
  type Effect,
  type FlowState,
  type Gist,
  GistReader,
  type Stretch,
  Survivors,
  type SurvivorsOptions,
} from "../../src/flow/core/mod.ts";
import { decodeRecord, type LogRecord } from "../../src/log/format/record.ts";
import { type CoreFrame, CoreFrames, recordsIn } from "./core_frames.ts";
import type { Logged, MergedStretch } from "./core_log.ts";
import { CoreStore, type CoreStoreOptions } from "./core_store.ts";

/** Which frames are merged. */
export interface Merging {
  /** The first of them; it is taken modulo how many there are. */
  readonly first: number;
  /** How many, at most. */
  readonly count: number;
  /** What goes wrong. Default: nothing. */
  readonly mutant?: MergeMutant | undefined;
}

/** Which frames are replaced one by one. */
export interface Pieces {
  /** A bit for each: whether it stays where it is. More frames begin again with the first bit. */
  readonly stayBits: number;
  /** So many of the others are replaced, from the newest on; then the process ends. */
  readonly doneCount: number;
  /** What goes wrong. Default: nothing. */
  readonly mutant?: MergeMutant | undefined;
}

/** What a merge has done. */
export interface Merged {
  readonly kept: readonly Logged[];
  readonly dropped: ReadonlySet<number>;
}

/** What goes wrong when frames are merged. */
export interface MergeMutant {
  /** What it takes for given. */
  readonly options?: (options: SurvivorsOptions) => SurvivorsOptions;
  /** What it takes a record for. */
  readonly note?: (gist: Gist) => Gist;
  /** Whether it forgets a record that is to be kept. */
  readonly forgets?: (gist: Gist) => boolean;
  /** What it does instead of something else: methods of classes that are its own. */
  readonly methods?: readonly (readonly [prototype: object, methods: object])[];
}

/** Merges frames, one after the other, of the log of a state. */
export function mergeRun(
  run: readonly CoreFrame[],
  { state, isFirst, stretches, mutant = {} }: {
    readonly state: FlowState;
    readonly isFirst: boolean;
    readonly stretches?: readonly Stretch[];
    readonly mutant?: MergeMutant | undefined;
  },
): Merged {
  using _mistake = replaced(mutant.methods ?? []);
  const records = run.flatMap((frame) => [...recordsIn(frame)]);
  const gists = new GistReader();
  const gistOf = (record: LogRecord): Gist =>
    gists.of({ ...record, start: 0, end: record.bytes.length }, state.dictionary);
  const timeMs = Math.max(...run.map((frame) => frame.timeMs));
  const beyond = beyondRuns({ shard: 0, states: () => [state] });
  const options = { isFirst, timeMs, beyond, stretches };
  const survivors = new Survivors(mutant.options?.(options) ?? options);
  for (const record of records) {
    const gist = gistOf(record);
    survivors.note(mutant.note?.(gist) ?? gist, record.lsn);
  }
  for (const record of records) survivors.choose(gistOf(record), record.lsn);
  const kept: Logged[] = [];
  const dropped = new Set<number>();
  for (const record of records) {
    const { lsn, bytes } = record;
    const isKept = survivors.keeps(lsn) && !(mutant.forgets?.(gistOf(record)) ?? false);
    if (isKept) kept.push({ lsn, bytes });
    else dropped.add(lsn);
  }
  return { kept, dropped };
}

/** Replaces methods, until it is disposed of. */
function replaced(methods: NonNullable<MergeMutant["methods"]>): Disposable {
  const before = methods.map(([prototype, own]) =>
    [
      prototype,
      Object.fromEntries(
        Object.keys(own).map((name) => [name, Reflect.get(prototype, name)]),
      ),
    ] as const
  );
  for (const [prototype, own] of methods) Object.assign(prototype, own);
  return {
    [Symbol.dispose]: () => {
      for (const [prototype, own] of before) Object.assign(prototype, own);
    },
  };
}

/** What becomes of the records of frames of which some are kept. */
export function stretchOf(run: readonly CoreFrame[], kept: readonly Logged[]): MergedStretch {
  const lsns = new Set(kept.map(({ lsn }) => lsn));
  return {
    baseLsn: run[0]!.base.lsn,
    lastLsn: run.at(-1)!.end.lsn,
    keeps: (lsn) => lsns.has(lsn),
  };
}

/** What becomes of frames of a log of which some stay: of the others those that are replaced. */
export function mergePieces(
  run: readonly CoreFrame[],
  { state, stayBits, doneCount, mutant }: Pieces & { readonly state: FlowState },
): { readonly pieces: ReadonlyMap<number, readonly Logged[]>; readonly merged: Merged } {
  const isPiece = (index: number): boolean => (stayBits >>> (index % 31) & 1) === 0;
  const frameOf = (lsn: number): number => run.findIndex(({ end }) => lsn <= end.lsn);
  const stretches = run.map(({ end }, index) => ({ lastLsn: end.lsn, stays: !isPiece(index) }));
  const all = mergeRun(run, { ...{ state, isFirst: true, stretches, mutant } });
  const done = [...run.keys()].filter(isPiece).reverse().slice(0, doneCount);
  const isDone = (lsn: number): boolean => done.includes(frameOf(lsn));
  const dropped = new Set([...all.dropped].filter(isDone));
  const kept = (index: number): Logged[] => all.kept.filter(({ lsn }) => frameOf(lsn) === index);
  return {
    pieces: new Map(done.map((index) => [index, kept(index)])),
    merged: { ...all, dropped },
  };
}

/** Forgets records of a kind. */
function without(kind: Effect["kind"]): MergeMutant {
  return { forgets: (gist) => gist.kind === kind };
}

function withBeyond(change: Partial<Beyond>): MergeMutant {
  return { options: (options) => ({ ...options, beyond: { ...options.beyond, ...change } }) };
}

/** Every one has to be noticed. */
export const mergeMutants: Readonly<Record<string, MergeMutant>> = {
  tombstoneDroppedEarly: without("del"),
  keyTombstoneDroppedEarly: without("kv_del"),
  everyRunIsFirst: { options: (options) => ({ ...options, isFirst: true }) },
  liveValueDropped: { forgets: (gist) => gist.kind === "value" && gist.key !== null },
  sharedValueDropped: { forgets: (gist) => gist.kind === "value" && gist.key === null },
  partDropped: without("value_part"),
  listDropped: without("values"),
  historyDropped: {
    note: (gist) => gist.kind === "body" ? { ...gist, identity: oneEvent } : gist,
  },
  historyOfOthersDropped: withBeyond({ flow: () => ({ bodyLsn: 0, identity: oneEvent }) }),
  birthDropped: {
    forgets: (gist) => gist.kind === "ctrl" && gist.control.version === 1,
  },
  bodyDroppedEarly: without("body"),
  signalForgotten: without("signal_key"),
  groupDropped: without("group"),
  closingDropped: without("closing"),
  policyDropped: without("policy"),
  keyDropped: without("kv"),
  nameDropped: without("dict"),
};

/** What goes wrong if only some of a run are replaced. Every one has to be noticed. */
export const pieceMutants: Readonly<Record<string, MergeMutant>> = {
  nothingStays: withStretches((stretches) => stretches.map((one) => ({ ...one, stays: false }))),
  replacedAsAWhole: withStretches(() => undefined),
  staysOneLater: withStretches((stretches) =>
    stretches.map(({ lastLsn, stays }) => ({ lastLsn: lastLsn + 1, stays }))
  ),
  chainsCut: { methods: [[Stretches.prototype, { baseOf: () => 0 }]] },
  removalDropped: { methods: [[Lives.prototype, { isBorn: () => true }]] },
  pastDropped: { methods: [[Lives.prototype, { isPastThere: () => false }]] },
};

function withStretches(
  change: (stretches: readonly Stretch[]) => readonly Stretch[] | undefined,
): MergeMutant {
  return {
    options: (options) => ({
      ...options,
      stretches: options.stretches && change(options.stretches),
    }),
  };
}

/** Those for which it takes more of a coincidence than a model run meets. */
export const rareMutants = {
  linkedValueDropped: withBeyond({ isLinked: () => false }),
  expiredTooEarly: { options: (options) => ({ ...options, timeMs: options.timeMs + 1 }) },
} as const satisfies Readonly<Record<string, MergeMutant>>;

/** Of what a flow is for life, only how much of its history it keeps is asked for: the newest event. */
const oneEvent = { historyMaxEvents: 1 } as ReturnType<Beyond["flow"]> extends infer Found
  ? Found extends { readonly identity: infer Identity } ? Identity : never
  : never;

/** The LSNs from 1 on of those effects that are kept. */
export function survivors(
  effects: readonly Effect[],
  beyond: Partial<Beyond> = {},
  options: Partial<SurvivorsOptions> = {},
): number[] {
  const survivors = new Survivors({
    isFirst: false,
    timeMs: 1_000,
    beyond: {
      shard: 0,
      hash: (bytes, length) => sipHash24([1, 2, 3, 4], bytes, length),
      flow: () => undefined,
      oldestUnheardLsn: () => Infinity,
      isLinked: () => false,
      linkMark: () => [],
      linkedSince: () => [],
      ...beyond,
    },
    ...options,
  });
  for (const [index, effect] of effects.entries()) survivors.note(effect, index + 1);
  for (const [index, effect] of effects.entries()) survivors.choose(effect, index + 1);
  return effects.map((_, index) => index + 1).filter((lsn) => survivors.keeps(lsn));
}

/** A store, and its log in segments of one frame each, which a test merges. */
export class SegmentedStore {
  readonly store: CoreStore;
  readonly #frames = new CoreFrames();

  constructor(options?: CoreStoreOptions) {
    this.store = new CoreStore(options);
  }

  /** Ends a segment. */
  cut(): void {
    this.#frames.seal(this.store.log, this.store.wroteAtMs);
    this.#frames.commit();
    this.store.records.cut();
  }

  /** Merges segments. Returns what the log holds after it. */
  merge({ first = 0, count = Infinity, mutant }: Partial<Merging> = {}): string[] {
    const { store } = this;
    const { safe } = this.#frames;
    if (safe.length === 0) return [];
    const start = first % safe.length;
    const run = safe.slice(start, start + count);
    const merged = mergeRun(run, { state: store.state, isFirst: start === 0, mutant });
    this.#frames.merge(start, run.length, merged.kept);
    store.records.merged(stretchOf(run, merged.kept));
    return this.kinds();
  }

  /** Replaces segments one by one, but for some. Returns what each segment holds after it. */
  replace(staying: readonly number[] = [], doneCount = Infinity): string[][] {
    const { store } = this;
    const stayBits = staying.reduce((bits, index) => bits | 1 << index, 0);
    const { safe } = this.#frames;
    const { pieces } = mergePieces(safe, { ...{ state: store.state, stayBits, doneCount } });
    for (const [index, kept] of pieces) {
      this.#frames.replace(index, kept);
      store.records.merged(stretchOf([safe[index]!], kept));
    }
    store.records.assertStrung();
    return safe.map(({ base, end }) => this.#kindsOf(base.lsn, end.lsn));
  }

  /** Builds the state of what the log holds. */
  open(): void {
    this.store.open(this.#frames.all, this.store.nowMs);
  }

  /** What the log holds, but for names. */
  kinds(): string[] {
    return this.#kindsOf(0, Infinity);
  }

  #kindsOf(baseLsn: number, lastLsn: number): string[] {
    const { log, state: { dictionary } } = this.store;
    return Object.values(log).filter(({ lsn }) => lsn > baseLsn && lsn <= lastLsn)
      .map(({ lsn, bytes }) => decodeEffect(decodeRecord(bytes, lsn), dictionary).kind)
      .filter((kind) => kind !== "dict");
  }

  /** Bytes of what the log holds. */
  bytes(): number {
    return Object.values(this.store.log).reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}
