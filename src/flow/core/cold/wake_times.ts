/**
 * When cold flows have to be brought back.
 *
 * @module
 */
import type { ColdBlock } from "./cold_block.ts";
import { seatOf } from "./cold_lane.ts";

/**
 * So many flows that could not be read are tried again in a second. With a whole segment damaged there
 * are many thousands, and those that can be read must not wait for them.
 */
const TRIES_PER_SECOND = 100;

/** A flow that could not be brought back. */
interface Unread {
  /** When that is tried again. */
  readonly second: number;
  /** Why it could not be read, in sentence case. */
  readonly why: string;
}

/** Knows the first second in which one of very many flows has to be brought back. */
export class WakeTimes {
  readonly #blocks: readonly (ColdBlock | undefined)[];
  #second = Infinity;
  /** By seat. */
  readonly #unread = new Map<number, Unread>();

  /** @param blocks The flows, by the number of their block. */
  constructor(blocks: readonly (ColdBlock | undefined)[]) {
    this.#blocks = blocks;
  }

  /** The first second in which a flow has to be brought back, `Infinity` if none has. */
  get second(): number {
    return this.#second;
  }

  /** Why a flow could not be read, in sentence case; null: all could. */
  get failure(): string | null {
    return this.#unread.values().next().value?.why ?? null;
  }

  /** Whether there are flows that could not be read. */
  get hasUnread(): boolean {
    return this.#unread.size > 0;
  }

  /** There are flows in a block that were not there before. */
  cameTo({ wakeSecond }: ColdBlock): void {
    this.#second = Math.min(this.#second, wakeSecond);
  }

  /** The flow in a seat was brought back, or has left. */
  done(seat: number): void {
    this.#unread.delete(seat);
  }

  /** The flow in a seat could not be read. It is tried again in a later second than this one. */
  postpone(seat: number, second: number, why: string): void {
    const waitSeconds = 1 + Math.floor(this.#unread.size / TRIES_PER_SECOND);
    this.#unread.set(seat, { second: second + waitSeconds, why });
  }

  /** Seats of flows that have to be brought back in a second or before, at most so many. */
  until(second: number, countMax: number): number[] {
    if (this.#second > second) return [];
    const seats: number[] = [];
    for (const [seat, again] of this.#unread) {
      if (seats.length === countMax) return seats;
      if (again.second <= second) seats.push(seat);
    }
    for (const block of this.#blocks) {
      if (seats.length === countMax) return seats;
      if (block === undefined || block.wakeSecond > second) continue;
      const found = block.wakesUntil(second).map((place) => seatOf({ block, place }))
        .filter((seat) => !this.#unread.has(seat));
      // Whoever was to be the first has left.
      if (found.length === 0) this.#lookAgainIn(block);
      seats.push(...found.slice(0, countMax - seats.length));
    }
    return seats;
  }

  /**
   * Looks which second is the first one, after flows of some blocks were brought back. All blocks may
   * have flows whose time is near, so only those are looked at that have others now.
   */
  lookAgain(numbers: ReadonlySet<number>): void {
    for (const number of numbers) {
      const block = this.#blocks[number];
      if (block !== undefined) this.#lookAgainIn(block);
    }
    let first = Infinity;
    for (const { second } of this.#unread.values()) first = Math.min(first, second);
    for (const block of this.#blocks) {
      if (block !== undefined && block.wakeSecond < first) first = block.wakeSecond;
    }
    this.#second = first;
  }

  #lookAgainIn(block: ColdBlock): void {
    block.lookAgain((place) => this.hasUnread && this.#unread.has(seatOf({ block, place })));
  }
}
