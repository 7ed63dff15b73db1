/**
 * The arguments of the commands and queries about keys.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import { KV_PARTITION } from "../../mod.ts";
import type { KvDeleteCommand, KvSetCommand, KvTarget } from "../kv_command.ts";
import { parseKeyCursor } from "../queries/cursor.ts";
import type { KvListQuery } from "../queries/kv_query.ts";
import { encodeValue } from "../values/value_codec.ts";
import { type Arguments, argumentsOf, type ParseContext } from "./arguments.ts";
import { checkText } from "./checks.ts";
import { countOf } from "./query.ts";

const GET: ReadonlySet<string> = new Set(["partitionKey"]);
const SET: ReadonlySet<string> = new Set(["partitionKey", "ttlMs", "ifVersion", "nowMs"]);
const DELETE: ReadonlySet<string> = new Set(["partitionKey", "ifVersion", "nowMs"]);
const LIST: ReadonlySet<string> = new Set(["partitionKey", "count", "cursor", "rev"]);

/** Checks the arguments of `kv.get`. */
export function parseKvGet(key: unknown, options: unknown, context: ParseContext): KvTarget {
  return targetOf(key, argumentsOf(options, GET, context));
}

/** Checks the arguments of `kv.set`. */
export function parseKvSet(
  { key, value: given }: { readonly key: unknown; readonly value: unknown },
  options: unknown,
  context: ParseContext,
): KvSetCommand {
  const args = argumentsOf(options, SET, context);
  const target = targetOf(key, args);
  const { kvValueBytesMax, valueInlineBytesMax } = context.limits;
  const { memory } = context;
  const value = encodeValue("value", given, { bytesMax: kvValueBytesMax, memory });
  if (value === undefined) throw invalid("value", given, "any JSON value or bytes");
  return {
    kind: "kv_set",
    ...target,
    value,
    ttlMs: args.duration("ttlMs"),
    ifVersion: args.raw("ifVersion") === null ? 0 : versionOf(args, 0),
    nowMs: args.nowMs(),
    largeValues: value.bytes.length > valueInlineBytesMax ? [value] : [],
  };
}

/** Checks the arguments of `kv.delete`. */
export function parseKvDelete(
  key: unknown,
  options: unknown,
  context: ParseContext,
): KvDeleteCommand {
  const args = argumentsOf(options, DELETE, context);
  return {
    kind: "kv_delete",
    ...targetOf(key, args),
    ifVersion: versionOf(args, 1),
    nowMs: args.nowMs(),
    largeValues: [],
  };
}

/** Checks the arguments of `kv.list`. */
export function parseKvList(
  prefix: unknown,
  options: unknown,
  context: ParseContext,
): KvListQuery {
  const args = argumentsOf(options, LIST, context);
  const { kvKeyBytesMax, claimBytesMax } = args.limits;
  if (typeof prefix !== "string") {
    throw invalid("prefix", prefix, 'a string: what keys begin with, "" for all of them');
  }
  const checked = prefix === "" ? prefix : checkText("prefix", prefix, kvKeyBytesMax);
  return {
    partitionKey: partitionOf(args),
    prefix: checked,
    count: countOf(args),
    after: afterOf(args, checked),
    rev: args.boolean("rev", false),
    totalBytesMax: claimBytesMax,
  };
}

function targetOf(key: unknown, args: Arguments): KvTarget {
  return {
    partitionKey: partitionOf(args),
    key: checkText("key", key, args.limits.kvKeyBytesMax),
  };
}

function partitionOf(args: Arguments): string {
  return args.optionalText("partitionKey") ?? KV_PARTITION;
}

function versionOf(args: Arguments, min: number): number | undefined {
  return args.integer("ifVersion", min, Number.MAX_SAFE_INTEGER);
}

function afterOf(args: Arguments, prefix: string): string | null {
  const cursor = args.raw("cursor");
  if (cursor === undefined || cursor === null) return null;
  const after = typeof cursor === "string" ? parseKeyCursor(cursor) : undefined;
  if (after === undefined || !after.startsWith(prefix)) {
    throw invalid("cursor", cursor, "null or a cursor that the last page of this prefix gave");
  }
  return after;
}
