/**
 * Whether the store takes new work.
 *
 * A store that is asked for more than it can hold says so while it still can, and only to those who
 * bring something new: what it has taken on goes on, whatever happens.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import type { Effect } from "../../flow/core/mod.ts";
import type { DiskRoom } from "../disk/disk_room.ts";
import type { StoreLimits } from "../options.ts";
import { diskFull } from "./refusals.ts";

/** Why new work is refused. Reasons are API. */
export type OverloadReason =
  /** The disk is full, and what is left is for work that exists. */
  | "disk_full"
  /** Fewer bytes are free on the disk than `limits.diskFreeBytesMin`. */
  | "disk_pressure"
  /** The store takes more memory than `limits.memoryBytesMax`. */
  | "memory"
  /** More bytes are on their way to the disk than `limits.inFlightBytesMax`. */
  | "in_flight";

/** What a store carries at the moment. */
export interface Load {
  /** Bytes that were decided and are not on disk. */
  readonly inFlightBytes: number;
  /** Bytes of memory, roughly. */
  readonly memoryBytes: number;
}

/** For how long those who bring new work should wait. */
const RETRY_MS: Readonly<Record<OverloadReason, number>> = {
  in_flight: 100,
  memory: 5_000,
  disk_pressure: 2_000,
  disk_full: 5_000,
};

/** The disk, as far as a store looks at it. */
export interface DiskStats {
  /** Free bytes as the system gave them last; null if nobody asks (`limits.diskFreeBytesMin`). */
  readonly freeBytes: number | null;
  /** Whether the ballast is there: false if it was needed, null if the store has none. */
  readonly ballastHeld: boolean | null;
}

/** Why new work is refused, for programs and for people. */
export interface Overload {
  /** The reason. */
  readonly reason: OverloadReason;
  /** What it says, with the limit. */
  readonly message: string;
}

/** Admits or refuses. */
export class Admission {
  readonly #limits: StoreLimits;
  readonly #load: () => Load;
  readonly #disk: DiskRoom | undefined;

  /**
   * @param load What the store carries. Asked for every command that brings new work.
   * @param disk The room on the disk. Default: there is no end of it.
   */
  constructor(limits: StoreLimits, load: () => Load, disk?: DiskRoom) {
    this.#limits = limits;
    this.#load = load;
    this.#disk = disk;
  }

  /**
   * Lets a command through that is about to be written, unless it brings new work and there is no
   * room for any, or there was none at all a moment ago.
   *
   * @throws {FlowError} `overloaded`.
   */
  admit(effects: readonly Effect[], bytes: number): void {
    if (this.#disk?.isExhausted()) throw diskFull();
    if (isNewWork(effects)) {
      const overload = this.overload();
      if (overload !== undefined) throw overloaded(overload);
    }
    this.#disk?.written(bytes);
  }

  /** Why new work is refused at the moment, undefined if it is not. */
  overload(): Overload | undefined {
    const { inFlightBytesMax, memoryBytesMax, diskFreeBytesMin } = this.#limits;
    const { inFlightBytes, memoryBytes } = this.#load();
    if (inFlightBytes >= inFlightBytesMax) {
      const message = `${inFlightBytes} bytes are on their way to the disk, ` +
        `the limit is ${inFlightBytesMax} (limits.inFlightBytesMax)`;
      return { reason: "in_flight", message };
    }
    if (memoryBytes >= memoryBytesMax) {
      const message = `The store takes about ${memoryBytes} bytes of memory, ` +
        `the limit is ${memoryBytesMax} (limits.memoryBytesMax)`;
      return { reason: "memory", message };
    }
    const reason = this.#disk?.shortage();
    if (reason === undefined) return undefined;
    const message = reason === "disk_full"
      ? "The disk is full, and what is left is for work that exists"
      : `Less than ${diskFreeBytesMin} bytes are free on the disk (limits.diskFreeBytesMin)`;
    return { reason, message };
  }

  /** The disk, as far as anybody looks at it. */
  get disk(): DiskStats {
    const room = this.#disk;
    const { ballastBytes } = this.#limits;
    return {
      freeBytes: room?.freeBytes ?? null,
      ballastHeld: room === undefined || ballastBytes === 0 ? null : room.isBallastHeld,
    };
  }

  /** Why the ballast cannot be taken, though there is room; null: nothing is known against it. */
  get ballastFailure(): string | null {
    return this.#disk?.ballastFailure ?? null;
  }

  /** Whether the store takes as much memory as it may. */
  isShortOfMemory(): boolean {
    return this.#load().memoryBytes >= this.#limits.memoryBytesMax;
  }

  /** Whether the disk is full. */
  isDiskFull(): boolean {
    return this.#disk?.shortage() === "disk_full";
  }

  /** The room on the disk while there is too little: whoever gives some back looks after it. */
  get shortDisk(): DiskRoom | undefined {
    return this.#disk?.isShort ? this.#disk : undefined;
  }

  /** Whether there is no more room on the disk than work that exists may need. */
  isShortOfDisk(): boolean {
    return this.#disk?.shortage() !== undefined;
  }

  /** A frame found no room on the disk. Returns whether there is some now. */
  ranOutOfRoom(): boolean {
    return this.#disk?.ranOut() ?? false;
  }
}

/**
 * Whether effects bring something that was not there: a flow, here or in another shard; or a key or
 * a value of no flow, unless that is part of what becomes of a flow.
 */
function isNewWork(effects: readonly Effect[]): boolean {
  let hasFlow = false;
  let hasValue = false;
  let changesFlow = false;
  for (const effect of effects) {
    switch (effect.kind) {
      case "inbox":
        // What another shard has promised is no longer new.
        return false;
      case "body":
        hasFlow = true;
        break;
      case "outbox":
        hasFlow ||= effect.message.kind === "birth";
        break;
      case "ctrl":
        changesFlow = true;
        break;
      case "kv":
        hasValue = true;
        break;
      case "value":
        hasValue ||= effect.key === null;
        break;
    }
  }
  return hasFlow || (hasValue && !changesFlow);
}

function overloaded({ reason, message }: Overload): FlowError {
  return new FlowError("overloaded", message, {
    details: { reason, retryAfterMs: RETRY_MS[reason] },
  });
}
