/**
 * The group that a flow is in, in records.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../../../codec/mod.ts";
import type { Membership } from "../families/group.ts";

/** Writes the group that a flow is in. */
export function writeMembership(writer: ByteWriter, membership: Membership): void {
  writer.text(membership.parentPartitionKey);
  writer.text(membership.groupId);
  writer.u48(membership.group);
}

/** Reads the group that a flow is in. */
export function readMembership(rest: ByteReader): Membership {
  return { parentPartitionKey: rest.text(), groupId: rest.text(), group: rest.u48() };
}
