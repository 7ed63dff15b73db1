/**
 * The real log on a simulated disk, with everything that can happen to it.
 *
 * Failing is right only when a fault explains it, and refusing to open only after damage to data at
 * rest. What the log must have in the end, the oracle knows.
 *
 * @module
 */

import { ByteWriter } from "../../../src/codec/mod.ts";
import { FlowError, isFlowError } from "../../../src/errors.ts";
import { type Directory, type Keep, SimulatedDisk } from "../../../src/files/mod.ts";
import {
  beginRecord,
  type CommittedFrame,
  endOfFrame,
  endRecord,
  type Frame,
  isSamePosition,
  type Log,
  type LogOutcome,
  Manifest,
  openFileLog,
  readRecord,
  RecordType,
  recoverySteps,
  SEGMENT_HEAD_BYTES,
} from "../../../src/log/mod.ts";
import { type Random, seededRandom } from "../../../src/time/mod.ts";
import { LogOracle, Violation } from "../log_oracle.ts";
import { isBroken, isRefusal } from "../moment.ts";
import { type Practice, soundPractice } from "./practice.ts";
import type { LogOp, LogScenario } from "./scenario.ts";

/** Small enough for a roll every few frames. */
const SEGMENT_BYTES_MAX = 4_096 + 400;

/** Openings that may fail before the disk behaves again. */
const WILD_OPENINGS_MAX = 4;

/** What happened in a run, for tests of the simulation. */
export interface LogReport {
  /** Whether the log was refused after damage. */
  readonly isRefused: boolean;
  /** How many frames are committed at the end. */
  readonly committedCount: number;
  /** How many openings succeeded. */
  readonly openingCount: number;
  /** All calls on the disk. */
  readonly trace: string;
}

/** Runs a scenario. Throws a {@linkcode Violation}, with the calls that led to it. */
export function runLogScenario(scenario: LogScenario, practice = soundPractice): LogReport {
  return new LogSimulation(scenario.seed, practice).run(scenario.ops);
}

/** Thrown when a log was rightly refused: there is nothing left to test. */
class Refused extends Error {}

class LogSimulation {
  readonly #practice: Practice;
  readonly #disk: SimulatedDisk;
  readonly #random: Random;
  readonly #oracle = new LogOracle();
  #directory: Directory;
  #log: Log | undefined;
  #outcome: LogOutcome | undefined;
  #lostBy: unknown;
  #isDamaged = false;
  #hadRoom = false;
  #markedCount = 0;
  #openingCount = 0;
  #serial = 0;
  /** Where the last frame stands in its segment. */
  #lastOffset = 4_096;

  constructor(seed: number, practice: Practice) {
    this.#practice = practice;
    this.#disk = new SimulatedDisk({ random: seededRandom(seed), throwsShort: seed % 2 > 0 });
    this.#random = seededRandom(~seed);
    this.#directory = this.#wrapped(this.#disk.directory());
  }

  run(ops: readonly LogOp[]): LogReport {
    let isRefused = false;
    try {
      for (const op of ops) this.#perform(op);
      this.#crash("power", "chance");
      this.#open();
    } catch (error) {
      if (error instanceof Refused) isRefused = true;
      else throw this.#violation("The run broke off", error);
    }
    return {
      isRefused,
      committedCount: this.#oracle.committedCount,
      openingCount: this.#openingCount,
      trace: this.#disk.trace(),
    };
  }

