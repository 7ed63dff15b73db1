/**
 * What a command is told to do to named values.
 *
 * @module
 */
import { checkObject, invalid, limitExceeded } from "../../../argument.ts";
import { sha256Hex } from "../../../codec/mod.ts";
import type { FlowLimits } from "../../mod.ts";
import type { DigestedValue, ValueChanges } from "../values/named_values.ts";
import type { Value, ValueLink } from "../values/value.ts";
import { encodeValue } from "../values/value_codec.ts";
import type { Arguments, ParseContext } from "./arguments.ts";
import { checkText, checkTexts } from "./checks.ts";
import { parseValueLink } from "./value_link.ts";

/** The names of the options that a new flow takes. */
export const NAMED_VALUES: readonly string[] = ["values", "valueRefs"];

/** The names of the options that a flow takes which exists. */
export const VALUE_CHANGES: readonly string[] = [
  ...NAMED_VALUES,
  "dropValues",
  "overrideValues",
];

/** Reads the options; undefined if they change nothing. */
export function valueChangesOf(args: Arguments): ValueChanges | undefined {
  if (VALUE_CHANGES.every((name) => args.raw(name) === undefined)) return undefined;
  const put = args.namedValues();
  const link = parseLinks(args.field("valueRefs"), args.raw("valueRefs"), args.limits);
  const drop = namesOf(args, "dropValues");
  const override = namesOf(args, "overrideValues");
  if (put.size + link.size + drop.length === 0) return undefined;
  return { drop, link, put, override };
}

/** Reads values by name. Those that are undefined are not there. */
export function parseNamedValues(
  field: string,
  given: unknown,
  { limits, memory }: ParseContext,
): ReadonlyMap<string, DigestedValue> {
  const room = { bytesMax: limits.valueBytesMax, memory };
  const values = new Map<string, DigestedValue>();
  for (const [name, member] of entriesOf(field, given, limits)) {
    const value = encodeValue(`${field}.${name}`, member, room);
    if (value !== undefined) values.set(name, digested(value));
  }
  return values;
}

/** A value with its digest. */
export function digested(value: Value): DigestedValue {
  return { value, digest: sha256Hex(value.bytes) };
}

function parseLinks(
  field: string,
  given: unknown,
  limits: FlowLimits,
): ReadonlyMap<string, ValueLink> {
  const links = new Map<string, ValueLink>();
  for (const [name, member] of entriesOf(field, given, limits)) {
    if (member === undefined) continue;
    const at = `${field}.${name}`;
    const isText = typeof member === "string";
    if (!isText && (typeof member !== "object" || member === null || !("ref" in member))) {
      throw invalid(at, member, "a reference, or an object with a ref");
    }
    const ref = isText ? member : member.ref;
    links.set(name, parseValueLink(isText ? at : `${at}.ref`, ref, limits.idBytesMax));
  }
  return links;
}

function entriesOf(field: string, given: unknown, limits: FlowLimits): [string, unknown][] {
  if (given === undefined) return [];
  const entries = Object.entries(checkObject(field, given));
  const { namedValuesMax, idBytesMax } = limits;
  if (entries.length > namedValuesMax) {
    throw limitExceeded(`${field}.length`, entries.length, namedValuesMax);
  }
  for (const [name] of entries) checkText(`${field} name`, name, idBytesMax);
  return entries;
}

/** One name, or a list of them; a list may be empty. */
function namesOf(args: Arguments, option: string): readonly string[] {
  const given = args.raw(option);
  if (given === undefined || (Array.isArray(given) && given.length === 0)) return [];
  const field = args.field(option);
  const { idBytesMax: bytesMax, namedValuesMax: countMax } = args.limits;
  if (typeof given === "string") return [checkText(field, given, bytesMax)];
  return checkTexts(field, given, { bytesMax, countMax });
}
