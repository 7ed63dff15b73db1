/**
 * Where flows are found, whatever memory has of them.
 *
 * @module
 */
import type { ByteSpan, StreamReader, StreamWriter } from "../../../codec/mod.ts";
import type { Members } from "../../../index/mod.ts";
import type { Cooled } from "../cold/cooling.ts";
import type { Control, Flow } from "../flow.ts";
import type { FlowKey } from "../flow_key.ts";
import type { Ties } from "./identity_arena.ts";

/**
 * All flows. What it gives out is a snapshot: it may be made on demand, so nobody relies on getting
 * the same object twice.
 */
export interface FlowTable extends Members {
  /** How many flows there are. */
  readonly size: number;
  /** How many of them have a row, and so a handle. The others are cold. */
  readonly rowCount: number;
  /** The flow with a key. */
  get(key: FlowKey): Flow | undefined;
  /** The flow with an identity. */
  find(partitionKey: string, id: string): Flow | undefined;
  /** The flows with an id, in whatever partitions: very many, perhaps. Nothing may change meanwhile. */
  findAll(id: string): Iterable<Flow>;
  /** The handles of those of them that have one. */
  handlesWith(id: string): Iterable<number>;
  /** The others, read: they stay cold. */
  coldWith(id: string): Iterable<Flow>;
  /** Whether a flow with a handle is among those that are found by its id. */
  isFoundById(handle: number): boolean;
  /** The flow with a key, for somebody who only looks: a cold one stays cold. */
  peek(key: FlowKey): Flow | undefined;
  /** Whether a flow has a handle. */
  has(handle: number): boolean;
  /** The flow with a handle. */
  at(handle: number): Flow;
  /** Whether the flow with a handle is in a partition. */
  isIn(handle: number, partitionKey: string): boolean;
  /** What decides where the flow with a handle stands in indexes. */
  standing(handle: number): Standing;
  /** When the flow with a handle last changed. */
  updatedMsOf(handle: number): number;
  /** When something happens to the flow with a handle by itself; null: never. */
  wakeMsOf(handle: number): number | null;
  /**
   * Adds a flow whose key is new. Returns its handle, which stays the same for life.
   *
   * @param body What its BODY record says, if that is at hand.
   */
  add(flow: Flow, body?: ByteSpan): number;
  /** The flow with a handle is about to change or to go: it gives up its seat. */
  changes(handle: number): void;
  /** Replaces the flow with a handle by what has become of it. */
  replace(handle: number, flow: Flow): void;
  /** Removes a flow. Its handle may be given to another one. */
  delete(key: FlowKey): void;
  /** The handle of a flow. A cold one is brought back for it. */
  handleOf(key: FlowKey): number | undefined;
  /** Brings the flow in a seat back, if it is not there. Returns its handle. */
  warm(seat: number): number;
  /** What is kept of a flow that becomes cold; undefined: it has what does not go into a seat. */
  briefOf(handle: number): Cooled | undefined;
  /** Lets a flow be cold, in a new seat, or in the one that it has. It is in no index any more. */
  cool(handle: number, cooled?: Cooled): void;
  /** The LSN of the control block of a flow. */
  lsnOf(handle: number): number;
  /** The handles of all flows that have one, in no order. */
  handles(): Iterable<number>;
  /** All flows, in no order. They may change meanwhile: one that is added may be missed then. */
  [Symbol.iterator](): Iterator<Flow>;
  /** The same for somebody who goes on if one of them cannot be read. */
  entries(): Generator<FlowEntry>;
  /**
   * Writes the flows that have no seat as they are now, some in each step; see `Saving`. Of those that
   * have one it writes what changes before their seat was written: the seats come first.
   *
   * @param lsn The newest record that there is.
   */
  save(stream: StreamWriter, lsn: number): Generator<void>;
  /**
   * Reads flows; there are none yet. Those that had no seat have the handle that they had. Returns
   * the handles of all in the order of their last change.
   */
  load(stream: StreamReader): Uint32Array;
}

/** A flow that may still have to be read. */
export interface FlowEntry {
  /** The LSN of its control block. */
  readonly lsn: number;
  /** Reads it, before anything changes. Throws if that is not possible. */
  read(): Flow;
}

/** What indexes want of a flow. */
export interface Standing {
  /** What it has in common with others for life. */
  readonly identity: Ties;
  /** What it is now. */
  readonly control: Control;
}
