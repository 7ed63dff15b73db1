/**
 * Whether the files of a shard hold what they should, and whether memory knows where.
 *
 * @module
 */
import {
  type Finding,
  flawOf,
  type Inspected,
  inspectLog,
  recordsOf,
  segmentName,
} from "../../log/mod.ts";
import type { Shard } from "../shard/shard.ts";
import { storedEffect } from "../shard/stored_effect.ts";
import type { DamageReport } from "./damage_report.ts";

type FoundFrame = Extract<Finding, { readonly kind: "frame" }>["frame"];

/** Records, and LSNs without one, that are looked at before others get their turn. */
const STEPS_AT_ONCE = 64;

/** Reads all that is committed in a shard's log. Yields after every small piece of it. */
export function* checkLog(
  inspected: Inspected,
  shard: Shard,
  report: DamageReport,
): Generator<void> {
  for (const finding of inspectLog(inspected)) {
    if (finding?.kind === "flaw") report.inFile(finding.flaw);
    if (finding?.kind === "segment") report.segments++;
    if (finding?.kind === "frame") {
      const { offset, nextOffset } = finding.frame;
      report.frames++;
      report.bytes += nextOffset - offset;
      yield* checkFrame(finding.frame, { inspected, shard, report });
    }
    yield;
  }
}

function* checkFrame(
  frame: FoundFrame,
  { inspected: { manifest }, shard, report }: {
    readonly inspected: Inspected;
    readonly shard: Shard;
    readonly report: DamageReport;
  },
): Generator<void> {
  const { generation } = manifest;
  const file = segmentName(frame.place.segment);
  let steps = 0;
  let lsn = frame.base.lsn;
  /** Until the manifest says something else, the records of the frame stand here and nowhere else. */
  const isKnown = (): boolean => manifest.generation === generation;
  function* checkGap(endLsn: number): Generator<void> {
    for (lsn++; lsn < endLsn; lsn++) {
      if (isKnown() && shard.state.keydir.has(lsn)) {
        report.inMemory(`It knows a record with LSN ${lsn}, and no file has it`);
      }
      if (++steps % STEPS_AT_ONCE === 0) yield;
    }
  }
  try {
    for (const { record, place } of recordsOf(frame)) {
      storedEffect(record, place, shard.state.flows.dictionary);
      yield* checkGap(record.lsn);
      const { keydir } = shard.state;
      const known = keydir.has(lsn) ? keydir.find(lsn) : undefined;
      const isThere = known?.segment === place.segment && known.offset === place.offset;
      if (!isThere && isKnown()) {
        const where = `"${file}" at ${place.offset}`;
        report.inMemory(`It does not know that the record with LSN ${lsn} stands in ${where}`);
      }
      report.records++;
      if (++steps % STEPS_AT_ONCE === 0) yield;
    }
    yield* checkGap(frame.end.lsn + 1);
  } catch (error) {
    report.inFile(flawOf(error, { file, offset: frame.offset }));
  }
}
