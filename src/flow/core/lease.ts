/**
 * What a worker holds while a flow is leased.
 *
 * @module
 */
import type { Hash64 } from "../../codec/mod.ts";

/** A lease of a flow. It ends at the flow's `nextRunAtMs`. */
export class Lease {
  /** The name of the worker. */
  readonly owner: string;
  /** 64 random bits, from which the token is made. */
  readonly secret: Hash64;
  /** The token, and the fencing number that it was made with: it is wanted with every answer. */
  #token: string | undefined;
  #fencingToken = 0;

  /** A lease of a worker, with its random bits. */
  constructor(owner: string, secret: Hash64) {
    this.owner = owner;
    this.secret = secret;
  }

  /** The lease token as workers see it, of a flow with a fencing number. */
  token(fencingToken: number): string {
    const known = this.#token;
    if (known !== undefined && this.#fencingToken === fencingToken) return known;
    const { hi, lo } = this.secret;
    this.#fencingToken = fencingToken;
    return this.#token = `${fencingToken}-${hex(hi)}${hex(lo)}`;
  }
}

/** The two digits of every byte. */
const DIGITS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);

function hex(word: number): string {
  return DIGITS[word >>> 24]! + DIGITS[(word >>> 16) & 0xff]! + DIGITS[(word >>> 8) & 0xff]! +
    DIGITS[word & 0xff]!;
}
