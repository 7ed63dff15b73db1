/**
 * SHA-256 (FIPS 180-4), as the platform has it in promises only.
 *
 * @module
 */

const BLOCK_BYTES = 64;
const ROUND_COUNT = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes. */
function rootBits(count: number, power: number): number[] {
  const bits: number[] = [];
  for (let n = 2; bits.length < count; n++) {
    if (!isPrime(n)) continue;
    const root = n ** power;
    bits.push(Math.floor((root - Math.floor(root)) * 2 ** 32));
  }
  return bits;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

const CONSTANTS: readonly number[] = rootBits(ROUND_COUNT, 1 / 3);
const START: readonly number[] = rootBits(8, 1 / 2);

/** The SHA-256 of bytes, in lowercase hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  const hash = Uint32Array.from(START);
  const words = new Uint32Array(ROUND_COUNT);
  const wholeBytes = bytes.length - bytes.length % BLOCK_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < wholeBytes; at += BLOCK_BYTES) compress(hash, words, view, at);
  const tail = lastBlocks(bytes.subarray(wholeBytes), bytes.length);
  for (let at = 0; at < tail.byteLength; at += BLOCK_BYTES) compress(hash, words, tail, at);
  return [...hash].map((word) => word.toString(16).padStart(8, "0")).join("");
}

/** The rest of the message, a one bit, zeros, and how many bits there were. */
function lastBlocks(rest: Uint8Array, byteCount: number): DataView {
  const blockCount = rest.length + 9 > BLOCK_BYTES ? 2 : 1;
  const bytes = new Uint8Array(blockCount * BLOCK_BYTES);
  bytes.set(rest);
  bytes[rest.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(byteCount / 2 ** 29));
  view.setUint32(bytes.length - 4, byteCount * 8);
  return view;
}

function compress(hash: Uint32Array, words: Uint32Array, block: DataView, at: number): void {
  for (let i = 0; i < 16; i++) words[i] = block.getUint32(at + 4 * i);
  for (let i = 16; i < ROUND_COUNT; i++) {
    const x = words[i - 15]!;
    const y = words[i - 2]!;
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    words[i] = words[i - 16]! + s0 + words[i - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = hash as unknown as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  for (let i = 0; i < ROUND_COUNT; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + CONSTANTS[i]! + words[i]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e] = [g, f, e, (d + t1) | 0];
    [d, c, b, a] = [c, b, a, (t1 + t2) | 0];
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) hash[i] = hash[i]! + word;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
