/**
 * All that a state knows, as bytes: what opening a store makes of the log.
 *
 * It is not part of the format of a store. Another version of the code may write it in another way:
 * then the log is read, which says the same.
 *
 * @module
 */
import type { Hash64, StreamReader, StreamWriter } from "../../codec/mod.ts";
import type { IndexedKey } from "../../index/mod.ts";
import { invariant } from "../../invariant.ts";
import { place } from "./evolve.ts";
import type { SavedMail } from "./families/mailbox.ts";
import type { StoredPolicy } from "./policy_resolution.ts";
import type { Saving, StreamsOf } from "./saved.ts";
import type { FlowState } from "./state.ts";

/** Goes up with every change of what is written here, or of what it is made of. */
export const CHECKPOINT_VERSION = 8;

/** The parts of a state. */
const PARTS = { little: 0, links: 1, keys: 2, signals: 3, flows: 4, children: 5, seats: 6 };

/** Numbers below this are for parts of a state. */
export const STATE_PARTS = 16;

/** What a state has besides flows, keys, links and signals. */
interface Little {
  readonly names: readonly string[];
  readonly policies: readonly (readonly [string, StoredPolicy & { readonly lsn: number }])[];
  readonly closings: readonly number[];
  readonly mail: SavedMail;
}

/** The signals of a flow. */
type Signals = readonly [flow: string, signals: readonly (readonly [string, Hash64])[]];

/**
 * Writes a state as it is now; no command is in the middle of changing it.
 *
 * @param lsn The newest record that there is.
 */
export function saveState(
  state: FlowState,
  streamOf: StreamsOf<StreamWriter>,
  lsn: number,
): Saving[] {
  const { nascent, listed, grouped } = state;
  invariant(nascent.size + listed.size + grouped.size === 0, "A command is whole or not there");
  const little: Little = {
    names: namesOf(state),
    policies: [...state.policies],
    closings: [...state.closings],
    mail: state.mail.save(),
  };
  streamOf(PARTS.little).json(little);
  const [keys, signals, children] = [PARTS.keys, PARTS.signals, PARTS.children].map(streamOf);
  return [
    state.links.save(streamOf(PARTS.links)),
    state.kv.copy(lsn, (key) => keys!.json(key)),
    state.signals.copy((flow, remembered) => signals!.json([flow, [...remembered]])),
    state.openChildren.copy((group, handles) => saveChildren(children!, group, handles)),
    state.cold.save(streamOf(PARTS.seats)),
    state.table.save(streamOf(PARTS.flows), lsn),
  ];
}

/** Reads a state; it is empty. Those of other shards than the first have their policies already. */
export function loadState(
  state: FlowState,
  streamOf: StreamsOf<StreamReader>,
  isFirst: boolean,
): void {
  const little = streamOf(PARTS.little).json<Little>();
  for (const [index, name] of little.names.entries()) {
    state.dictionary.add(index + 1, name);
    // Whoever waits for flows of a type looks again, as after reading the log.
    state.markChanged(name);
  }
  for (const [type, policy] of isFirst ? little.policies : []) state.policies.set(type, policy);
  for (const group of little.closings) state.closings.add(group);
  state.mail.load(little.mail);
  state.links.load(streamOf(PARTS.links));
  for (const key of loadAll<IndexedKey>(streamOf(PARTS.keys))) state.kv.set(key);
  for (const [flow, signals] of loadAll<Signals>(streamOf(PARTS.signals))) {
    state.signals.set(flow, new Map(signals));
  }
  const { table } = state;
  for (const handle of table.load(streamOf(PARTS.flows))) {
    place(state, handle, table.standing(handle));
  }
  loadChildren(state, streamOf(PARTS.children));
  state.cold.load(streamOf(PARTS.seats));
}

function namesOf({ dictionary }: FlowState): string[] {
  return Array.from({ length: dictionary.nextId - 1 }, (_, index) => dictionary.nameOf(index + 1)!);
}

/** Children end in the order in which they came into their group. */
function saveChildren(stream: StreamWriter, group: number, handles: ReadonlySet<number>): void {
  stream.f64(group);
  stream.u32(handles.size);
  for (const handle of handles) stream.u32(handle);
}

function loadChildren({ openChildren }: FlowState, stream: StreamReader): void {
  while (!stream.isAtEnd) {
    const group = stream.f64();
    const handles = Array.from({ length: stream.u32() }, () => stream.u32());
    openChildren.set(group, new Set(handles));
  }
}

function* loadAll<Thing>(stream: StreamReader): Generator<Thing> {
  while (!stream.isAtEnd) yield stream.json<Thing>();
}
