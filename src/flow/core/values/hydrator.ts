/**
 * Values beside the flow that refers to them.
 *
 * @module
 */
import type { FlowRecord, ShownValues } from "../../mod.ts";
import type { Hydration } from "../command.ts";
import type { Control } from "../flow.ts";
import type { NamedValues } from "./named_values.ts";
import type { ValueEncoding } from "./value.ts";
import { decodeValue } from "./value_codec.ts";

/** A value as it was found. */
export interface FoundValue {
  /** How to read the bytes. */
  readonly encoding: ValueEncoding;
  /** How many bytes it has. */
  readonly size: number;
  /** The bytes, perhaps among others in one buffer; undefined if there are more than were asked for. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * Reads the value with a number; the bytes only if there are at most `maxBytes` of them. Undefined:
 * there is none, or not any more.
 */
export type ReadValue = (lsn: number, maxBytes: number) => FoundValue | undefined;

/** Shows values, within what one reply may show. */
export class Hydrator {
  readonly #read: ReadValue;
  readonly #maxBytes: number;
  readonly #names: Hydration["values"];
  #leftBytes: number;
  #hasRunOut = false;

  /** @param hydration What may be shown; null: nothing. */
  constructor(hydration: Hydration | null, read: ReadValue) {
    this.#read = read;
    this.#maxBytes = hydration?.maxBytes ?? -1;
    this.#names = hydration?.values ?? [];
    this.#leftBytes = hydration?.totalBytesMax ?? -1;
  }

  /** Whether anything was asked for. */
  get showsValues(): boolean {
    return this.#maxBytes >= 0 || this.#names.length > 0;
  }

  /** Whether something was left out that it would have shown to somebody who comes before. */
  get hasRunOut(): boolean {
    return this.#hasRunOut;
  }

  /** The named values that were asked for. */
  named(held: NamedValues): Pick<FlowRecord, "values" | "valuesOmitted"> {
    if (this.#names.length === 0) return {};
    const values: [name: string, value: unknown][] = [];
    const omitted: string[] = [];
    for (const { name, lsn } of held) {
      if (lsn === 0 || (this.#names !== "all" && !this.#names.includes(name))) continue;
      const found = this.#read(lsn, this.#leftBytes);
      if (found === undefined) continue;
      const { encoding, size, bytes } = found;
      if (bytes === undefined) {
        this.#hasRunOut = true;
        omitted.push(name);
        continue;
      }
      this.#leftBytes -= size;
      values.push([name, decodeValue({ encoding, bytes })]);
    }
    return {
      ...values.length === 0 ? {} : { values: Object.fromEntries(values) },
      ...omitted.length === 0 ? {} : { valuesOmitted: omitted },
    };
  }

  /** The values that a control block refers to. */
  values({ payloadLsn, resultLsn, errorLsn }: Control): ShownValues {
    if (this.#maxBytes < 0) return {};
    return {
      ...this.#value("payload", payloadLsn),
      ...this.#value("result", resultLsn),
      ...this.#value("error", errorLsn),
    };
  }

  #value(name: "payload" | "result" | "error", lsn: number): ShownValues {
    if (lsn === 0) return {};
    const found = this.#read(lsn, Math.min(this.#maxBytes, this.#leftBytes));
    if (found === undefined) return { [name]: null, [`${name}Missing`]: true };
    const { encoding, size, bytes } = found;
    if (bytes === undefined) {
      if (size <= this.#maxBytes) this.#hasRunOut = true;
      return { [`${name}Omitted`]: true, [`${name}Size`]: size };
    }
    this.#leftBytes -= size;
    return { [name]: decodeValue({ encoding, bytes }), [`${name}Size`]: size };
  }
}
