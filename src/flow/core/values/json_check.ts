/**
 * What JSON can hold, so that what comes back is what was given.
 *
 * @module
 */
import { article } from "../../../argument.ts";
import { FlowError } from "../../../errors.ts";

/** Deeper values overflow the stack of one runtime or another. */
const DEPTH_MAX = 1_000;

/**
 * Refuses a value that JSON would make another one of, or choke on, naming the place. What is left is
 * what JSON does to plain values: -0 becomes 0, and members are left out that are undefined, not
 * enumerable or named by a symbol, and those of an array beside its elements. To look for these would
 * cost every value more than they are worth.
 *
 * @param field What the value is called in errors.
 */
export function refuseUnlessJson(field: string, value: unknown): void {
  check(value, { field, path: [], ancestors: [] });
}

/** Where in the value the check is. */
interface Place {
  readonly field: string;
  readonly path: (string | number)[];
  readonly ancestors: object[];
}

function check(value: unknown, place: Place): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) refuse(place, `is ${value}`, "use null or a string");
      return;
    case "object":
      if (value !== null) checkObject(value, place);
      return;
    case "bigint":
      return refuse(place, "is a bigint", "use a string");
    case "undefined":
      return refuse(place, "is undefined", "use null");
    default:
      return refuse(place, `is ${article(typeof value)}`, "leave it out");
  }
}

function checkObject(value: object, place: Place): void {
  if (!Array.isArray(value) && !isPlain(value)) {
    refuse(place, `is ${article(nameOf(value))}`, adviceFor(value));
  }
  if (place.ancestors.includes(value)) refuse(place, "contains itself", "break the cycle");
  if (place.ancestors.length >= DEPTH_MAX) {
    refuse(place, `is nested deeper than ${DEPTH_MAX}`, "use a flatter value");
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    refuse(place, "has toJSON(), which would be called", "store what it returns");
  }
  place.ancestors.push(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      place.path.push(index);
      check(value[index], place);
      place.path.pop();
    }
  } else {
    for (const name of Object.keys(value)) {
      const member: unknown = (value as Record<string, unknown>)[name];
      if (member === undefined) continue;
      place.path.push(name);
      check(member, place);
      place.path.pop();
    }
  }
  place.ancestors.pop();
}

/** Whether an object is nothing but its own members; also one of another realm. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

function nameOf(value: object): string {
  return value.constructor?.name || "class instance";
}

function adviceFor(value: object): string {
  if (value instanceof Date) return "use its milliseconds or toISOString()";
  if (value instanceof Map || value instanceof Set) return "use a plain object or an array";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return "use a Uint8Array as the whole value";
  }
  return "use a plain object";
}

function refuse({ field, path }: Place, what: string, advice: string): never {
  const at = path.reduce<string>(
    (text, step) => typeof step === "number" ? `${text}[${step}]` : `${text}${member(step)}`,
    field,
  );
  throw new FlowError("invalid_argument", `${at} ${what}, which JSON cannot hold: ${advice}`, {
    details: { field: at },
  });
}

function member(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
