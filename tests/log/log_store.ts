/**
 * A log in memory, as the tests of this room use it.
 *
 * @module
 */

import { ByteWriter, crc32 } from "../../src/codec/mod.ts";
import { type Directory, memoryDirectory } from "../../src/files/mod.ts";
import {
  beginRecord,
  endRecord,
  type FileLogOptions,
  type Frame,
  type Log,
  type LogOutcome,
  Manifest,
  openFileLog,
  recordsOf,
  RecordType,
} from "../../src/log/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";

/** Opens the log of a directory, with the same randomness every time. */
export function openLog(directory: Directory, options: Partial<FileLogOptions> = {}): Log {
  const random = seededRandom(1);
  const manifest = Manifest.open({ directory, random });
  return openFileLog({ directory, manifest, random, ...options });
}

/** A frame on the end of the log, with a record for each text. */
export function frameOf(log: Pick<Log, "end">, ...texts: string[]): Frame {
  const writer = new ByteWriter();
  for (const [index, text] of texts.entries()) {
    const start = beginRecord(writer);
    writer.u8(index);
    writer.text(text);
    const lsn = log.end.lsn + 1 + index;
    endRecord(writer, start, { type: RecordType.VALUE, lsn, fixedLength: 1 });
  }
  return {
    base: log.end,
    timeMs: 1_000 + log.end.index,
    count: texts.length,
    body: writer.bytes(),
  };
}

/** Submits a frame and returns its outcome. */
export function submit(log: Log, frame: Frame): LogOutcome {
  let outcome: LogOutcome | undefined;
  log.onSettled((_frame, settled) => outcome = settled);
  log.submit(frame);
  if (outcome === undefined) throw new Error("A frame was not settled at once");
  return outcome;
}

/** Appends a frame of texts, which must succeed. */
export function append(log: Log, ...texts: string[]): void {
  log.nextPlace();
  const outcome = submit(log, frameOf(log, ...texts));
  if (outcome.kind !== "committed") throw new Error(`The frame is ${outcome.kind}`);
}

/** The texts in a log. */
export function textsOf(log: Log): string[] {
  const texts: string[] = [];
  for (const frame of log.read(0)) {
    for (const { record } of recordsOf(frame)) {
      texts.push(new TextDecoder().decode(record.rest.subarray(4)));
    }
  }
  return texts;
}

/** Files of a directory, by name. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** A copy of all files. */
export function filesOf(directory: Directory): Files {
  return Object.fromEntries(
    directory.list().map((name) => {
      const file = directory.open(name);
      const bytes = new Uint8Array(file.getSize());
      file.read(bytes, { at: 0 });
      file.close();
      return [name, bytes];
    }),
  );
}

/** A directory in memory with these files. */
export function directoryOf(files: Files): Directory {
  const directory = memoryDirectory();
  for (const [name, bytes] of Object.entries(files)) {
    const file = directory.open(name, { create: true });
    file.write(bytes, { at: 0 });
    file.close();
  }
  return directory;
}

/** Sets a byte of the header that `bytes` begin with, and its checksum. */
export function withHeaderField(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  bytes[offset] = value;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(60, crc32(bytes.subarray(0, 60)), true);
  return bytes;
}
