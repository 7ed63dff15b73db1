/**
 * The arguments of commands that exist for one flow and for many.
 *
 * @module
 */
import { checkObject, invalid, isObject, limitExceeded, ofItems, show } from "../../../argument.ts";
import { FlowError } from "../../../errors.ts";
import type { BatchMode } from "../command.ts";
import { pairName } from "../pair_name.ts";
import type { Value } from "../values/value.ts";
import { Arguments, argumentsOf, type ParseContext } from "./arguments.ts";

/** The names of the options of one command, in its three places. */
export interface OptionNames {
  /** For one flow. */
  readonly single: ReadonlySet<string>;
  /** In an item of a batch. */
  readonly item: ReadonlySet<string>;
  /** For all items of a batch. */
  readonly common: ReadonlySet<string>;
}

/** The names of a command's options, given those that it takes everywhere. */
export function optionNames(
  names: readonly string[],
  { ofItemOnly }: { readonly ofItemOnly: readonly string[] },
): OptionNames {
  return {
    single: new Set([...names, ...ofItemOnly, "nowMs"]),
    item: new Set(["id", "partitionKey", ...names, ...ofItemOnly]),
    common: new Set([...names, "nowMs", "independent", "partitionKey"]),
  };
}

/** What a command over items has besides its kind. */
export interface ParsedItems<Request> {
  readonly mode: BatchMode;
  readonly items: readonly Request[];
  readonly nowMs: number | undefined;
  readonly largeValues: readonly Value[];
}

/** Reads the options of a command over one flow. */
export function parseSingle<Request>(
  options: unknown,
  known: ReadonlySet<string>,
  context: ParseContext,
  requestOf: (args: Arguments) => Request,
): ParsedItems<Request> {
  const args = new Arguments(checkObject("options", options), { context, known });
  const nowMs = args.nowMs();
  const items = [requestOf(args)];
  return { mode: "single", items, nowMs, largeValues: args.largeValues };
}

/** What names a flow in a batch. */
interface Named {
  readonly id: string;
  readonly partitionKey: string | undefined;
}

/** How the items of a batch are read. */
export interface ItemReader<Request> {
  /** Reads one. */
  readonly requestOf: (args: Arguments) => Request;
  /** What names its flow, to find repetitions. */
  readonly nameOf: (request: Request) => Named;
  /** Whether an id alone may stand for an item. */
  readonly takesIds?: boolean;
}

/** Reads the items and the common options of a command over many flows. */
export function parseBatch<Request>(
  items: unknown,
  options: unknown,
  known: OptionNames,
  context: ParseContext,
  reader: ItemReader<Request>,
): ParsedItems<Request> {
  const common = argumentsOf(options, known.common, context);
  const nowMs = common.nowMs();
  const mode = common.boolean("independent", false) ? "independent" : "all";
  const largeValues: Value[] = [];
  const place = { context, known: known.item, common };
  const isOfPartition = common.raw("partitionKey") !== undefined;
  const readItem = (item: unknown, index: number): Request => {
    const given = reader.takesIds && typeof item === "string"
      ? { id: item }
      : isObject(item)
      ? item
      : checkObject(`items[${index}]`, item);
    const args = new Arguments(given, place, index);
    if (isOfPartition) checkPartition(args, common);
    const request = reader.requestOf(args);
    if (args.largeValues.length > 0) largeValues.push(...args.largeValues);
    return request;
  };
  const requests = ofItems(() => checkItems("items", items, context).map(readItem));
  largeValues.push(...common.largeValues);
  if (mode === "all") refuseRepetitions(requests, reader.nameOf);
  return { mode, items: requests, nowMs, largeValues };
}

/** A list of as many things as one command may have, one at least. */
export function checkItems(
  field: string,
  items: unknown,
  { limits: { batchItemsMax } }: ParseContext,
): readonly unknown[] {
  if (!Array.isArray(items) || items.length === 0) {
    throw invalid(field, items, "a non-empty array");
  }
  if (items.length > batchItemsMax) {
    throw limitExceeded(`${field}.length`, items.length, batchItemsMax);
  }
  return items;
}

/** Refuses an item in another partition than its batch. */
function checkPartition(item: Arguments, common: Arguments): void {
  const ofBatch = common.optionalText("partitionKey");
  const ofItem = item.optionalText("partitionKey");
  if (ofItem === ofBatch) return;
  const field = item.field("partitionKey");
  throw new FlowError(
    "partition_mismatch",
    `${field} is ${show(ofItem)}, but the batch is for partition ${show(ofBatch)}`,
    { details: { field, value: ofItem, limit: ofBatch } },
  );
}

function refuseRepetitions<Request>(
  requests: readonly Request[],
  nameOf: (request: Request) => Named,
): void {
  // Where every id is another one, nothing stands there twice, whatever the partitions.
  const numbers = new Numbers(requests.length);
  if (requests.every((request) => numbers.add(numberOf(nameOf(request).id)))) return;
  const seen = new Set<string>();
  for (const [index, request] of requests.entries()) {
    const { id, partitionKey } = nameOf(request);
    const name = partitionKey === undefined ? id : pairName(id, partitionKey);
    const kind = partitionKey === undefined ? "id" : "pair";
    const key = `${kind}:${name}`;
    if (seen.has(key)) {
      const field = `items[${index}].id`;
      throw new FlowError(
        "duplicate_id",
        `${field} ${show(id)} stands there twice, which only independent: true allows`,
        { details: { field, value: id, index } },
      );
    }
    seen.add(key);
  }
}

/** A set of numbers that are not 0. A set of the language takes four times as long. */
class Numbers {
  /** A number is in the first free place from its own one on. */
  readonly #places: Int32Array;

  /** @param countMax So many numbers at most. */
  constructor(countMax: number) {
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * countMax)));
  }

  /** Adds a number. Returns whether it was not there. */
  add(number: number): boolean {
    const places = this.#places;
    for (let place = number;; place++) {
      const at = place & (places.length - 1);
      if (places[at] === number) return false;
      if (places[at] !== 0) continue;
      places[at] = number;
      return true;
    }
  }
}

/** A number above 0 that is the same for the same text. */
function numberOf(text: string): number {
  let number = text.length;
  for (let index = 0; index < text.length; index++) {
    number = (Math.imul(number, 31) + text.charCodeAt(index)) & 0x3fff_ffff;
  }
  return number + 1;
}
