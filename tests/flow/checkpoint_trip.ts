/**
 * States that go through a checkpoint.
 *
 * @module
 */

import { StreamReader, StreamWriter } from "../../src/codec/mod.ts";
import { FlowState, loadState, saveState } from "../../src/flow/core/mod.ts";

/**
 * Another state that is made of what is written of this one, in small pieces.
 *
 * @param loaded A state with nothing in it.
 */
export function throughCheckpoint(
  state: FlowState,
  loaded = new FlowState(state.hash, { fencingFloor: state.fencingFloor }),
): FlowState {
  const pieces: Uint8Array[] = [];
  const writer = new StreamWriter((bytes) => void pieces.push(bytes.slice()));
  saveState(state, writer);
  writer.flush();
  const reader = new StreamReader(() => pieces.shift());
  loadState(loaded, reader, true);
  if (!reader.isAtEnd) throw new Error("A checkpoint has more in it than is read");
  return loaded;
}
