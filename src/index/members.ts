/**
 * What an index asks about what it holds.
 *
 * @module
 */
import { compareUtf8 } from "./utf8_order.ts";

/**
 * Tells the identity of a member by its handle: a small number that stays with the member for as
 * long as it is in any index. Indexes hold handles and numbers only, and ask when a tie needs it.
 */
export interface Members {
  /** The id. */
  idOf(handle: number): string;
  /** The partition. */
  partitionOf(handle: number): string;
}

/** Orders members whose times are equal: by id, then by partition, bytewise. */
export function compareIdentity(members: Members, a: number, b: number): number {
  return compareUtf8(members.idOf(a), members.idOf(b)) ||
    compareUtf8(members.partitionOf(a), members.partitionOf(b));
}
