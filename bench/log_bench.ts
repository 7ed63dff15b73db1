/**
 * What an append to the log costs, against the same bytes written and synced by hand.
 *
 * The difference is the log's own: header, checksums, and the walk through `Log`.
 *
 * @module
 */
import { ByteWriter } from "../src/codec/mod.ts";
import { type Directory, memoryDirectory, nodeDirectory, writeFully } from "../src/files/mod.ts";
import {
  beginRecord,
  endRecord,
  type Log,
  Manifest,
  openFileLog,
  RecordType,
} from "../src/log/mod.ts";
import { systemTime } from "../src/time/mod.ts";

/** Bytes of a frame's body: a lone command, a batch, a large batch. */
const BODY_BYTES = [256, 4_096, 65_536];

const { random } = systemTime();

for (const bytes of BODY_BYTES) {
  const group = `${bytes} bytes, on disk`;
  const disk = nodeDirectory(Deno.makeTempDirSync({ prefix: "flowcask-bench-" }));
  globalThis.addEventListener("unload", () => Deno.removeSync(disk.path, { recursive: true }));

  const raw = disk.open("raw", { create: true });
  const block = new Uint8Array(bytes);
  let at = 0;
  Deno.bench(`write + sync by hand, ${bytes} bytes`, { group, baseline: true }, () => {
    writeFully(raw, block, { at });
    raw.flush();
    at += bytes;
  });

  const log = openLog(disk);
  Deno.bench(`append to the log, ${bytes} bytes`, { group }, () => append(log, bytes));

  const inMemory = openLog(memoryDirectory());
  Deno.bench(`append to a log in memory, ${bytes} bytes`, { group }, () => append(inMemory, bytes));
}

function openLog(directory: Directory): Log {
  const manifest = Manifest.open({ directory, random });
  const log = openFileLog({ directory, manifest, shard: 0, random });
  log.onSettled((_, { kind }) => {
    if (kind !== "committed") throw new Error(`A frame is ${kind}`);
  });
  return log;
}

/** One frame with one record. */
function append(log: Log, bytes: number): void {
  const writer = new ByteWriter(bytes);
  const start = beginRecord(writer);
  writer.zeros(bytes - writer.length);
  endRecord(writer, start, { type: RecordType.VALUE, lsn: log.end.lsn + 1, fixedLength: 0 });
  log.nextPlace();
  log.submit({ base: log.end, timeMs: 0, count: 1, body: writer.bytes() });
}
