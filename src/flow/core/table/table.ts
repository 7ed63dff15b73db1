/**
 * Where flows are kept in memory.
 *
 * @module
 */
import type { ByteSpan, StreamReader, StreamWriter } from "../../../codec/mod.ts";
import { HashChains, SlowCopy } from "../../../index/mod.ts";
import type { ColdFlows } from "../cold/cold_flows.ts";
import { seatOf } from "../cold/cold_lane.ts";
import type { Cooled } from "../cold/cooling.ts";
import type { Flow } from "../flow.ts";
import { type FlowKey, type FlowKeys, hashOfKey } from "../flow_key.ts";
import type { Dictionary } from "./dictionary.ts";
import { type Beside, FlowRows } from "./flow_rows.ts";
import type { FlowEntry, FlowTable, Standing } from "./flow_table.ts";
import { IdentityArena, type Ties } from "./identity_arena.ts";
import { sortedBy } from "./radix_sort.ts";
import { RecentFlows } from "./recent_flows.ts";

/** What a table is made of. */
export interface PackedTableParts {
  /** The names of types and states. */
  readonly dictionary: Dictionary;
  /** Makes keys of partitions and ids. */
  readonly keys: FlowKeys;
  /** The flows that have no row. */
  readonly cold: ColdFlows;
}

/** In the place of a handle: any will do. */
const NO_HANDLE = 0xffff_ffff;

/**
 * A table of rows in typed arrays: a flow is about 250 bytes that no collector looks at. A flow that
 * was just claimed is about to be settled, so the last ones are at hand as objects, too.
 */
