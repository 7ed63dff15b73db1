/**
 * The signals that flows remember, so that each is applied once.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";
import { type FlowKey, packKey } from "./flow_key.ts";

/**
 * So many signals are remembered of one flow; the oldest is forgotten first. Part of the format: it
 * decides what a log means, so no option changes it.
 */
export const SIGNALS_MAX = 1_000;

/** The requests of the signals of every flow, by packed flow key, then by packed hash of their key. */
export type SignalMemory = Map<string, Map<string, Hash64>>;

/** The digest of the request that came under a key, undefined if none did or it is forgotten. */
function recallSignal(
  memory: SignalMemory,
  flow: FlowKey,
  keyHash: Hash64,
): Hash64 | undefined {
  return memory.get(packKey(flow))?.get(packKey(keyHash));
}

/** Remembers the request that came under a key. */
export function rememberSignal(
  memory: SignalMemory,
  flow: FlowKey,
  { keyHash, digest }: { readonly keyHash: Hash64; readonly digest: Hash64 },
): void {
  const packed = packKey(flow);
  let signals = memory.get(packed);
  if (signals === undefined) memory.set(packed, signals = new Map());
  signals.set(packKey(keyHash), digest);
  if (signals.size <= SIGNALS_MAX) return;
  // A map is in the order of insertion.
  for (const oldest of signals.keys()) {
    signals.delete(oldest);
    return;
  }
}

/** What flows will remember after what a command in the making has done so far. */
export class SignalDraft {
  readonly #memory: SignalMemory;
  readonly #added: SignalMemory = new Map();
  /** Packed keys of flows that are gone with all that they remembered. */
  readonly #forgotten = new Set<string>();

  /** @param memory What they remembered before. */
  constructor(memory: SignalMemory) {
    this.#memory = memory;
  }

  /** The digest of the request that came under a key, undefined if none did or it is forgotten. */
  recall(flow: FlowKey, keyHash: Hash64): Hash64 | undefined {
    const added = recallSignal(this.#added, flow, keyHash);
    if (added !== undefined || this.#forgotten.has(packKey(flow))) return added;
    return recallSignal(this.#memory, flow, keyHash);
  }

  /** Remembers the request that came under a key. */
  remember(flow: FlowKey, signal: { readonly keyHash: Hash64; readonly digest: Hash64 }): void {
    rememberSignal(this.#added, flow, signal);
  }

  /** Forgets what a flow remembered: it is gone, and another one may get its key. */
  forget(flow: FlowKey): void {
    this.#added.delete(packKey(flow));
    this.#forgotten.add(packKey(flow));
  }
}
