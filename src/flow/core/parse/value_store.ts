/**
 * The arguments of `valuePut` and `valueMget`.
 *
 * @module
 */
import { contradiction, invalid, limitExceeded } from "../../../argument.ts";
import type { ValuePutCommand } from "../command.ts";
import type { ValuesQuery } from "../queries/query.ts";
import { encodeValue } from "../values/value_codec.ts";
import { parseValueRef } from "../values/value_ref.ts";
import { type Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { checkText } from "./checks.ts";
import { digested } from "./named_values.ts";

const VALUE_PUT: ReadonlySet<string> = new Set([
  "ownerFlowId",
  "partitionKey",
  "name",
  "override",
  "ttlMs",
  "nowMs",
]);

/** Checks the arguments of `valuePut`. */
export function parseValuePut(
  given: unknown,
  options: unknown,
  context: ParseContext,
): ValuePutCommand {
  const { valueBytesMax, valueInlineBytesMax } = context.limits;
  const { memory } = context;
  const value = encodeValue("value", given, { bytesMax: valueBytesMax, memory });
  if (value === undefined) throw invalid("value", given, "any JSON value or bytes");
  const args = argumentsOf(options, VALUE_PUT, context);
  const partitionKey = args.optionalText("partitionKey");
  const ttlMs = args.duration("ttlMs");
  const override = args.boolean("override", false);
  const owner = ownerOf(args, partitionKey);
  if (owner !== null && ttlMs !== undefined) {
    throw contradiction(
      "ttlMs",
      "is for values of no flow: those of a flow stay as long as it does",
    );
  }
  if (owner === null && override) {
    throw contradiction("override", "needs ownerFlowId and name: there is nothing to replace");
  }
  return {
    kind: "value_put",
    put: digested(value),
    owner,
    partitionKey,
    override,
    ttlMs,
    nowMs: args.nowMs(),
    largeValues: value.bytes.length > valueInlineBytesMax ? [value] : [],
  };
}

/** Checks the arguments of `valueMget`. */
export function parseValueMget(
  refs: unknown,
  { limits }: ParseContext,
): ValuesQuery {
  if (!Array.isArray(refs)) throw invalid("refs", refs, "an array of references");
  const { batchItemsMax, idBytesMax, valueBytesMax } = limits;
  if (refs.length > batchItemsMax) throw limitExceeded("refs.length", refs.length, batchItemsMax);
  return {
    lsns: refs.map((ref: unknown, index) =>
      parseValueRef(checkText(`refs[${index}]`, ref, idBytesMax)) ?? null
    ),
    totalBytesMax: valueBytesMax,
  };
}

function ownerOf(args: Arguments, partitionKey: string | undefined): ValuePutCommand["owner"] {
  const id = args.optionalText("ownerFlowId");
  const name = args.optionalText("name");
  if (id === undefined && name === undefined) return null;
  if (id === undefined) throw contradiction("name", "needs ownerFlowId: it is a name in a flow");
  if (name === undefined) throw contradiction("ownerFlowId", "needs name: a flow holds by name");
  return { target: { id, partitionKey }, name };
}