export class PackedTable implements FlowTable {
  readonly #keys: FlowKeys;
  readonly #cold: ColdFlows;
  readonly #rows: FlowRows;
  readonly #identities: IdentityArena;
  readonly #byKey = new HashChains();
  readonly #byId = new HashChains();
  readonly #recent = new RecentFlows();
  readonly #copy: SlowCopy = new SlowCopy({
    end: () => this.#rows.end,
    // Who has a seat as well is written there.
    changedAt: (handle) =>
      this.#rows.has(handle) && this.#cold.seatOf(handle) === undefined
        ? this.#rows.changedAt(handle)
        : undefined,
  });
  /** A key that was looked for and that no flow has. Every step of a creation looks for it again. */
  #absent: FlowKey | undefined;

  /** An empty table. */
  constructor({ dictionary, keys, cold }: PackedTableParts) {
    this.#keys = keys;
    this.#cold = cold;
    this.#rows = new FlowRows(dictionary);
    this.#identities = new IdentityArena(dictionary);
  }

  get size(): number {
    return this.#byKey.size + this.#cold.size - this.#cold.warmCount;
  }

  get rowCount(): number {
    return this.#byKey.size;
  }

  get(key: FlowKey): Flow | undefined {
    const handle = this.handleOf(key);
    return handle === undefined ? undefined : this.at(handle);
  }

  find(partitionKey: string, id: string): Flow | undefined {
    const recent = this.#recent.find(partitionKey, id);
    if (recent !== undefined) return recent;
    const key = this.#keys.first(partitionKey, id);
    const hash = hashOfKey(key);
    let handle = this.#byKey.first(hash);
    let isHashed = false;
    for (; handle >= 0; handle = this.#byKey.next(handle)) {
      if (this.#byKey.hashOf(handle) !== hash) continue;
      isHashed = true;
      if (this.#identities.matches(this.#rows.identityOf(handle), partitionKey, id)) {
        return this.at(handle);
      }
    }
    const seats = this.#cold.seatsByKey(hash);
    for (const seat of seats) {
      const flow = this.#cold.read(seat);
      const isIt = flow.identity.id === id && flow.identity.partitionKey === partitionKey;
      if (isIt) return this.#warm(seat, flow);
    }
    if (!isHashed && seats.length === 0) this.#absent = key;
    return undefined;
  }

  *findAll(id: string): Generator<Flow> {
    for (const handle of this.handlesWith(id)) yield this.at(handle);
    for (const flow of this.coldWith(id)) yield this.#warm(this.#seatOf(flow.key)!, flow);
  }

  *handlesWith(id: string): Generator<number> {
    const hash = this.#keys.hashOfText(id);
    let handle = this.#byId.first(hash);
    for (; handle >= 0; handle = this.#byId.next(handle)) {
      if (this.#byId.hashOf(handle) !== hash) continue;
      if (this.#identities.hasId(this.#rows.identityOf(handle), id)) yield handle;
    }
  }

  *coldWith(id: string): Generator<Flow> {
    for (const seat of this.#cold.seatsById(this.#keys.hashOfText(id))) {
      const flow = this.#cold.read(seat);
      if (flow.identity.id === id) yield flow;
    }
  }

  isFoundById(handle: number): boolean {
    const id = this.#identities.idOf(this.#rows.identityOf(handle));
    return this.#byId.has(handle) && this.#byId.hashOf(handle) === this.#keys.hashOfText(id);
  }

  peek(key: FlowKey): Flow | undefined {
    const handle = this.#handleOf(key);
    if (handle !== undefined) return this.at(handle);
    const seat = this.#seatOf(key);
    return seat === undefined ? undefined : this.#cold.read(seat);
  }

  has(handle: number): boolean {
    return this.#rows.has(handle);
  }

  at(handle: number): Flow {
    const recent = this.#recent.at(handle);
    if (recent !== undefined) return recent;
    const identity = this.#identities.read(this.#rows.identityOf(handle));
    const flow = this.#rows.read(handle, identity);
    this.#recent.note(handle, flow);
    return flow;
  }

  standing(handle: number): Standing {
    return {
      identity: this.#identities.ties(this.#rows.identityOf(handle)),
      control: this.#rows.controlOf(handle),
    };
  }

  updatedMsOf(handle: number): number {
    return this.#rows.updatedMsOf(handle);
  }

  wakeMsOf(handle: number): number | null {
    return this.#rows.wakeMsOf(handle);
  }

  idOf(handle: number): string {
    return this.#identities.idOf(this.#rows.identityOf(handle));
  }

  partitionOf(handle: number): string {
    return this.#identities.partitionOf(this.#rows.identityOf(handle));
  }

  isIn(handle: number, partitionKey: string): boolean {
    return this.#identities.isIn(this.#rows.identityOf(handle), partitionKey);
  }

  partitionHash(partitionKey: string): number {
    return this.#keys.hashOfText(partitionKey);
  }

  compare(a: number, b: number): number {
    return this.#identities.compare(this.#rows.identityOf(a), this.#rows.identityOf(b));
  }

  rank(handle: number, prefix: Uint8Array): number {
    return this.#identities.rank(this.#rows.identityOf(handle), prefix);
  }

  prefixOf(handles: readonly number[]): Uint8Array {
    return this.#identities.prefixOf(handles.map((handle) => this.#rows.identityOf(handle)));
  }

  add(flow: Flow, body?: ByteSpan): number {
    const handle = this.#rows.add(flow, this.#identities.add(flow, body));
    this.#absent = undefined;
    this.#byKey.add(handle, hashOfKey(flow.key));
    this.#byId.add(handle, this.#keys.hashOfText(flow.identity.id));
    this.#recent.note(handle, flow);
    return handle;
  }

  changes(handle: number): void {
    if (this.#copy.isUnderWay) {
      // Its seat would have been written later, and goes.
      if (this.#cold.isLeft(handle)) this.#copy.copy(handle);
      else this.#copy.changes(handle);
    }
    this.#cold.changed(handle);
  }

  replace(handle: number, flow: Flow): void {
    const rows = this.#rows;
    if (rows.bodyLsnOf(handle) !== flow.bodyLsn) {
      const before = rows.identityOf(handle);
      rows.setIdentity(handle, this.#identities.add(flow));
      this.#identities.delete(before);
    }
    rows.write(handle, flow);
    this.#recent.replace(handle, flow);
  }

  delete(key: FlowKey): void {
    const handle = this.handleOf(key);
    if (handle !== undefined) this.#remove(handle, key);
  }

  #remove(handle: number, key: FlowKey): void {
    this.#recent.delete(handle, key);
    this.#byKey.remove(handle);
    this.#byId.remove(handle);
    this.#identities.delete(this.#rows.identityOf(handle));
    this.#rows.delete(handle);
  }

  handleOf(key: FlowKey): number | undefined {
    const handle = this.#handleOf(key);
    if (handle !== undefined || key === this.#absent) return handle;
    const seat = this.#seatOf(key);
    if (seat !== undefined) return this.warm(seat);
    this.#absent = key;
    return undefined;
  }

  warm(seat: number): number {
    const known = this.#handleOf(this.#cold.keyOf(seat));
    if (known !== undefined) return known;
    const handle = this.add(this.#cold.read(seat));
    this.#cold.warmed(seat, handle);
    return handle;
  }

  briefOf(handle: number): Cooled | undefined {
    const rows = this.#rows;
    const block = rows.identityOf(handle);
    const ties = this.#identities.ties(block);
    const { lease, state } = rows.controlOf(handle);
    if (lease !== null || rows.hasGroups(handle) || !hasNoTies(ties)) return undefined;
    return {
      kind: { type: ties.type, state },
      brief: {
        key: rows.keyOf(handle),
        idHash: this.#byId.hashOf(handle),
        partitionHash: this.#keys.hashOfText(this.#identities.partitionOf(block)),
        lsn: rows.lsnOf(handle),
        bodyLsn: rows.bodyLsnOf(handle),
        wakeMs: rows.wakeMsOf(handle),
      },
    };
  }

  cool(handle: number, cooled?: Cooled): void {
    if (cooled === undefined) this.#cold.cooled(handle);
    else this.#copy.changes(handle);
    const key = this.#rows.keyOf(handle);
    this.#remove(handle, key);
    if (cooled !== undefined) this.#cold.add(cooled.kind, cooled.brief);
  }

  lsnOf(handle: number): number {
    return this.#rows.lsnOf(handle);
  }

  #handleOf(key: FlowKey): number | undefined {
    const recent = this.#recent.handleOf(key);
    if (recent >= 0) return recent;
    if (key === this.#absent) return undefined;
    const hash = hashOfKey(key);
    let handle = this.#byKey.first(hash);
    for (; handle >= 0; handle = this.#byKey.next(handle)) {
      // The hash first: rows are far apart in memory.
      if (this.#byKey.hashOf(handle) === hash && this.#rows.isAt(handle, key)) return handle;
    }
    return undefined;
  }

  /** The seat of a flow that has no row. */
  #seatOf(key: FlowKey): number | undefined {
    for (const seat of this.#cold.seatsByKey(hashOfKey(key))) {
      if (this.#cold.isAt(seat, key)) return seat;
    }
    return undefined;
  }

  #warm(seat: number, flow: Flow): Flow {
    this.#cold.warmed(seat, this.add(flow));
    return flow;
  }

  *handles(): Generator<number> {
    for (let handle = 0; handle < this.#rows.end; handle++) {
      if (this.#rows.has(handle)) yield handle;
    }
  }

  *[Symbol.iterator](): Iterator<Flow> {
    for (const entry of this.entries()) yield entry.read();
  }

  *entries(): Generator<FlowEntry> {
    for (const handle of this.handles()) {
      yield { lsn: this.lsnOf(handle), read: () => this.at(handle) };
    }
    for (const { at } of this.#cold.seats()) {
      if (at.block.isWarm(at.place)) continue;
      yield { lsn: at.block.lsnOf(at.place), read: () => this.#cold.read(seatOf(at)) };
    }
  }

  save(stream: StreamWriter, lsn: number): Generator<void> {
    stream.u32(this.#rows.end);
    stream.u32(this.#byKey.size);
    stream.u32(this.#identities.fixedBytes);
    return this.#copy.take(lsn, (handle) => this.#save(stream, handle));
  }

  load(stream: StreamReader): Uint32Array {
    const rows = this.#rows;
    rows.reserve(stream.u32());
    const count = stream.u32();
    this.#identities.fixedBytes = stream.u32();
    this.#byKey.reserve(count);
    this.#byId.reserve(count);
    const handles: number[] = [];
    while (!stream.isAtEnd) handles.push(this.#load(stream));
    rows.freeRest();
    return sortedBy(Uint32Array.from(handles), (handle) => rows.lsnOf(handle));
  }

  #save(stream: StreamWriter, handle: number): void {
    const { row, beside } = this.#rows.save(handle);
    const identity = this.#identities.save(this.#rows.identityOf(handle));
    // Another flow may have had its handle when that was written. Nobody refers to a flow with a seat.
    stream.u32(this.#cold.seatOf(handle) === undefined ? handle : NO_HANDLE);
    stream.u32(identity.length);
    stream.u32(this.#byId.hashOf(handle));
    stream.u32(beside === null ? 0 : 1);
    stream.raw(row);
    stream.raw(identity);
    if (beside !== null) stream.json(beside);
  }

  #load(stream: StreamReader): number {
    const saved = stream.u32();
    const length = stream.u32();
    const hashOfId = stream.u32();
    const hasBeside = stream.u32() === 1;
    const handle = saved === NO_HANDLE ? this.#rows.end : saved;
    this.#rows.load(handle, stream);
    const block = this.#identities.load(stream, length);
    this.#rows.complete(handle, block, hasBeside ? stream.json<Beside>() : null);
    this.#byKey.add(handle, hashOfKey(this.#rows.keyOf(handle)));
    this.#byId.add(handle, hashOfId);
    return handle;
  }
}

function hasNoTies({ parentFlowId, rootFlowId, correlationId, membership }: Ties): boolean {
  return parentFlowId === null && rootFlowId === null && correlationId === null &&
    membership === null;
}
