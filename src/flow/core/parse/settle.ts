/**
 * The arguments of the commands that decide what becomes of a flow.
 *
 * @module
 */
import { checkObject } from "../../../argument.ts";
import { LEASE_MS } from "../../../bounds.ts";
import type {
  CancelCommand,
  CancelRequest,
  CompleteCommand,
  CompleteRequest,
  ExtendLeaseCommand,
  FailCommand,
  FailRequest,
  FlowTarget,
  RetryCommand,
  RetryRequest,
  TransitionCommand,
  TransitionRequest,
} from "../command.ts";
import { Arguments, type ParseContext } from "./arguments.ts";
import {
  type OptionNames,
  optionNames,
  parseBatch,
  type ParsedItems,
  parseSingle,
} from "./batch.ts";
import { VALUE_CHANGES, valueChangesOf } from "./named_values.ts";
import { parseRetryPolicy } from "./policy.ts";
import { parseTarget } from "./target.ts";

const TOKENS = { ofItemOnly: ["leaseToken", "fencingToken"] };
const COMPLETE = optionNames(["result", "payload", "ttlMs", ...VALUE_CHANGES], TOKENS);
const TRANSITION = optionNames(
  ["from", "to", "runAtMs", "priority", "payload", "payloadRef", ...VALUE_CHANGES],
  TOKENS,
);
const RETRY = optionNames(["error", "payload", "runAtMs", "retry"], TOKENS);
const FAIL = optionNames(["error", "payload", "ttlMs", ...VALUE_CHANGES], TOKENS);
const CANCEL = optionNames(["reason", "ttlMs", ...VALUE_CHANGES], TOKENS);
const EXTEND_LEASE: ReadonlySet<string> = new Set([
  "leaseToken",
  "fencingToken",
  "leaseMs",
  "nowMs",
]);

/** Checks the arguments of `complete`. */
export function parseComplete(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): CompleteCommand {
  return { kind: "complete", ...one(flow, options, COMPLETE, context, COMPLETE_READER) };
}

/** Checks the arguments of `completeMany`. */
export function parseCompleteMany(
  items: unknown,
  options: unknown,
  context: ParseContext,
): CompleteCommand {
  return { kind: "complete", ...many(items, options, COMPLETE, context, COMPLETE_READER) };
}

/** Checks the arguments of `transition`. */
export function parseTransition(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): TransitionCommand {
  return { kind: "transition", ...one(flow, options, TRANSITION, context, TRANSITION_READER) };
}

/** Checks the arguments of `transitionMany`. */
export function parseTransitionMany(
  items: unknown,
  options: unknown,
  context: ParseContext,
): TransitionCommand {
  return { kind: "transition", ...many(items, options, TRANSITION, context, TRANSITION_READER) };
}

/** Checks the arguments of `retry`. */
export function parseRetry(flow: unknown, options: unknown, context: ParseContext): RetryCommand {
  return { kind: "retry", ...one(flow, options, RETRY, context, RETRY_READER) };
}

/** Checks the arguments of `retryMany`. */
export function parseRetryMany(
  items: unknown,
  options: unknown,
  context: ParseContext,
): RetryCommand {
  return { kind: "retry", ...many(items, options, RETRY, context, RETRY_READER) };
}

/** Checks the arguments of `fail`. */
export function parseFail(flow: unknown, options: unknown, context: ParseContext): FailCommand {
  return { kind: "fail", ...one(flow, options, FAIL, context, FAIL_READER) };
}

/** Checks the arguments of `failMany`. */
export function parseFailMany(
  items: unknown,
  options: unknown,
  context: ParseContext,
): FailCommand {
  return { kind: "fail", ...many(items, options, FAIL, context, FAIL_READER) };
}

/** Checks the arguments of `cancel`. */
export function parseCancel(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): CancelCommand {
  return { kind: "cancel", ...one(flow, options ?? {}, CANCEL, context, CANCEL_READER) };
}

/** Checks the arguments of `cancelMany`. */
export function parseCancelMany(
  items: unknown,
  options: unknown,
  context: ParseContext,
): CancelCommand {
  return { kind: "cancel", ...many(items, options, CANCEL, context, CANCEL_READER) };
}

/** Checks the arguments of `extendLease`. */
export function parseExtendLease(
  flow: unknown,
  options: unknown,
  context: ParseContext,
): ExtendLeaseCommand {
  const target = parseTarget(flow, context);
  const args = new Arguments(checkObject("options", options), { context, known: EXTEND_LEASE });
  return {
    kind: "extend_lease",
    target,
    proof: args.proof(),
    leaseMs: args.duration("leaseMs") ?? LEASE_MS,
    nowMs: args.nowMs(),
    largeValues: [],
  };
}

