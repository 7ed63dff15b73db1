/**
 * States that go through a checkpoint.
 *
 * @module
 */

import { StreamReader, StreamWriter } from "../../src/codec/mod.ts";
import { FlowState, loadState, saveState, Savings } from "../../src/flow/core/mod.ts";

/** A checkpoint of a state, written step by step while the state changes. */
export class CheckpointTrip {
  readonly #state: FlowState;
  readonly #writers = new Map<number, StreamWriter>();
  readonly #pieces = new Map<number, Uint8Array[]>();
  readonly #savings: Savings;

  /** Begins: what will be loaded is the state as it is now, after a record. */
  constructor(state: FlowState, lsn: number) {
    this.#state = state;
    this.#savings = new Savings(saveState(state, (part) => this.#writerOf(part), lsn));
  }

  /** Does a step. Returns whether something is left to write. */
  step(): boolean {
    return this.#savings.step();
  }

  /** It is of no use any more. */
  end(): void {
    this.#savings.end();
  }

  /**
   * Another state that is made of what was written, all of it.
   *
   * @param state One with nothing in it.
   */
  loaded(
    state = new FlowState(this.#state.hash, { fencingFloor: this.#state.fencingFloor }),
  ): FlowState {
    while (this.step());
    const readers = new Map(
      [...this.#writers].map(([part, writer]) => {
        writer.flush();
        return [part, new StreamReader(() => this.#pieces.get(part)!.shift())] as const;
      }),
    );
    loadState(state, (part) => readers.get(part)!, true);
    if ([...readers.values()].some(({ isAtEnd }) => !isAtEnd)) {
      throw new Error("A checkpoint has more in it than is read");
    }
    return state;
  }

  #writerOf(part: number): StreamWriter {
    const pieces: Uint8Array[] = [];
    const writer = new StreamWriter((bytes) => void pieces.push(bytes.slice()));
    this.#pieces.set(part, pieces);
    this.#writers.set(part, writer);
    return writer;
  }
}

/**
 * Another state that is made of what is written of this one, in small pieces.
 *
 * @param loaded A state with nothing in it.
 */
export function throughCheckpoint(
  state: FlowState,
  loaded = new FlowState(state.hash, { fencingFloor: state.fencingFloor }),
): FlowState {
  return new CheckpointTrip(state, Infinity).loaded(loaded);
}
