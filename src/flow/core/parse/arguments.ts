/**
 * The options of one command, or of one item of a batch, as they are read.
 *
 * @module
 */
import {
  checkBoolean,
  checkInteger,
  checkObject,
  contradiction,
  invalid,
  isIntegerIn,
  limitExceeded,
  missing,
} from "../../../argument.ts";
import { DURATION_MS_MAX, PRIORITY_MAX } from "../../../bounds.ts";
import { unknownOption } from "../../../unknown_option.ts";
import type { Attributes, FlowLimits, Priority } from "../../mod.ts";
import type { FlowTarget, LeaseProof } from "../command.ts";
import type { DigestedValue } from "../values/named_values.ts";
import type { Value, ValueLink } from "../values/value.ts";
import { encodeValue } from "../values/value_codec.ts";
import type { ValueMemory } from "../values/value_memory.ts";
import {
  checkCount,
  checkLiveState,
  checkTargetState,
  checkText,
  INSTANT_MS_MAX,
  isShortText,
} from "./checks.ts";
import { parseNamedValues } from "./named_values.ts";
import { parseValueLink } from "./value_link.ts";

/** What a store allows its callers. */
export interface ParseContext {
  /** The limits of the store. */
  readonly limits: FlowLimits;
  /** Whether the clock is moved by hand, so that commands may name their time. */
  readonly manualClock: boolean;
  /** Where the bytes of values are. Default: each has an array of its own. */
  readonly memory?: ValueMemory;
}

/** Options that were handed in: nobody knows what they are. */
type Given = Readonly<Record<string, unknown>>;

/** Where options stand. All items of a batch have the same. */
export interface ArgumentsPlace {
  /** What the store allows. */
  readonly context: ParseContext;
  /** The names that exist. */
  readonly known: ReadonlySet<string>;
  /** What stands before the name of an option in errors, such as `retry.`; not of items. */
  readonly at?: string;
  /** Options that hold where nothing else is said. */
  readonly common?: Arguments;
}

const NO_VALUES: readonly Value[] = [];
const NOTHING_NAMED: ReadonlyMap<string, DigestedValue> = new Map();

/** What most items of a batch say, and nothing else. */
type BareName = "id" | "partitionKey" | "leaseToken" | "fencingToken";

/** Reads options by name and refuses what is wrong with them. */
export class Arguments {
  readonly #given: Given;
  readonly #place: ArgumentsPlace;
  /** -1: not of an item. */
  readonly #index: number;
  #values: Map<string, Value> | undefined;
  #named: ReadonlyMap<string, DigestedValue> | undefined;
  #largeValues: readonly Value[] = NO_VALUES;
  #isBare = true;

