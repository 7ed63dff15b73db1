/**
 * Whether there is room on the disk for new work.
 *
 * @module
 */
import { causesOf } from "../../errors.ts";
import type { Directory } from "../../files/mod.ts";
import { isNoSpace } from "../../log/mod.ts";
import type { Clock } from "../../time/mod.ts";
import { Ballast } from "./ballast.ts";

/**
 * The system is asked so often, or after so many bytes, or after a fourth of what is to be left, and
 * not for every command.
 */
const ASK_MS = 1_000;
const ASK_BYTES_MAX = 8 << 20;
const ASK_SHARE = 1 / 4;

/** After the disk was full, whether it still is gets found out so often, unless said otherwise. */
const PROBE_MS = 5_000;

/** After nothing was left, not even of the ballast, nobody tries to write for so long. */
export const EXHAUSTED_MS = 1_000;

/**
 * What a store needs to give room back takes some itself: so large a share of the ballast is written
 * for it before anything has come back, and half of it is what merges may take for a moment.
 */
const SPARE_SHARE = 1 / 8;
const MERGE_SHARE = 1 / 2;

/** Why there is no room for new work. */
export type RoomShortage = "disk_full" | "disk_pressure";

/** What the room is on. */
export interface DiskRoomOptions {
  /** The directory of the store. */
  readonly directory: Directory;
  /** When it was asked last. */
  readonly clock: Clock;
  /** Bytes that are held back for work that exists. */
  readonly ballastBytes: number;
  /** With fewer free bytes new work has to wait; 0: nobody asks how many there are. */
  readonly freeBytesMin: number;
  /** How long a full disk is left alone. Default 5 s. */
  readonly probeMs?: number;
}

/**
 * Keeps room for what has begun. New work waits from the moment on at which a frame found no room,
 * until the ballast, which was given back then, can be taken again; and while little is free, if
 * somebody wants that to be looked at and the system says how much is.
 */
export class DiskRoom {
  readonly #options: DiskRoomOptions;
  readonly #ballast: Ballast;
  #isFull: boolean;
  #isLow = false;
  #lastFreeBytes: number | undefined;
  #askedAtMs = -Infinity;
  #probedAtMs: number;
  #exhaustedUntilMs = -Infinity;
  /** Bytes that were written since the system was asked. */
  #writtenBytes = 0;
  /** Bytes that may be written on a full disk to give others back. */
  #spareBytes: number;

  /** Takes the ballast. Without room for it the disk is full from the beginning. */
  constructor(options: DiskRoomOptions) {
    const { directory, clock, ballastBytes } = options;
    this.#options = options;
    this.#ballast = new Ballast(directory, ballastBytes);
    this.#isFull = this.#ballast.take() === "no_room";
    this.#probedAtMs = clock.monotonicMs();
    this.#spareBytes = ballastBytes * SPARE_SHARE;
  }

  /** Whether the ballast is there. */
  get isBallastHeld(): boolean {
    return this.#ballast.isHeld;
  }

  /** Why the ballast cannot be taken, though there is room; null: it can, as far as is known. */
  get ballastFailure(): string | null {
    return this.#ballast.failure;
  }

  /** Free bytes as the system gave them last; undefined: it was not asked, or does not say. */
  get freeBytes(): number | undefined {
    return this.#lastFreeBytes;
  }

  /** Whether there was no room when somebody needed it last. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether there was too little for new work when somebody asked last. */
  get isShort(): boolean {
    return this.#isFull || this.#isLow;
  }

  /** Notes that bytes go to the disk. */
  written(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  /** Something found no room. Returns whether there is some now, out of the ballast. */
  ranOut(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    this.#isFull = true;
    this.#probedAtMs = nowMs;
    const hasRoom = this.#ballast.give();
    this.#spareBytes = hasRoom ? this.#options.ballastBytes * SPARE_SHARE : 0;
    if (!hasRoom) this.#exhaustedUntilMs = nowMs + EXHAUSTED_MS;
    return hasRoom;
  }

  /** Bytes that a merge may write on a full disk before it gives others back. */
  get roomForMerge(): number {
    const freeBytes = this.#freeBytes();
    return MERGE_SHARE * (freeBytes === Infinity ? this.#options.ballastBytes : freeBytes);
  }

  /** Takes bytes of those that may be written on a full disk to give others back: as many as there are. */
  takeSpare(bytes: number): number {
    const taken = Math.min(bytes, this.#spareBytes);
    this.#spareBytes -= taken;
    return taken;
  }

  /** Bytes were given back. Whether that is enough for new work is found out the next time. */
  gaveBack(bytes: number): void {
    const spareMax = this.#options.ballastBytes * MERGE_SHARE;
    this.#spareBytes = Math.min(this.#spareBytes + bytes * SPARE_SHARE, spareMax);
    this.#probedAtMs = -Infinity;
    this.#askedAtMs = -Infinity;
  }

  /** Whether nothing was left a moment ago: trying again would cost a void frame, and its replay. */
  isExhausted(): boolean {
    // Hardly ever is the clock worth a look.
    if (this.#exhaustedUntilMs === -Infinity) return false;
    return this.#options.clock.monotonicMs() < this.#exhaustedUntilMs;
  }

  /** Why new work has to wait, undefined if it has not to. Mostly remembers what was so just now. */
  shortage(): RoomShortage | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#isFull && nowMs - this.#probedAtMs >= (this.#options.probeMs ?? PROBE_MS)) {
      this.#probedAtMs = nowMs;
      this.#isFull = !this.#hasRoomAgain();
      if (!this.#isFull) this.#exhaustedUntilMs = -Infinity;
    }
    if (this.#isFull) return "disk_full";
    const { freeBytesMin } = this.#options;
    const askBytes = Math.min(ASK_BYTES_MAX, freeBytesMin * ASK_SHARE);
    if (nowMs - this.#askedAtMs >= ASK_MS || this.#writtenBytes >= askBytes) {
      this.#askedAtMs = nowMs;
      this.#writtenBytes = 0;
      this.#isLow = this.#freeBytes() < freeBytesMin;
    }
    return this.#isLow ? "disk_pressure" : undefined;
  }

  #hasRoomAgain(): boolean {
    // Trying takes the room for a moment away from everybody else, so not in vain.
    if (this.#freeBytes() < 2 * this.#options.ballastBytes) return false;
    return this.#ballast.take() !== "no_room";
  }

  /** As far as anybody knows. */
  #freeBytes(): number {
    const { directory, freeBytesMin } = this.#options;
    if (freeBytesMin > 0) this.#lastFreeBytes = directory.freeBytes();
    return this.#lastFreeBytes ?? Infinity;
  }
}

/** Whether an error, or what led to it, is that there is no room. */
export function lacksRoom(error: unknown): boolean {
  return [...causesOf(error)].some(isNoSpace);
}
