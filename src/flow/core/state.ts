/**
 * Everything that commands look at.
 *
 * @module
 */
import { type Hash64, sipHash24, type SipKey } from "../../codec/mod.ts";
import {
  CopiedMap,
  DueIndex,
  type DueSelection,
  KeyIndex,
  LineageIndex,
  StateIndex,
} from "../../index/mod.ts";
import { InvariantError } from "../../invariant.ts";
import { ColdFlows } from "./cold/cold_flows.ts";
import type { ColdRecords } from "./cold/cold_records.ts";
import type { ClaimFilter } from "./command.ts";
import { RequestText } from "./digest.ts";
import type { ClosingView } from "./families/closing.ts";
import type { Group } from "./families/group.ts";
import { Mailbox } from "./families/mailbox.ts";
import type { Flow } from "./flow.ts";
import { FlowKeys, type KeyedHash } from "./flow_key.ts";
import { KeyVersions } from "./key_versions.ts";
import type { StoredPolicy } from "./policy_resolution.ts";
import { Dictionary } from "./table/dictionary.ts";
import type { FlowTable } from "./table/flow_table.ts";
import { NascentFlows } from "./table/nascent_flows.ts";
import { PackedTable } from "./table/table.ts";
import type { NamedValues } from "./values/named_values.ts";
import { ValueLinks } from "./values/value_links.ts";

/** Named values of a flow: the next control block of their command brings them. */
export interface ListedValues {
  /** The list. */
  readonly values: NamedValues;
  /** The LSN of the record that has it. */
  readonly lsn: number;
}

/** Groups of a flow: the next control block of their command brings them. */
export interface ChangedGroups {
  /** The groups, each as it is after the command. */
  readonly groups: Group[];
  /** The LSN of the record that has the last of them. */
  readonly lsn: number;
}

/** Policies by type, each with the LSN of the record that set it. */
export type Policies = Map<string, StoredPolicy & { readonly lsn: number }>;

/**
 * The flows, policies, names and keys of one shard, with the orders over them. Only `evolve()` changes
 * what is in it.
 */
export class FlowState implements ClosingView {
  /** Gives requests their digests. */
  readonly hash: KeyedHash;
  /** Where the text of a request is written that gets a digest. */
  readonly requestText: RequestText = new RequestText();
  /** Every fencing number that is given away is above this. */
  readonly fencingFloor: number;
  /** What the LSNs of keys are to callers. */
  readonly versions: KeyVersions;
  /** Gives flows their keys. */
  readonly keys: FlowKeys;
  /** The names of types and states. */
  readonly dictionary: Dictionary = new Dictionary();
  /** The flows. */
  readonly table: FlowTable;
  /** Those of them that memory knows in short. */
  readonly cold: ColdFlows;
  /** The policies by type, with the LSNs that set them. The first shard of a store has them. */
  readonly policies: Policies;
  /** The flows that have a due time, by due time. */
  readonly due: DueIndex;
  /** The flows that have ended, by the end of their retention. */
  readonly retention: DueIndex;
  /** All flows, by state and last change. */
  readonly states: StateIndex;
  /** The keys of `kv`. */
  readonly kv: KeyIndex = new KeyIndex();
  /** The flows that have a parent, by its id. */
  readonly byParent: LineageIndex;
  /** The flows that have another flow as their first ancestor, by its id. */
  readonly byRoot: LineageIndex;
  /** The flows that have a correlation id, by it. */
  readonly byCorrelation: LineageIndex;
  /** The flows that were spawned into a group and have not ended, by its number. */
  readonly openChildren: CopiedMap<number, Set<number>> = new CopiedMap();
  /** The groups whose open children count as cancelled. Mostly none. */
  readonly closings: Set<number> = new Set();
  /** How far the shard has come with what it tells others, and with what others tell it. */
  readonly mail: Mailbox = new Mailbox();
  /** The values that flows refer to which did not bring them. */
  readonly links: ValueLinks;
  /** The signals that flows have had under a key. */
  readonly signals: CopiedMap<string, Map<string, Hash64>> = new CopiedMap();
  /** Flows in the middle of their creation. Empty between commands. */
  readonly nascent: NascentFlows = new NascentFlows();
  /** Lists of named values that no control block refers to yet. Empty between commands. */
  readonly listed: Map<string, ListedValues> = new Map();
  /** Groups that no control block has brought yet, by packed key. Empty between commands. */
  readonly grouped: Map<string, ChangedGroups> = new Map();
  /** How often a flow has been taken into a group that was there before: its last change stays. */
  adoptedCount = 0;
  #changedTypes = new Set<string>();
  /** The type that was added to them last. */
  #lastChangedType: string | undefined;

