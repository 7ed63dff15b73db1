/**
 * Numbers that repeat, in half a byte each.
 *
 * What stands beside one another in a log is alike: control blocks have as many bytes as those before
 * them, and flows that were created together are claimed together. So the numbers that came last are
 * kept at hand; one of those takes four bits wherever it comes again, and any other number takes
 * four bits and a few bytes.
 *
 * @module
 */

/** Numbers that are kept at hand. The code after the last of them announces another number. */
const RECENT_COUNT = 15;

/** How a column goes on: with the one number that all of them are, or with codes. */
const SAME = 0;
const CODES = 1;

/** The most bytes of a number. */
export const NUMBER_BYTES_MAX = 8;

/** The most bytes of a column. */
export function columnBytesMax(count: number): number {
  return 1 + Math.ceil(count / 2) + NUMBER_BYTES_MAX * count;
}

/** Writes whole numbers from 0 to 2^53 − 1 to bytes, or reads them back, one after the other. */
export class NumberColumns {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  readonly #recent = new Float64Array(RECENT_COUNT);

  /** Goes on at an offset of other bytes. What is written has room there. */
  goTo(bytes: Uint8Array, at: number): void {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Where the next number stands, or will. */
  get offset(): number {
    return this.#at;
  }

  /** Writes a number: seven bits a byte, the lowest first, and the highest bit if there are more. */
  write(number: number): void {
    let rest = number;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      this.#bytes[this.#at++] = rest % 0x80 + 0x80;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Reads a number. */
  read(): number {
    let number = 0;
    for (let scale = 1;; scale *= 0x80) {
      const byte = this.#bytes[this.#at++]!;
      if (byte < 0x80) return number + byte * scale;
      number += (byte - 0x80) * scale;
    }
  }

  /** Writes the first `count` numbers, at least one. */
  writeColumn(numbers: Float64Array, count: number): void {
    if (isUniform(numbers, count)) {
      this.write(SAME);
      return this.write(numbers[0]!);
    }
    this.write(CODES);
    const bytes = this.#bytes;
    const start = this.#at;
    this.#at += (count + 1) >> 1;
    const recent = this.#recent.fill(0);
    let next = 0;
    for (let index = 0; index < count; index++) {
      const number = numbers[index]!;
      let code = 0;
      while (code < RECENT_COUNT && recent[code] !== number) code++;
      if (code === RECENT_COUNT) {
        this.write(number);
        recent[next] = number;
        next = next === RECENT_COUNT - 1 ? 0 : next + 1;
      }
      const at = start + (index >> 1);
      if ((index & 1) === 0) bytes[at] = code;
      else bytes[at]! |= code << 4;
    }
  }

  /** Reads that many numbers. */
  readColumn(numbers: Float64Array, count: number): void {
    if (this.read() === SAME) return void numbers.fill(this.read(), 0, count);
    const bytes = this.#bytes;
    const start = this.#at;
    this.#at += (count + 1) >> 1;
    const recent = this.#recent.fill(0);
    let next = 0;
    for (let index = 0; index < count; index++) {
      const code = (bytes[start + (index >> 1)]! >> ((index & 1) << 2)) & 15;
      if (code < RECENT_COUNT) numbers[index] = recent[code]!;
      else {
        const number = this.read();
        numbers[index] = recent[next] = number;
        next = next === RECENT_COUNT - 1 ? 0 : next + 1;
      }
    }
  }
}

function isUniform(numbers: Float64Array, count: number): boolean {
  const first = numbers[0];
  for (let index = 1; index < count; index++) if (numbers[index] !== first) return false;
  return true;
}
