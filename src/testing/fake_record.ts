/**
 * Records for stores that only pretend.
 *
 * @module
 */
import { type FlowRecord, RUNNING } from "../flow/mod.ts";

/** What a {@linkcode fakeRecord} is to show; the rest is made up. */
export type FakeRecordMembers = Partial<FlowRecord>;

/**
 * A whole record from the few members that a test is about.
 *
 * With `runState` the flow is leased: its state is `"running"`, and it has a lease token, an owner
 * and a fencing number of 1, unless the members say otherwise.
 */
export function fakeRecord(members: FakeRecordMembers = {}): FlowRecord {
  const id = members.id ?? "flow-1";
  const isLeased = members.runState !== undefined && members.runState !== null;
  return {
    id,
    type: "email",
    state: isLeased ? RUNNING : "queued",
    runState: null,
    version: isLeased ? 2 : 1,
    attempts: 0,
    attemptsTotal: 0,
    reclaims: 0,
    fencingToken: isLeased ? 1 : 0,
    createdAtMs: 1_700_000_000_000,
    updatedAtMs: 1_700_000_000_000,
    nextRunAtMs: 1_700_000_000_000 + (isLeased ? 30_000 : 0),
    priority: 0,
    retentionTtlMs: 7 * 86_400_000,
    terminalRetentionUntilMs: null,
    historyMaxEvents: 100_000,
    partitionKey: "partition-1",
    payloadRef: null,
    valueRefs: {},
    resultRef: null,
    errorRef: null,
    parentFlowId: null,
    parentPartitionKey: null,
    parentGroupId: null,
    rootFlowId: id,
    childGroups: {},
    correlationId: null,
    attributes: {},
    rewoundToEventId: null,
    leaseOwner: isLeased ? "worker-1" : null,
    leaseToken: isLeased ? `lease-of-${id}` : null,
    leaseDeadlineMs: isLeased ? 1_700_000_030_000 : 0,
    ...members,
  };
}