  /**
   * @param given The options. Undefined means that a member was not given.
   * @param index Of which item they are. Default: of none.
   */
  constructor(given: Given, place: ArgumentsPlace, index: number = -1) {
    this.#given = given;
    this.#place = place;
    this.#index = index;
    const { known } = place;
    for (const name in given) {
      if (!known.has(name)) throw unknownOption(this.#at, name, known);
      if (!isBareName(name)) this.#isBare = false;
    }
  }

  /** The limits of the store. */
  get limits(): FlowLimits {
    return this.#place.context.limits;
  }

  /** Whether the options name a flow, perhaps prove its lease, and say nothing else. */
  get isBare(): boolean {
    return this.#isBare;
  }

  /** Values above the inline limit that were read so far. */
  get largeValues(): readonly Value[] {
    return this.#largeValues;
  }

  /** What was given, undefined if nothing was. */
  raw(name: string): unknown {
    const own = isBareName(name) ? ownOf(this.#given, name) : this.#given[name];
    return own === undefined ? this.#common?.raw(name) : own;
  }

  /** The name of an option as errors show it. */
  field(name: string): string {
    return this.#common === undefined || this.#given[name] !== undefined
      ? `${this.#at}${name}`
      : this.#common.field(name);
  }

  /** A text that has to be there. */
  text(name: string, advice: string): string {
    return this.optionalText(name) ?? this.#missing(name, advice);
  }

  /** A text of 1 to `idBytesMax` bytes. */
  optionalText(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const { idBytesMax } = this.limits;
    return isShortText(value, idBytesMax) ? value : checkText(this.field(name), value, idBytesMax);
  }

  /** A state that a flow can be put into. */
  liveState(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return checkLiveState(this.field(name), value, this.limits.idBytesMax);
  }

  /** A state that a flow can come to, also by ending. */
  targetState(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return checkTargetState(this.field(name), value, this.limits.idBytesMax);
  }

  /** True or false; `otherwise` if not given. */
  boolean(name: string, otherwise: boolean): boolean {
    const value = this.raw(name);
    return value === undefined ? otherwise : checkBoolean(this.field(name), value);
  }

  /** A whole number. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return isIntegerIn(value, min, max)
      ? value + 0
      : checkInteger(this.field(name), value, min, max);
  }

  /** A whole number that a limit of the store bounds. */
  count(name: string, min: number, max: number): number | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : checkCount(this.field(name), value, min, max);
  }

  /** An instant in milliseconds. */
  instant(name: string): number | undefined {
    return this.integer(name, 0, INSTANT_MS_MAX);
  }

  /** A duration in milliseconds that is not nothing. */
  duration(name: string): number | undefined {
    return this.integer(name, 1, DURATION_MS_MAX);
  }

  /** How urgent a flow is. */
  priority(): Priority | undefined {
    return this.integer("priority", 0, PRIORITY_MAX) as Priority | undefined;
  }

  /** What ends a wait. */
  signal(): AbortSignal | undefined {
    const signal = this.raw("signal");
    if (signal === undefined || signal instanceof AbortSignal) return signal;
    throw invalid(this.field("signal"), signal, "an AbortSignal");
  }

  /** The command's own time. */
  nowMs(): number | undefined {
    const nowMs = this.instant("nowMs");
    if (nowMs !== undefined && !this.#context.manualClock) {
      throw contradiction("nowMs", "is accepted only by a store opened with a manual clock");
    }
    return nowMs;
  }

  /** A payload, result or error. What a batch shares is encoded once. */
  value(name: string): Value | undefined {
    if (this.#given[name] === undefined && this.#common !== undefined) {
      return this.#common.value(name);
    }
    const given = this.#given[name];
    if (given === undefined) return undefined;
    const known = this.#values?.get(name);
    if (known !== undefined) return known;
    const { memory } = this.#context;
    const room = { bytesMax: this.limits.valueBytesMax, memory };
    const value = encodeValue(this.field(name), given, room);
    if (value === undefined) return undefined;
    this.#values ??= new Map();
    this.#values.set(name, value);
    this.#noteIfLarge(value);
    return value;
  }

  /** A payload that may be stored already. */
  payload(): Value | ValueLink | undefined {
    const payload = this.value("payload");
    const ref = this.raw("payloadRef");
    if (ref === undefined) return payload;
    const field = this.field("payloadRef");
    if (payload !== undefined) {
      throw contradiction(field, "stands beside payload: give one of them");
    }
    return parseValueLink(field, ref, this.limits.idBytesMax);
  }

  /** Values by name. What a batch shares is encoded once. */
  namedValues(): ReadonlyMap<string, DigestedValue> {
    const given = this.#given["values"];
    if (given === undefined) return this.#common?.namedValues() ?? NOTHING_NAMED;
    if (this.#named !== undefined) return this.#named;
    this.#named = parseNamedValues(this.field("values"), given, this.#context);
    for (const { value } of this.#named.values()) this.#noteIfLarge(value);
    return this.#named;
  }

  /** What proves that the caller holds the lease. */
  proof(): LeaseProof {
    const leaseToken = this.text("leaseToken", "hand over the leaseToken that the claim gave");
    return { leaseToken, fencingToken: this.requiredFencing() };
  }

  /** The fencing number, which has to be there. */
  requiredFencing(): number {
    return this.fencing() ??
      this.#missing("fencingToken", "hand over the fencingToken of the flow's record");
  }

  /** The fencing number. */
  fencing(): number | undefined {
    return this.integer("fencingToken", 0, Number.MAX_SAFE_INTEGER);
  }

  /** The flow that an item of a batch names. */
  target(): FlowTarget {
    const id = this.text("id", "name the flow");
    return { id, partitionKey: this.optionalText("partitionKey") };
  }

  /** Facts to attach to a flow. */
  attributes(): Attributes | undefined {
    const value = this.raw("attributes");
    if (value === undefined) return undefined;
    const field = this.field("attributes");
    const entries = Object.entries(checkObject(field, value));
    const { attributesMax, attributeBytesMax } = this.limits;
    if (entries.length > attributesMax) {
      throw limitExceeded(`${field}.length`, entries.length, attributesMax);
    }
    for (const [name, fact] of entries) {
      checkText(`${field} name`, name, attributeBytesMax);
      checkFact(`${field}.${name}`, fact, attributeBytesMax);
    }
    return Object.fromEntries(entries) as Attributes;
  }

  /** What stands before the name of an option in errors. Put together only when one is to show it. */
  get #at(): string {
    return this.#index < 0 ? this.#place.at ?? "" : `items[${this.#index}].`;
  }

  get #context(): ParseContext {
    return this.#place.context;
  }

  get #common(): Arguments | undefined {
    return this.#place.common;
  }

  #noteIfLarge(value: Value): void {
    if (value.bytes.length <= this.limits.valueInlineBytesMax) return;
    this.#largeValues = [...this.#largeValues, value];
  }

  #missing(name: string, advice: string): never {
    throw missing(`${this.#at}${name}`, advice);
  }
}

/** The options of a call that needs none. */
export function argumentsOf(
  options: unknown,
  known: ReadonlySet<string>,
  context: ParseContext,
): Arguments {
  return new Arguments(checkObject("options", options ?? {}), { context, known });
}

function isBareName(name: string): name is BareName {
  return name === "id" || name === "partitionKey" || name === "leaseToken" ||
    name === "fencingToken";
}

/** A member, by a name that stands in the code: engines find it in a fraction of the time. */
function ownOf(given: Given, name: BareName): unknown {
  switch (name) {
    case "id":
      return given["id"];
    case "partitionKey":
      return given["partitionKey"];
    case "leaseToken":
      return given["leaseToken"];
    case "fencingToken":
      return given["fencingToken"];
  }
}

function checkFact(field: string, fact: unknown, bytesMax: number): void {
  if (typeof fact === "boolean" || fact === "") return;
  if (typeof fact === "string") checkText(field, fact, bytesMax);
  else if (typeof fact !== "number" || !Number.isFinite(fact)) {
    throw invalid(field, fact, "a string, a finite number, true or false");
  }
}
