/**
 * The segments of a log that is open: which there are, and putting one in the place of several.
 *
 * @module
 */

import type { FlowError } from "../errors.ts";
import { invariant } from "../invariant.ts";
import type { LogPosition, Merge, Segment, Segments } from "./log.ts";
import type { LogReader } from "./log_reader.ts";
import { SegmentMerge, type SegmentMergeParts } from "./merge.ts";
import { createSideFile, type SideFile } from "./writing/side_file.ts";
import type { SegmentWriter } from "./writing/writer.ts";

/** What the segments of a file log are known by. */
export interface FileSegmentsParts
  extends Omit<SegmentMergeParts, "inputs" | "until" | "framesOf"> {
  /** Reads them. */
  readonly reader: LogReader;
  /** The open segment, as it is at the moment. */
  readonly tail: () => SegmentWriter;
  /** Goes on in a new segment. */
  readonly roll: () => Promise<void>;
  /** Why the system let no new one be made. */
  readonly refusal: () => string | undefined;
  /** No frame comes to the place that was given last. */
  readonly returnPlace: () => void;
}

/** The segments of a file log. */
export class FileSegments implements Segments {
  readonly #parts: FileSegmentsParts;
  #merge: SegmentMerge | undefined;
  /** From where on everything is there in some segments. */
  #whole: { readonly segments: readonly unknown[]; readonly from: LogPosition } | undefined;

  /** @param parts What they are known by. */
  constructor(parts: FileSegmentsParts) {
    this.#parts = parts;
  }

  get list(): readonly Segment[] {
    const { manifest, shard, tail } = this.#parts;
    const segments = manifest.segmentsOf(shard);
    return segments.map(({ id, merged = false, until, sealed }) => ({
      id,
      bytes: sealed?.size ?? tail().size,
      isSealed: sealed !== undefined,
      lastLsn: sealed?.end.lsn ?? Infinity,
      isMerged: merged,
      lastOfMerge: until === undefined
        ? undefined
        : segments.find(({ sealed }) => (sealed?.end.index ?? Infinity) >= until)?.id,
    }));
  }

  get wholeFrom(): LogPosition {
    const { manifest, shard } = this.#parts;
    const segments = manifest.segmentsOf(shard);
    // It is asked for every event. The open segment is never merged, so there is one.
    if (this.#whole?.segments !== segments) {
      const { base } = segments[segments.findLastIndex(({ merged }) => merged) + 1]!;
      this.#whole = { segments, from: base };
    }
    return this.#whole.from;
  }

  get refusal(): string | undefined {
    return this.#parts.refusal();
  }

  roll(): Promise<void> {
    return this.#parts.roll();
  }

  findLoss(): FlowError | undefined {
    return this.#parts.tail().findLoss(this.#parts.directory);
  }

  returnPlace(): void {
    this.#parts.returnPlace();
  }

  merge(ids: readonly number[], until?: number): Merge {
    const { manifest, shard, reader } = this.#parts;
    const segments = manifest.segmentsOf(shard);
    const first = segments.findIndex(({ id }) => id === ids[0]);
    const inputs = segments.slice(first, first + ids.length);
    invariant(
      ids.length > 0 && ids.every((id, index) => inputs[index]?.id === id),
      `The segments ${ids.join(", ")} do not follow one another`,
    );
    this.#merge?.abandon();
    const framesOf = reader.framesOf.bind(reader);
    return this.#merge = new SegmentMerge({ ...this.#parts, inputs, until, framesOf });
  }

  createBeside(name: string): SideFile {
    return createSideFile(this.#parts, name);
  }

  /**
   * Ends a merge that is under way, since the log ends.
   *
   * @param leaves Whether its file stays, since nobody can know whether the manifest lists it.
   */
  end(leaves: boolean): void {
    this.#merge?.abandon({ leaves });
  }
}
