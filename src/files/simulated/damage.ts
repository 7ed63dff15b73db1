/**
 * Damage to data at rest: what a disk does to bytes that nobody is writing.
 *
 * @module
 */

import { type Chance, chanceBelow } from "./chance.ts";
import { SECTOR_BYTES, type SimulatedFile } from "./file.ts";

/** The piece that a disk puts in the wrong place, in bytes. */
const PIECE_BYTES = 4_096;

/** Where the damage is to be. What is left out is chosen by chance among the bytes on the platter. */
export interface DamageTarget {
  /** Name of the file. */
  readonly name?: string;
  /** Offset in the file, in bytes. Needs `name`. */
  readonly at?: number;
}

/** Where the damage is. */
export interface Damage {
  /** Name of the file. */
  readonly name: string;
  /** Offset of the first byte that is damaged. */
  readonly at: number;
}

/** What can be damaged, and the chance that decides where. */
export interface DamagedDisk {
  readonly files: ReadonlyMap<string, SimulatedFile>;
  readonly random: Chance;
}

/** Flips one bit. Returns where, or `undefined` if there is nothing on the platter. */
export function flipBit(disk: DamagedDisk, target: DamageTarget): Damage | undefined {
  const place = choose(disk, target, 1);
  if (place === undefined) return undefined;
  const { file, name, at } = place;
  const byte = file.durable.slice(at, at + 1);
  byte[0] = (byte[0] ?? 0) ^ (1 << chanceBelow(disk.random, 8));
  file.damage(at, byte);
  return { name, at };
}

/** Fills one sector with zeros. Returns where, or `undefined` if that changes nothing. */
export function zeroSector(disk: DamagedDisk, target: DamageTarget): Damage | undefined {
  const place = choose(disk, target, SECTOR_BYTES);
  if (place === undefined) return undefined;
  const { file, name, at } = place;
  if (file.durable.slice(at, at + SECTOR_BYTES).every((byte) => byte === 0)) return undefined;
  file.damage(at, new Uint8Array(SECTOR_BYTES));
  return { name, at };
}

/**
 * Exchanges two aligned pieces of 4 KiB, in one file or in two. Returns both places, or
 * `undefined` if that changes nothing.
 */
export function swapPieces(
  disk: DamagedDisk,
  target: DamageTarget,
): readonly [Damage, Damage] | undefined {
  const one = choose(disk, target, PIECE_BYTES);
  const two = choose(disk, {}, PIECE_BYTES);
  if (one === undefined || two === undefined) return undefined;
  const first = one.file.durable.slice(one.at, one.at + PIECE_BYTES);
  const second = two.file.durable.slice(two.at, two.at + PIECE_BYTES);
  const length = Math.min(first.length, second.length);
  if (first.subarray(0, length).every((byte, index) => byte === second[index])) return undefined;
  one.file.damage(one.at, second.subarray(0, length));
  two.file.damage(two.at, first.subarray(0, length));
  return [{ name: one.name, at: one.at }, { name: two.name, at: two.at }];
}

/** A file and an offset in it, every byte on the platter being as likely as the others. */
function choose(
  { files, random }: DamagedDisk,
  target: DamageTarget,
  alignBytes: number,
): { file: SimulatedFile; name: string; at: number } | undefined {
  const names = target.name === undefined ? [...files.keys()].sort() : [target.name];
  const sizes = names.map((name) => files.get(name)?.durable.size ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) return undefined;
  let at = target.at ?? chanceBelow(random, total);
  for (const [index, name] of names.entries()) {
    const size = sizes[index] ?? 0;
    const file = files.get(name);
    if (file !== undefined && at < size) return { file, name, at: at - (at % alignBytes) };
    at -= size;
  }
  return undefined;
}