  /**
   * An empty state.
   *
   * @param hash Gives flows their keys; the same for the whole life of a store.
   */
  constructor(hash: KeyedHash, options: Omit<FlowStateOptions, "hashKey"> = {}) {
    const { policies = new Map(), fencingFloor = 0, shard = 0, records = NO_RECORDS } = options;
    this.versions = new KeyVersions(options.forks);
    this.hash = hash;
    this.policies = policies;
    this.fencingFloor = fencingFloor;
    this.links = new ValueLinks(shard);
    this.keys = new FlowKeys(hash);
    this.cold = new ColdFlows(records);
    const { dictionary, keys, cold } = this;
    this.table = new PackedTable({ dictionary, keys, cold });
    this.due = new DueIndex(this.table);
    this.retention = new DueIndex(this.table);
    this.states = new StateIndex(this.table);
    this.byParent = new LineageIndex(this.table);
    this.byRoot = new LineageIndex(this.table);
    this.byCorrelation = new LineageIndex(this.table);
  }

  get hasClosings(): boolean {
    return this.closings.size > 0;
  }

  isClosing(group: number): boolean {
    return this.closings.has(group);
  }

  recorded(partitionKey: string, id: string): Flow | undefined {
    return this.table.find(partitionKey, id);
  }

  /**
   * Whether the flows that a claim could take are at hand by partition. If not, some more of them are
   * afterwards: ask again, after others had their turn. Until then a claim is a long task.
   *
   * @param steps See `DueIndex.divide()`.
   */
  prepare(filter: ClaimFilter, steps?: number): boolean {
    return this.due.divide(dueSelection(filter), steps);
  }

  /** When the next flow that a claim could take is due, or was; `Infinity` if there is none. */
  nextDueMs(filter: ClaimFilter): number {
    return this.due.earliestMs(dueSelection(filter));
  }

  /** Yields the flows whose retention is over at an instant, the one first that is over longest. */
  forgotten(nowMs: number): Generator<number> {
    return this.retention.walkByTime(ALL_ENDED, nowMs);
  }

  /** Whether there are flows whose retention is over. */
  hasForgotten(nowMs: number): boolean {
    return this.retention.earliestMs(ALL_ENDED) <= nowMs;
  }

  /** When the next flow or key is to go, or was; `Infinity` if none is. */
  nextForgottenMs(): number {
    return Math.min(this.retention.earliestMs(ALL_ENDED), this.kv.nextOverMs());
  }

  /** Notes that a flow of a type changed. */
  markChanged(type: string): void {
    if (type === this.#lastChangedType) return;
    this.#lastChangedType = type;
    this.#changedTypes.add(type);
  }

  /** The types of which flows changed since the last time that somebody asked. */
  takeChangedTypes(): ReadonlySet<string> {
    const changed = this.#changedTypes;
    if (changed.size > 0) this.#changedTypes = new Set();
    this.#lastChangedType = undefined;
    return changed;
  }
}

/** The whole index of retentions, in which nothing has a priority. */
const ALL_ENDED: DueSelection = {
  type: null,
  states: null,
  partitionKeys: null,
  priority: 0,
  waiting: true,
  leased: false,
};

/** The part of the due index that a claim looks at. */
export function dueSelection(filter: ClaimFilter): DueSelection {
  const { type, states, partitionKeys, priority, waiting, expired } = filter;
  return { type, states, partitionKeys, priority, waiting, leased: expired };
}

/** A state whose flows are never cold. */
const NO_RECORDS: ColdRecords = {
  control: (lsn) => nobodyHas(lsn),
  body: (lsn) => nobodyHas(lsn),
  list: (lsn) => nobodyHas(lsn),
};

function nobodyHas(lsn: number): never {
  throw new InvariantError(`Nobody knows where the record with the LSN ${lsn} is`);
}

/** What a state is made with. */
export interface FlowStateOptions {
  /** The same for the whole life of a store. */
  readonly hashKey: SipKey;
  /** The number of the shard. Default 0. */
  readonly shard?: number | undefined;
  /** Policies that are kept elsewhere. Default: they come from this shard's own effects. */
  readonly policies?: Policies | undefined;
  /** Every fencing number that is given away is above this. Default 0. */
  readonly fencingFloor?: number | undefined;
  /** After which LSNs the log went on in another store than before. Default: it always was this one. */
  readonly forks?: readonly number[] | undefined;
  /** Where what memory leaves out of cold flows is read. Default: nowhere, and no flow is cold. */
  readonly records?: ColdRecords | undefined;
}

/** An empty state. */
export function createFlowState({ hashKey, ...options }: FlowStateOptions): FlowState {
  return new FlowState((bytes, length) => sipHash24(hashKey, bytes, length), options);
}
