/**
 * The arguments of `create` and `createMany`.
 *
 * @module
 */
import { crc32OfText } from "../../../codec/mod.ts";
import type { CreateCommand, CreateRequest } from "../command.ts";
import type { ChildRequest } from "../families/family_command.ts";
import type { Arguments, ParseContext } from "./arguments.ts";
import { optionNames, parseBatch, parseSingle } from "./batch.ts";
import { checkText, HISTORY_EVENTS_MAX } from "./checks.ts";
import { NAMED_VALUES, valueChangesOf } from "./named_values.ts";

/** Partitions for flows that are created without one. */
const AUTO_PARTITIONS: readonly string[] = Array.from(
  { length: 256 },
  (_, number) => `__flow_auto__:${number}`,
);

/** What can be said about a flow whose partition and parent are given by what it is a child of. */
export const OF_CHILD: readonly string[] = [
  "type",
  "state",
  "runAtMs",
  "priority",
  "payload",
  "payloadRef",
  ...NAMED_VALUES,
  "correlationId",
  "attributes",
  "idempotent",
  "retentionTtlMs",
  "historyMaxEvents",
];

const KNOWN = optionNames(
  ["partitionKey", ...OF_CHILD, "parentFlowId", "rootFlowId"],
  { ofItemOnly: [] },
);

/** Checks the arguments of `create`. */
export function parseCreate(id: unknown, options: unknown, context: ParseContext): CreateCommand {
  const checkedId = checkText("id", id, context.limits.idBytesMax);
  return {
    kind: "create",
    ...parseSingle(options, KNOWN.single, context, (args) => requestOf(checkedId, args)),
  };
}

/** Checks the arguments of `createMany`. */
export function parseCreateMany(
  items: unknown,
  options: unknown,
  context: ParseContext,
): CreateCommand {
  let common: CreateRequest | undefined;
  /** Items that give nothing but a name ask for the same: only the first is read member by member. */
  const itemOf = (id: string, args: Arguments): CreateRequest => {
    if (!args.isBare) return requestOf(id, args);
    if (common === undefined) return common = requestOf(id, args);
    const partitionKey = args.optionalText("partitionKey") ?? automaticPartition(id);
    return { ...common, id, partitionKey };
  };
  return {
    kind: "create",
    ...parseBatch(items, options, KNOWN, context, {
      requestOf: (args) => itemOf(args.text("id", "give every flow an id"), args),
      nameOf: (request) => request,
      takesIds: true,
    }),
  };
}

function requestOf(id: string, args: Arguments): CreateRequest {
  const request = childRequestOf(id, args);
  // A spread only where it is needed: it takes as long as reading all members.
  return hasPartition(request) ? request : { ...request, partitionKey: automaticPartition(id) };
}

function hasPartition(request: ChildRequest): request is ChildRequest & CreateRequest {
  return request.partitionKey !== undefined;
}

/** What the options say about a flow to create. Of a child they cannot say who its parent is. */
export function childRequestOf(id: string, args: Arguments): ChildRequest {
  return {
    id,
    type: args.text("type", "name the workflow type"),
    state: args.liveState("state"),
    parentFlowId: args.optionalText("parentFlowId"),
    rootFlowId: args.optionalText("rootFlowId"),
    correlationId: args.optionalText("correlationId"),
    idempotent: args.boolean("idempotent", false),
    runAtMs: args.instant("runAtMs"),
    retentionTtlMs: args.duration("retentionTtlMs"),
    historyMaxEvents: args.count("historyMaxEvents", 1, HISTORY_EVENTS_MAX),
    priority: args.priority(),
    partitionKey: args.optionalText("partitionKey"),
    attributes: args.attributes(),
    payload: args.payload(),
    values: valueChangesOf(args),
  };
}

/** The partition of a flow that nobody chose one for. */
function automaticPartition(id: string): string {
  return AUTO_PARTITIONS[crc32OfText(id) % AUTO_PARTITIONS.length]!;
}
