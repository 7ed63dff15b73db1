/**
 * The names in the simulated directory, whose durability is not that of the files behind them.
 *
 * @module
 */

import type { SimulatedFile } from "./file.ts";
import type { Survival } from "./survival.ts";

/** A name that was given or taken away; `undefined` means taken away. */
interface PendingName {
  readonly name: string;
  readonly file: SimulatedFile | undefined;
}

/**
 * Strict POSIX: until the directory is synced a new file may vanish, flushed or not, and a removed
 * one may come back.
 */
export class SimulatedNames {
  #view: Map<string, SimulatedFile> = new Map();
  #durable: Map<string, SimulatedFile> = new Map();
  #pending: PendingName[] = [];

  /** What programs see. */
  get view(): ReadonlyMap<string, SimulatedFile> {
    return this.#view;
  }

  /** Gives a file a name. */
  add(name: string, file: SimulatedFile): void {
    this.#view.set(name, file);
    this.#pending.push({ name, file });
  }

  /** Takes the name away. */
  remove(name: string): void {
    this.#view.delete(name);
    this.#pending.push({ name, file: undefined });
  }

  /** Brings the pending names to the platter. */
  sync(): void {
    for (const change of this.#pending) this.#apply(change);
    this.#pending = [];
  }

  /** A sync that fails: what did not survive is dropped, and programs still see it. */
  syncFailing(survives: Survival): void {
    for (const change of this.#pending) if (survives()) this.#apply(change);
    this.#pending = [];
  }

  /** The power fails: names survive or not. */
  powerCut(survives: Survival): void {
    this.syncFailing(survives);
    this.#view = new Map(this.#durable);
  }

  /** A name vanishes from the platter too, as if somebody had deleted the file. */
  lose(name: string): void {
    this.#view.delete(name);
    this.#durable.delete(name);
    this.#pending = this.#pending.filter((change) => change.name !== name);
  }

  /** Every file that has a name, or may have one after a crash; each once, in a fixed order. */
  files(): Set<SimulatedFile> {
    const files = new Set([...this.#durable.values(), ...this.#view.values()]);
    for (const { file } of this.#pending) if (file !== undefined) files.add(file);
    return files;
  }

  #apply({ name, file }: PendingName): void {
    if (file === undefined) this.#durable.delete(name);
    else this.#durable.set(name, file);
  }
}
