/**
 * What an index asks about what it holds.
 *
 * @module
 */

/** A member as an index has it. */
export interface IndexedMember {
  /** The handle. */
  readonly handle: number;
  /** Whether it stands where its time and its identity say. */
  readonly isInOrder: boolean;
}

/** An order over members whose times are equal. */
export interface Ties {
  /** Below 0, 0 or above 0, as `a` stands before, with or after `b`. */
  compare(a: number, b: number): number;
  /**
   * A number that says the same as `compare()` wherever the numbers of two members differ, so that
   * most comparisons look at numbers only: a whole one from 0 to `RANK_MAX`. It tells those apart
   * best that begin with `prefix`.
   */
  rank(handle: number, prefix: Uint8Array): number;
  /** What members begin with, all of them. */
  prefixOf(handles: readonly number[]): Uint8Array;
}

/**
 * Tells the identity of a member by its handle: a small number that stays with the member for as
 * long as it is in any index. Indexes hold handles and numbers only, and ask when a tie needs it.
 */
export interface Members extends Ties {
  /** The id. */
  idOf(handle: number): string;
  /** The partition. */
  partitionOf(handle: number): string;
  /** 32 bits of a hash of a partition that nobody outside can predict. */
  partitionHash(partitionKey: string): number;
  /** Orders by id, then by partition, bytewise. */
  compare(a: number, b: number): number;
}
