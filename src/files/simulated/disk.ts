/**
 * A disk that lies, tears, loses and fails on command, and always the same way for the same seed.
 *
 * It keeps two states, the one programs see and the one on the platter, and what lies between
 * them. Written bytes get to the platter by `flush()` of their file, names by `sync()` of their
 * directory, neither by the other. A loss of power takes any part of what lies between: bytes by
 * sectors of 512, sizes without their bytes, names one by one. A kill takes nothing from the disk.
 *
 * @module
 */

import type { Directory } from "../directory.ts";
import type { Chance } from "./chance.ts";
import {
  type Damage,
  type DamagedDisk,
  type DamageTarget,
  flipBit,
  swapPieces,
  zeroSector,
} from "./damage.ts";
import { SimulatedDirectory } from "./directory.ts";
import type { Fault } from "./fault.ts";
import { type Ending, SimulatedMachine } from "./machine.ts";
import type { Keep } from "./survival.ts";

/** How to make a simulated disk. */
export interface SimulatedDiskOptions {
  /** Decides everything that is left to chance. */
  readonly random: Chance;
  /** Room for all files together, in bytes. Default: no limit. */
  readonly capacityBytes?: number;
  /**
   * How a write goes for a part of which there is room: it returns how much that was, or it throws
   * after that (as Deno does). Default `false`.
   */
  readonly throwsShort?: boolean;
  /** What messages call it. Default `":simulated:"`. */
  readonly path?: string;
}

/** How power goes. */
export interface PowerCutOptions {
  /** What survives of the pending changes. Default `"chance"`. */
  readonly keep?: Keep;
}

/** How a crash within a call goes. */
export interface CutOptions extends PowerCutOptions {
  /** Whether power goes or only the process. Default `"power"`. */
  readonly ending?: Ending;
}

/** The disk, seen by the test that owns it. */
export class SimulatedDisk {
  readonly #machine: SimulatedMachine;
  readonly #path: string;

  /** A new disk without files, and a machine that runs. */
  constructor(options: SimulatedDiskOptions) {
    const { capacityBytes = Infinity, throwsShort = false } = options;
    this.#machine = new SimulatedMachine(options.random, capacityBytes, throwsShort);
    this.#path = options.path ?? ":simulated:";
  }

  /** The directory for the process that runs now; it dies with that process. */
  directory(): Directory {
    return new SimulatedDirectory(this.#machine, this.#path);
  }

  /** Whether the process has ended, by a crash that was asked for or one that was waiting. */
  get isOff(): boolean {
    return this.#machine.isOff;
  }

  /** Files that the running process has not closed. */
  get openHandleCount(): number {
    return this.#machine.handles.size;
  }

  /** How many mutating calls were made in all, as {@linkcode cutAfter} counts them. */
  get mutationCount(): number {
    return this.#machine.mutationCount;
  }

  /** Size of all files that have a name or are open, in bytes. */
  get usedBytes(): number {
    return this.#machine.usedBytes;
  }

  /** Room for all files together, in bytes. A write that does not fit is short, then `ENOSPC`. */
  get capacityBytes(): number {
    return this.#machine.capacityBytes;
  }

  /** The disk gets larger or smaller; what is written stays. */
  set capacityBytes(bytes: number) {
    this.#machine.capacityBytes = bytes;
  }

  /** The power goes. Also possible after a kill, before the restart. */
  powerCut(options: PowerCutOptions = {}): void {
    this.#machine.stop();
    this.#machine.losePending(options.keep ?? "chance");
    this.#note("POWER CUT");
  }

  /** The process is killed; the page cache, with everything pending, stays. */
  kill(): void {
    this.#machine.stop();
    this.#note("KILL");
  }

  /** Starts the next process, which sees what is left. */
  restart(): Directory {
    this.#machine.start();
    this.#note("RESTART");
    return this.directory();
  }

  /**
   * Lets `calls` more mutating calls through and ends the process within the next one, which then
   * has happened, has not, or has in part. That call and all later ones throw `PowerCut`. Mutating
   * are: write, truncate, flush, remove, sync, and the open that creates. The count goes on
   * through restarts, so that it can strike a recovery. Replaces a crash that was waiting.
   */
  cutAfter(calls: number, options: CutOptions = {}): void {
    this.#machine.cutAfter({
      at: this.mutationCount + calls,
      ending: options.ending ?? "power",
      keep: options.keep ?? "chance",
    });
  }

  /** Arms one more fault. Faults wait for their call through restarts. */
  arm(fault: Fault): void {
    this.#machine.faults.arm(fault);
  }

  /** Forgets the faults and the crash that wait. */
  disarm(): void {
    this.#machine.faults.clear();
    this.#machine.clearCut();
  }

  /** How many armed faults have not struck. */
  get armedCount(): number {
    return this.#machine.faults.size;
  }

  /** Flips one bit of data at rest. Returns where, or `undefined` if there is none. */
  flipBit(target: DamageTarget = {}): Damage | undefined {
    const damage = flipBit(this.#damaged(), target);
    this.#noteDamage("BIT FLIP", damage);
    return damage;
  }

  /** Loses a sector of data at rest: it reads as zeros. `undefined` if that changes nothing. */
  loseSector(target: DamageTarget = {}): Damage | undefined {
    const damage = zeroSector(this.#damaged(), target);
    this.#noteDamage("LOST SECTOR", damage);
    return damage;
  }

  /** Exchanges two aligned pieces of 4 KiB at rest. `undefined` if that changes nothing. */
  misdirect(target: DamageTarget = {}): readonly [Damage, Damage] | undefined {
    const damages = swapPieces(this.#damaged(), target);
    for (const damage of damages ?? []) this.#noteDamage("MISDIRECTED", damage);
    return damages;
  }

  /** A file is gone for good, as if somebody had deleted it behind our back. */
  loseFile(name: string): void {
    this.#machine.names.lose(name);
    this.#note("LOST FILE", { name });
  }

  /** The last call, without what came of it; empty if there was none. */
  get lastCall(): string {
    return this.#machine.trace.lastCall;
  }

  /** The last calls, one a line, for the report of a failed run. */
  trace(): string {
    return this.#machine.trace.toString();
  }

  #damaged(): DamagedDisk {
    return { files: this.#machine.names.view, random: this.#machine.random };
  }

  #noteDamage(what: string, damage: Damage | undefined): void {
    if (damage !== undefined) this.#note(what, { name: damage.name, facts: [damage.at] });
  }

  #note(what: string, at: { name?: string; facts?: number[] } = {}): void {
    this.#machine.trace.add({ what, name: at.name ?? "", facts: at.facts ?? [], outcome: "" });
  }
}
