/**
 * All that a state knows, as bytes: what opening a store makes of the log.
 *
 * It is not part of the format of a store. Another version of the code may write it in another way:
 * then the log is read, which says the same.
 *
 * @module
 */
import { invariant } from "../../invariant.ts";
import type { Hash64, StreamReader, StreamWriter } from "../../codec/mod.ts";
import type { IndexedKey } from "../../index/mod.ts";
import { place } from "./evolve.ts";
import type { SavedMail } from "./mailbox.ts";
import type { StoredPolicy } from "./policy_resolution.ts";
import type { FlowState } from "./state.ts";

/** Goes up with every change of what is written here, or of what it is made of. */
export const CHECKPOINT_VERSION = 4;

/** So many things stand in one piece of JSON. */
const PIECE_COUNT = 1_000;

/** What a state has besides flows, keys, links and signals. */
interface Little {
  readonly names: readonly string[];
  readonly policies: readonly (readonly [string, StoredPolicy & { readonly lsn: number }])[];
  readonly closings: readonly number[];
  readonly mail: SavedMail;
}

/** The signals of a flow. */
type Signals = readonly [flow: string, signals: readonly (readonly [string, Hash64])[]];

/** The open children of a group, by their places among all flows. */
type OpenChildren = readonly [group: number, children: readonly number[]];

/** Writes a state, which no command is in the middle of changing. */
export function saveState(state: FlowState, stream: StreamWriter): void {
  const { nascent, listed, grouped } = state;
  invariant(nascent.size + listed.size + grouped.size === 0, "A command is whole or not there");
  const little: Little = {
    names: namesOf(state),
    policies: [...state.policies],
    closings: [...state.closings],
    mail: state.mail.save(),
  };
  stream.json(little);
  state.links.save(stream);
  savePieces(stream, keysOf(state));
  savePieces(stream, signalsOf(state));
  savePieces(stream, openChildrenOf(state, state.table.save(stream)));
  state.cold.save(stream);
}

/** Reads a state; it is empty. Those of other shards than the first have their policies already. */
export function loadState(state: FlowState, stream: StreamReader, isFirst: boolean): void {
  const little = stream.json<Little>();
  for (const [index, name] of little.names.entries()) {
    state.dictionary.add(index + 1, name);
    // Whoever waits for flows of a type looks again, as after reading the log.
    state.markChanged(name);
  }
  for (const [type, policy] of isFirst ? little.policies : []) state.policies.set(type, policy);
  for (const group of little.closings) state.closings.add(group);
  state.mail.load(little.mail);
  state.links.load(stream);
  for (const key of loadPieces<IndexedKey>(stream)) state.kv.set(key);
  for (const [flow, signals] of loadPieces<Signals>(stream)) {
    state.signals.set(flow, new Map(signals));
  }
  const { table } = state;
  const handles: number[] = [];
  for (const handle of table.load(stream)) {
    place(state, handle, table.standing(handle));
    handles.push(handle);
  }
  // Children end in the order in which they came into their group.
  for (const [group, children] of loadPieces<OpenChildren>(stream)) {
    state.openChildren.set(group, new Set(children.map((index) => handles[index]!)));
  }
  state.cold.load(stream);
}

function namesOf({ dictionary }: FlowState): string[] {
  return Array.from({ length: dictionary.nextId - 1 }, (_, index) => dictionary.nameOf(index + 1)!);
}

function* keysOf({ kv }: FlowState): Generator<IndexedKey> {
  for (const { key } of kv.members()) yield key;
}

/** The groups with open children, which are named by their places among the handles. */
function* openChildrenOf(
  { openChildren }: FlowState,
  handles: readonly number[],
): Generator<OpenChildren> {
  if (openChildren.size === 0) return;
  const places = new Map(handles.map((handle, place) => [handle, place]));
  for (const [group, children] of openChildren) {
    yield [group, [...children].map((handle) => places.get(handle)!)];
  }
}

function* signalsOf({ signals }: FlowState): Generator<Signals> {
  for (const [flow, remembered] of signals) yield [flow, [...remembered]];
}

/** Writes things a thousand at a time: all of them might be more than a text can hold. */
function savePieces(stream: StreamWriter, things: Iterable<unknown>): void {
  let piece: unknown[] = [];
  for (const thing of things) {
    piece.push(thing);
    if (piece.length < PIECE_COUNT) continue;
    stream.json(piece);
    piece = [];
  }
  stream.json(piece);
}

function* loadPieces<Thing>(stream: StreamReader): Generator<Thing> {
  while (true) {
    const piece = stream.json<Thing[]>();
    yield* piece;
    if (piece.length < PIECE_COUNT) return;
  }
}