/** What a request says about the flow of one item. */
interface OfItem {
  readonly target: FlowTarget;
  readonly leaseToken: string | undefined;
  readonly fencingToken: number | undefined;
}

/** How the options of a command become a request. */
interface RequestReader<Request extends OfItem> {
  /** Reads what is about one flow, whatever the command. */
  readonly proofOf: (args: Arguments) => Pick<Request, "leaseToken" | "fencingToken">;
  /** Reads all of it. */
  readonly requestOf: (target: FlowTarget, args: Arguments) => Request;
}

function one<Request extends OfItem>(
  flow: unknown,
  options: unknown,
  known: OptionNames,
  context: ParseContext,
  { requestOf }: RequestReader<Request>,
): ParsedItems<Request> {
  const target = parseTarget(flow, context);
  return parseSingle(options, known.single, context, (args) => requestOf(target, args));
}

function many<Request extends OfItem>(
  items: unknown,
  options: unknown,
  known: OptionNames,
  context: ParseContext,
  { proofOf, requestOf }: RequestReader<Request>,
): ParsedItems<Request> {
  let common: Request | undefined;
  return parseBatch(items, options, known, context, {
    requestOf(args) {
      const target = args.target();
      if (!args.isBare) return requestOf(target, args);
      // Items that say nothing else ask for the same: only the first is read member by member.
      if (common === undefined) return common = requestOf(target, args);
      const { leaseToken, fencingToken } = proofOf(args);
      return { ...common, target, leaseToken, fencingToken };
    },
    nameOf: ({ target }) => target,
  });
}

const COMPLETE_READER: RequestReader<CompleteRequest> = {
  proofOf: (args) => args.proof(),
  requestOf: completeRequest,
};
const TRANSITION_READER: RequestReader<TransitionRequest> = {
  proofOf: transitionProof,
  requestOf: transitionRequest,
};
const RETRY_READER: RequestReader<RetryRequest> = {
  proofOf: (args) => args.proof(),
  requestOf: retryRequest,
};
const FAIL_READER: RequestReader<FailRequest> = {
  proofOf: (args) => args.proof(),
  requestOf: failRequest,
};
const CANCEL_READER: RequestReader<CancelRequest> = {
  proofOf: cancelProof,
  requestOf: cancelRequest,
};

function completeRequest(target: FlowTarget, args: Arguments): CompleteRequest {
  return {
    target,
    ...args.proof(),
    ttlMs: args.duration("ttlMs"),
    result: args.value("result"),
    payload: args.value("payload"),
    values: valueChangesOf(args),
  };
}

function transitionProof(
  args: Arguments,
): Pick<TransitionRequest, "leaseToken" | "fencingToken"> {
  const leaseToken = args.optionalText("leaseToken");
  return { leaseToken, fencingToken: args.requiredFencing() };
}

function transitionRequest(target: FlowTarget, args: Arguments): TransitionRequest {
  const from = args.text("from", "name the state that the flow is to be in");
  const to = args.liveState("to") ?? args.text("to", "name the state that the flow is to go to");
  return {
    target,
    from,
    to,
    ...transitionProof(args),
    runAtMs: args.raw("runAtMs") === null ? null : args.instant("runAtMs"),
    priority: args.priority(),
    payload: args.payload(),
    values: valueChangesOf(args),
  };
}

function retryRequest(target: FlowTarget, args: Arguments): RetryRequest {
  return {
    target,
    ...args.proof(),
    runAtMs: args.instant("runAtMs"),
    retry: parseRetryPolicy(args.field("retry"), args.raw("retry"), args.limits),
    error: args.value("error"),
    payload: args.value("payload"),
  };
}

function failRequest(target: FlowTarget, args: Arguments): FailRequest {
  return {
    target,
    ...args.proof(),
    ttlMs: args.duration("ttlMs"),
    error: args.value("error"),
    payload: args.value("payload"),
    values: valueChangesOf(args),
  };
}

/** A token proves nothing without its number. */
function cancelProof(args: Arguments): Pick<CancelRequest, "leaseToken" | "fencingToken"> {
  const leaseToken = args.optionalText("leaseToken");
  const fencingToken = leaseToken === undefined ? args.fencing() : args.requiredFencing();
  return { leaseToken, fencingToken };
}

function cancelRequest(target: FlowTarget, args: Arguments): CancelRequest {
  return {
    target,
    ...cancelProof(args),
    ttlMs: args.duration("ttlMs"),
    reason: args.value("reason"),
    values: valueChangesOf(args),
  };
}
