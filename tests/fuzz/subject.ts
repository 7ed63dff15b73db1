/**
 * Decoders that get bytes which nobody wrote.
 *
 * @module
 */

import process from "node:process";
import { seededRandom } from "../../src/time/mod.ts";
import { fail } from "../assert.ts";
import { currentRuntime } from "../runtimes.ts";
import { mutated } from "./mutation.ts";

/** A decoder, and what it promises. */
export interface Subject {
  /** What it reads. */
  readonly name: string;
  /** What an encoder wrote. */
  readonly valid: readonly Uint8Array[];
  /** Reads bytes and writes what it has read. Undefined: it refuses them. */
  readonly again: (bytes: Uint8Array) => Uint8Array | undefined;
  /** Whether it may throw an error. Default: none. */
  readonly refuses?: (error: unknown) => boolean;
  /** Makes checksums right again, so that what stands behind them is read, too. */
  readonly seal?: (bytes: Uint8Array) => void;
  /** Bytes that are left out of what is written, by offset. Default: there are none. */
  readonly ignores?: (at: number) => boolean;
  /**
   * Whether one value has one form, so that whatever is read is written as it was. Otherwise what was
   * written once is written like that for ever. Default true.
   */
  readonly isCanonical?: boolean;
}

/** So many changed encodings are read of every hundred thousand, all subjects together. */
const CASES = currentRuntime === "deno" ? 200_000 : 40_000;

/** Reads what is nearly right, and fails if a decoder breaks its promises. */
export function fuzz(subject: Subject, share: number): void {
  const seed = Number(process.env["FLOWCASK_SEED"] ?? 1);
  const count = Math.ceil(CASES * share * Number(process.env["FLOWCASK_RUNS"] ?? 1));
  const random = seededRandom(seed);
  for (const bytes of subject.valid) check(subject, bytes, bytes);
  for (let number = 0; number < count; number++) {
    const origin = subject.valid[random.u32() % subject.valid.length]!;
    const bytes = mutated(origin, random, subject.valid);
    // Half of them are damage, the others say something else and mean it.
    if (random.u32() % 2 === 0) subject.seal?.(bytes);
    try {
      check(subject, bytes, undefined);
    } catch (error) {
      const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      fail(`${subject.name}, seed ${seed}, case ${number}: ${error}\n${hex}`);
    }
  }
}

function check(subject: Subject, bytes: Uint8Array, expected: Uint8Array | undefined): void {
  const { again, refuses = () => false, ignores = () => false, isCanonical = true } = subject;
  let written: Uint8Array | undefined;
  try {
    written = again(bytes);
  } catch (error) {
    if (expected === undefined && refuses(error)) return;
    throw error;
  }
  if (written === undefined) {
    if (expected !== undefined) fail("what an encoder wrote is refused");
    return;
  }
  if (expected !== undefined || isCanonical) compare(written, bytes, ignores);
  const twice = again(written);
  if (twice === undefined) fail("what was read and written is refused");
  compare(twice, written, () => false);
}

function compare(
  written: Uint8Array,
  bytes: Uint8Array,
  ignores: (at: number) => boolean,
): void {
  const at = written.findIndex((byte, index) => byte !== bytes[index] && !ignores(index));
  if (at >= 0) fail(`byte ${at} was read as ${bytes[at]} and is written as ${written[at]}`);
  if (written.length > bytes.length) fail(`${bytes.length} bytes become ${written.length}`);
}