  #perform(op: LogOp): void {
    switch (op.kind) {
      case "append":
        return this.#append(this.#open(), op);
      case "mark":
        return this.#mark(this.#open());
      case "roll":
        return this.#roll(this.#open());
      case "read":
        return this.#check(this.#open());
      case "close":
        this.#open();
        return this.#close();
      case "crash":
        this.#crash(op.ending, op.keep);
        if (op.cut !== undefined) this.#disk.cutAfter(op.cut, { ending: "power" });
        return;
      case "cut":
        return this.#disk.cutAfter(op.calls, op);
      case "fault":
        return this.#disk.arm(op.fault);
      case "room":
        this.#disk.capacityBytes = op.bytes === undefined
          ? Infinity
          : this.#disk.usedBytes + op.bytes;
        return;
      case "damage":
        return this.#damage(op);
    }
  }

  #append(log: Log, op: LogOp & { readonly kind: "append" }): void {
    let struck = this.#struckBefore();
    let place;
    try {
      place = log.nextPlace();
    } catch (error) {
      this.#expectFault(error, struck);
      return this.#close();
    }
    const frame = this.#frame(log, op);
    if (op.syncFails) this.#disk.arm({ call: "flush", keep: "none" });
    struck = this.#struckBefore();
    this.#outcome = undefined;
    // Power may go in the middle, and then nobody is there to hear the outcome.
    this.#oracle.submitted(frame);
    log.submit(frame);
    const outcome = this.#outcome as LogOutcome | undefined;
    if (this.#disk.isOff) return this.#end();
    if (outcome === undefined) throw this.#violation("A frame has no outcome");
    if (outcome.kind === "lost") {
      this.#expectFault(outcome.cause, struck);
      this.#expectPoison(log, frame);
      return this.#close();
    }
    this.#oracle.settled(outcome.kind);
    if (outcome.kind === "void") {
      if (outcome.why === "no_space" && (struck() || this.#isFull)) return;
      throw this.#violation(`A frame is void: ${outcome.why}`);
    }
    this.#lastOffset = place.offset - 64;
    if (!isSamePosition(log.end, endOfFrame(frame)) || !isSamePosition(outcome.end, log.end)) {
      throw this.#violation("The log does not end with the frame it has committed");
    }
    try {
      const record = readRecord(log, place, frame.base.lsn + 1);
      if (record.rest.length !== op.bytes) throw this.#violation("A record reads differently");
    } catch (error) {
      this.#expectFault(error, struck);
    }
  }

  /** One frame, different from all others. */
  #frame(log: Log, { count, bytes }: LogOp & { readonly kind: "append" }): Frame {
    const writer = new ByteWriter();
    this.#serial += 1;
    for (let position = 1; position <= count; position++) {
      const start = beginRecord(writer);
      writer.u32(this.#serial);
      // What ends in zeros is whole again once its end is there, whatever is in it.
      writer.raw(new Uint8Array(bytes).fill(this.#serial % 3));
      endRecord(writer, start, {
        type: RecordType.VALUE,
        lsn: log.end.lsn + position,
        fixedLength: 4,
      });
    }
    return { base: log.end, timeMs: 1_000 + this.#serial, count, body: writer.bytes() };
  }

  #mark(log: Log): void {
    const isDone = this.#beside(() => log.mark());
    // On a full disk there may be no evidence, and that is no error.
    if (isDone) this.#markedCount = this.#oracle.committedCount;
  }

  #roll(log: Log): void {
    const isDone = this.#beside(() => void log.segments.roll().catch(() => {}));
    if (isDone && log.segments.list.at(-1)!.bytes > SEGMENT_HEAD_BYTES) {
      throw this.#violation("The log stays in its segment");
    }
  }

  /** Does something that is no frame. Whether nothing kept the log from it. */
  #beside(act: () => void): boolean {
    const struck = this.#struckBefore();
    try {
      this.#lostBy = undefined;
      act();
      if (this.#lostBy !== undefined) throw this.#lostBy;
      return !struck() && !this.#isFull && !this.#disk.isOff;
    } catch (error) {
      this.#expectFault(error, struck);
      this.#close();
      return false;
    }
  }

  #check(log: Log): void {
    const frames = this.#read(log);
    if (frames !== undefined) this.#oracle.check(frames);
  }

  #close(): void {
    const struck = this.#struckBefore();
    try {
      this.#log?.close();
    } catch (error) {
      this.#expectFault(error, struck);
    }
    this.#end();
    if (this.#disk.openHandleCount > 0) throw this.#violation("Files are left open");
  }

  #crash(ending: "power" | "kill", keep: Keep): void {
    if (ending === "kill") this.#disk.kill();
    else this.#disk.powerCut({ keep });
    this.#end();
  }

  /**
   * Damages data that is at rest: everything is durable, and there is evidence for all of it but, if
   * it is fresh, for the last frame.
   */
  #damage(op: LogOp & { readonly kind: "damage" }): void {
    if (this.#isDamaged) return;
    this.#calm();
    const log = this.#open();
    const isFresh = op.how === "fresh";
    if (!isFresh && this.#markedCount < this.#oracle.committedCount) this.#mark(log);
    const isMarked = this.#markedCount === this.#oracle.committedCount;
    if (!(isMarked || isFresh) || this.#disk.isOff) return;
    const target = this.#target(op);
    if (!isMarked && target.at >= this.#lastOffset) this.#oracle.doubtLast();
    if (op.how === "lose") {
      this.#disk.loseFile(target.name);
      this.#isDamaged = true;
    } else {
      const damage = op.how === "bit" || isFresh
        ? this.#disk.flipBit(target)
        : op.how === "sector"
        ? this.#disk.loseSector(target)
        : this.#disk.misdirect(target);
      this.#isDamaged = damage !== undefined;
    }
    this.#hadRoom = false;
    this.#crash(op.ending, "chance");
  }

  /** A file, and an offset in it where something stands. */
  #target({ file, at }: LogOp & { readonly kind: "damage" }): { name: string; at: number } {
    const names = this.#directory.list();
    const name = names[file % names.length]!;
    const handle = this.#directory.open(name);
    const size = handle.getSize();
    handle.close();
    const zones: [start: number, length: number][] = name.startsWith("MANIFEST")
      ? [[0, size]]
      : [[0, 64], [512, 64], [4_096, size - 4_096], [this.#lastOffset, 64]];
    const there = zones.filter(([start, length]) => length > 0 && start + length <= size);
    const [start, length] = there[at % there.length] ?? [0, 1];
    return { name, at: start + (Math.floor(at / 4) % length) };
  }

  /** The log as it is, or as recovery leaves it. */
  #open(): Log {
    if (this.#log !== undefined) return this.#log;
    for (let opening = 1;; opening++) {
      if (opening > WILD_OPENINGS_MAX) this.#calm();
      if (opening > WILD_OPENINGS_MAX + 1) throw this.#violation("The log does not open any more");
      if (this.#disk.isOff) this.#directory = this.#wrapped(this.#disk.restart());
      const struck = this.#struckBefore();
      const log = this.#openOnce();
      if (log === undefined) continue;
      this.#log = log;
      const frames = this.#read(log);
      if (frames === undefined) continue;
      this.#openingCount += 1;
      this.#hadRoom ||= !this.#isFull && !struck();
      this.#oracle.opened(frames);
      this.#markedCount = this.#oracle.committedCount;
      log.onSettled((_frame, outcome) => this.#outcome = outcome);
      log.onLost((cause) => this.#lostBy = cause);
      return log;
    }
  }

  #openOnce(): Log | undefined {
    const struck = this.#struckBefore();
    try {
      const random = this.#random;
      const directory = this.#directory;
      const manifest = Manifest.open({ directory, random });
      const log = openFileLog(
        { directory, manifest, random, segmentBytesMax: SEGMENT_BYTES_MAX },
        this.#practice.steps?.() ?? recoverySteps,
      );
      return this.#practice.log?.(log) ?? log;
    } catch (error) {
      this.#expectFault(error, struck);
      this.#close();
      return undefined;
    }
  }

  /** All frames, or `undefined` if a fault struck. */
  #read(log: Log): CommittedFrame[] | undefined {
    const struck = this.#struckBefore();
    try {
      return [...log.read(0)];
    } catch (error) {
      this.#expectFault(error, struck);
      this.#close();
      return undefined;
    }
  }

  /** An error is right if a fault explains it. */
  #expectFault(error: unknown, struck: () => boolean): void {
    if (error instanceof Violation) throw error;
    if (isBroken(error)) throw this.#violation("An invariant is broken", error);
    if (this.#disk.isOff) return this.#end();
    if (isRefusal(error) && this.#isDamaged) throw new Refused();
    const isFailure = !(error instanceof FlowError) || error.code === "store_failed";
    // A log that has once been opened with room has made sure of all that it cannot do without.
    if (isFailure && (struck() || this.#isFull && !this.#hadRoom)) return;
    throw this.#violation("There is no reason to fail", error);
  }

  /** After a frame was lost nothing works any more. */
  #expectPoison(log: Log, frame: Frame): void {
    for (const call of [() => log.submit(frame), () => log.nextPlace()]) {
      try {
        call();
      } catch (error) {
        if (isFlowError(error, "store_failed")) continue;
        throw this.#violation("A poisoned log fails in the wrong way", error);
      }
      throw this.#violation("A poisoned log goes on");
    }
  }

  /** The process is gone, or has closed the log. */
  #end(): void {
    this.#log = undefined;
  }

  /** From now on the disk does what it is told. */
  #calm(): void {
    this.#disk.disarm();
    this.#disk.capacityBytes = Infinity;
  }

  get #isFull(): boolean {
    return this.#disk.capacityBytes !== Infinity;
  }

  /** Tells later whether a fault has struck since now. */
  #struckBefore(): () => boolean {
    const before = this.#disk.armedCount;
    return () => this.#disk.armedCount < before;
  }

  #wrapped(directory: Directory): Directory {
    return this.#practice.directory?.(directory) ?? directory;
  }

  /** A violation with the calls that led to it. */
  #violation(what: string, cause?: unknown): Violation {
    if (cause instanceof Violation && cause.cause === this) return cause;
    const reason = cause instanceof Violation
      ? cause.message
      : cause instanceof Error
      ? `${what}\n${cause.stack}`
      : what;
    return new Violation(`${reason}\nCalls:\n${this.#disk.trace()}`, { cause: this });
  }
}
