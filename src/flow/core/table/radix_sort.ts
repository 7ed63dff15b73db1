/**
 * Putting very many numbers in order.
 *
 * @module
 */

/** Bits that are looked at in one pass. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

const WORD = 0x1_0000_0000;

/**
 * Numbers in the order of what they stand for, whole numbers from 0 on. A million take a tenth of
 * what a sort takes that compares them two by two.
 */
export function sortedBy(numbers: Uint32Array, keyOf: (number: number) => number): Uint32Array {
  let least = Infinity;
  let greatest = 0;
  for (let index = 0; index < numbers.length; index++) {
    const key = keyOf(numbers[index]!);
    if (key < least) least = key;
    if (key > greatest) greatest = key;
  }
  const range = greatest - least;
  const sorted = sortedByWord(numbers, (number) => (keyOf(number) - least) % WORD, range);
  if (range < WORD) return sorted;
  return sortedByWord(sorted, (number) => Math.floor((keyOf(number) - least) / WORD), range / WORD);
}

/** Sorts by a number below 2^32, digit by digit; what has the same stays in its order. */
function sortedByWord(
  numbers: Uint32Array,
  wordOf: (number: number) => number,
  greatest: number,
): Uint32Array {
  // Neither `from` nor `of`: with those a million numbers take Bun a tenth of a second more.
  let words = new Uint32Array(numbers.length);
  for (let index = 0; index < words.length; index++) words[index] = wordOf(numbers[index]!);
  let sorted = numbers;
  for (let shift = 0; shift < 32 && greatest >= 2 ** shift; shift += DIGIT_BITS) {
    const places = new Uint32Array(DIGITS + 1);
    for (let index = 0; index < words.length; index++) {
      places[((words[index]! >>> shift) & (DIGITS - 1)) + 1]! += 1;
    }
    for (let digit = 1; digit <= DIGITS; digit++) places[digit]! += places[digit - 1]!;
    const nextWords = new Uint32Array(words.length);
    const next = new Uint32Array(words.length);
    for (let index = 0; index < words.length; index++) {
      const word = words[index]!;
      const place = places[(word >>> shift) & (DIGITS - 1)]!++;
      nextWords[place] = word;
      next[place] = sorted[index]!;
    }
    words = nextWords;
    sorted = next;
  }
  return sorted;
}
