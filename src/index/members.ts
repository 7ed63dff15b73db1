/**
 * What an index asks about what it holds.
 *
 * @module
 */
/**
 * Tells the identity of a member by its handle: a small number that stays with the member for as
 * long as it is in any index. Indexes hold handles and numbers only, and ask when a tie needs it.
 */
export interface Members {
  /** The id. */
  idOf(handle: number): string;
  /** The partition. */
  partitionOf(handle: number): string;
  /** Orders two members by id, then by partition, bytewise. */
  compare(a: number, b: number): number;
}
