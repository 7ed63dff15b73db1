/**
 * Files that are named like segments and listed nowhere.
 *
 * @module
 */

import { type Directory, fileErrorCode } from "../files/mod.ts";
import { corrupt, guarded } from "./file_fault.ts";
import { FileWindow } from "./file_window.ts";
import { decodeFrameHeader } from "./frame.ts";
import { HEADER_BYTES } from "./header.ts";
import type { Manifest } from "./manifest.ts";
import type { QuarantineEntry } from "./manifest_state.ts";
import { decodeEvidence, segmentIdOf, segmentName } from "./segment.ts";

/** Generations that pass before a stray is removed: until no slot can refer to it. */
const GENERATIONS_MIN = 2;

/** What is to become of strays. */
export interface Strays {
  /** Names whose time is over. */
  readonly expired: readonly string[];
  /** What the next generation says. */
  readonly quarantine: readonly QuarantineEntry[];
}

/**
 * Looks for strays and changes nothing. A segment without frames comes from a roll that did not end.
 *
 * @throws {FlowError} `corrupt` if one was in use: then the manifest has lost it.
 */
export function findStrays(directory: Directory, manifest: Manifest): Strays {
  const listed = new Set(manifest.state.segments.map(({ id }) => segmentName(id)));
  const strays = directory.list()
    .filter((name) => segmentIdOf(name) !== undefined && !listed.has(name));
  const next = manifest.generation + 1;
  const seen = new Map(manifest.state.quarantine.map((entry) => [entry.name, entry.generation]));
  const expired: string[] = [];
  const quarantine: QuarantineEntry[] = [];
  for (const name of strays) {
    guarded(`The file "${name}" cannot be read`, () => checkFrameless(directory, name));
    const generation = seen.get(name) ?? next;
    if (next - generation >= GENERATIONS_MIN) expired.push(name);
    else quarantine.push({ name, generation });
  }
  return { expired, quarantine };
}

/** Removes strays. One that is gone already has been removed before a crash. */
export function removeStrays(directory: Directory, names: readonly string[]): void {
  for (const name of names) {
    try {
      directory.remove(name);
    } catch (error) {
      if (fileErrorCode(error) !== "ENOENT") throw error;
    }
  }
}

/** Looks for frames, and for the evidence that there were some. */
function checkFrameless(directory: Directory, name: string): void {
  const file = directory.open(name);
  try {
    const window = new FileWindow(file, file.getSize());
    for (let offset = 0;; offset += HEADER_BYTES) {
      const bytes = window.view(offset, HEADER_BYTES);
      if (bytes === undefined) return;
      if (decodeFrameHeader(bytes) === undefined && decodeEvidence(bytes) === undefined) continue;
      throw corrupt("The manifest does not list this segment, and it was in use", {
        file: name,
        offset,
      });
    }
  } finally {
    file.close();
  }
}
