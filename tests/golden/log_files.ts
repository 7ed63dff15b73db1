/**
 * Files of a log as text: the rows of 64 bytes that are not all zeros, in hexadecimal.
 *
 * @module
 */

import type { Files } from "../log/log_store.ts";

const ROW_BYTES = 64;

/** One file. */
export interface GoldenFile {
  /** Its size, in bytes. */
  readonly size: number;
  /** Its rows, by offset. */
  readonly rows: Readonly<Record<string, string>>;
}

/** All files, by name. */
export type GoldenFiles = Readonly<Record<string, GoldenFile>>;

/** Files as text. */
export function toGolden(files: Files): GoldenFiles {
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => {
      const rows: Record<string, string> = {};
      for (let offset = 0; offset < bytes.length; offset += ROW_BYTES) {
        const row = bytes.subarray(offset, offset + ROW_BYTES);
        if (row.some((byte) => byte !== 0)) rows[offset] = toHex(row);
      }
      return [name, { size: bytes.length, rows }];
    }),
  );
}

/** Text as files. */
export function fromGolden(golden: GoldenFiles): Files {
  return Object.fromEntries(
    Object.entries(golden).map(([name, { size, rows }]) => {
      const bytes = new Uint8Array(size);
      for (const [offset, row] of Object.entries(rows)) bytes.set(fromHex(row), Number(offset));
      return [name, bytes];
    }),
  );
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
