/**
 * The machine around a simulated directory: its one running process, its power and its faults.
 *
 * @module
 */

import { invariant } from "../../invariant.ts";
import { FileError, fileErrorCode } from "../file_error.ts";
import { LocalLock } from "../local_lock.ts";
import { CallTrace } from "./call_trace.ts";
import { type Chance, chanceBelow } from "./chance.ts";
import { type Fault, FaultPlan, type FileCall } from "./fault.ts";
import type { SimulatedFile } from "./file.ts";
import { SimulatedNames } from "./names.ts";
import { PowerCut } from "./power_cut.ts";
import { type Keep, type Survival, survival } from "./survival.ts";

/** What ends a process: the loss of power, or a SIGKILL that leaves the page cache alone. */
export type Ending = "power" | "kill";

/** A crash that waits for its call. */
export interface Cut {
  /** How many mutating calls there are before the one within which it strikes. */
  readonly at: number;
  readonly ending: Ending;
  readonly keep: Keep;
}

/** One call of a program, with everything that may happen to it. */
export interface MachineCall<Result extends number | void> {
  readonly kind: FileCall;
  readonly name: string;
  /** Its numbers, for the trace. */
  readonly facts: readonly number[];
  /** Whether it changes anything, so that a crash in the middle of it matters. */
  readonly mutates: boolean;
  /** Does it. */
  act(): Result;
  /** Does a part of it, less than the whole; `undefined` when it has no parts. */
  part?(): Result | undefined;
  /** What is left when it fails with an error, or when the process ends within it. */
  fail?(survives: Survival): void;
}

/** State that outlives processes, and the one door through which all calls go. */
export class SimulatedMachine {
  readonly names: SimulatedNames = new SimulatedNames();
  readonly faults: FaultPlan = new FaultPlan();
  readonly trace: CallTrace = new CallTrace();
  readonly lock: LocalLock = new LocalLock();
  readonly random: Chance;
  /** Files of the running process, by handle. */
  readonly handles: Map<object, SimulatedFile> = new Map();
  capacityBytes: number;
  #process = 1;
  #isOff = false;
  #cut: Cut | undefined;
  #mutationCount = 0;

  /** Whether a write throws after a part of it for which there was room. */
  readonly throwsShort: boolean;

  constructor(random: Chance, capacityBytes: number, throwsShort: boolean) {
    this.random = random;
    this.capacityBytes = capacityBytes;
    this.throwsShort = throwsShort;
  }

  /** Number of the process that runs now. */
  get process(): number {
    return this.#process;
  }

  /** Whether the last process has ended and no other has been started. */
  get isOff(): boolean {
    return this.#isOff;
  }

  /** Mutating calls that were made, those included within which a process ended. */
  get mutationCount(): number {
    return this.#mutationCount;
  }

  /** Size of all files that have a name or are open, in bytes. */
  get usedBytes(): number {
    const files = new Set([...this.names.view.values(), ...this.handles.values()]);
    let used = 0;
    for (const file of files) used += file.view.size;
    return used;
  }

  /** Ends the process within the mutating call at which the cut strikes. */
  cutAfter(cut: Cut): void {
    this.#cut = cut;
  }

  /** Forgets the crash that waits. */
  clearCut(): void {
    this.#cut = undefined;
  }

  /** Ends the running process, if there is one. */
  stop(): void {
    if (!this.#isOff) this.#process += 1;
    this.#isOff = true;
    this.handles.clear();
    this.lock.break();
  }

  /** Loses whatever is not on the platter, file by file and name by name. */
  losePending(keep: Keep): void {
    for (const file of this.names.files()) {
      if (file.isDirty) file.powerCut(survival(this.random, keep));
      else file.powerCut(() => false);
    }
    this.names.powerCut(survival(this.random, keep));
  }

  /** Lets the next process run. */
  start(): void {
    invariant(this.#isOff, "A machine is restarted only after it was stopped");
    this.#isOff = false;
  }

  /** Throws unless `process` is the one that runs. */
  checkAlive(process: number, what: string): void {
    if (this.#isOff || process !== this.#process) {
      throw new PowerCut(`The process that calls ${what} has ended`);
    }
  }

  /** Lets a program make a call, unless a crash or a fault is due. */
  perform<Result extends number | void>(process: number, call: MachineCall<Result>): Result {
    this.checkAlive(process, call.kind);
    if (call.mutates && this.#cutIsDue()) this.#cutDuring(call);
    const fault = this.faults.strike(call.kind, call.name);
    try {
      const result = fault === undefined ? call.act() : this.#struck(call, fault);
      this.#note(call, result ?? "ok");
      return result;
    } catch (error) {
      this.#note(call, fileErrorCode(error) ?? String(error));
      throw error;
    }
  }

  /** Counts a mutating call. Returns whether the cut strikes within it. */
  #cutIsDue(): boolean {
    return this.#mutationCount++ === this.#cut?.at;
  }

  #cutDuring(call: MachineCall<number | void>): never {
    invariant(this.#cut !== undefined, "A crash is due");
    const { ending, keep } = this.#cut;
    this.#cut = undefined;
    try {
      if (ending === "kill") this.#actByChance(call);
      // A flush that is cut short leaves its changes pending, and the loss of power decides.
      else if (call.fail === undefined) call.act();
    } catch (error) {
      // The disk being full is no news to a process that is gone.
      if (!(error instanceof FileError)) throw error;
    }
    this.stop();
    if (ending === "power") this.losePending(keep);
    this.#note(call, ending === "power" ? "POWER CUT" : "KILLED");
    throw new PowerCut(`The ${ending} cut struck ${call.kind} of "${call.name}"`);
  }

  /** The kernel ends a call that it has begun, though a long write may come out short. */
  #actByChance(call: MachineCall<number | void>): void {
    const chance = chanceBelow(this.random, 3);
    if (chance === 0) return;
    if (chance === 1 && call.part !== undefined) call.part();
    else call.act();
  }

  #struck<Result extends number | void>(call: MachineCall<Result>, fault: Fault): Result {
    if (fault.short === true) {
      const result = call.part?.();
      if (result !== undefined) {
        if (fault.code !== undefined) this.faults.arm({ call: call.kind, code: fault.code });
        return result;
      }
      if (fault.code === undefined) return call.act();
    }
    call.fail?.(survival(this.random, fault.keep ?? "none"));
    const code = fault.code ?? "EIO";
    throw new FileError(code, `A fault was armed for ${call.kind} of "${call.name}"`);
  }

  #note(call: MachineCall<number | void>, outcome: string | number): void {
    this.trace.add({ what: call.kind, name: call.name, facts: call.facts, outcome });
  }
}
