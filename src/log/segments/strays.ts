/**
 * Files that are named like segments and listed nowhere.
 *
 * @module
 */

import { FlowError } from "../../errors.ts";
import { type Directory, fileErrorCode, withFile } from "../../files/mod.ts";
import { corrupt, type DamagePlace, guarded } from "../file_fault.ts";
import { decodeFrameHeader } from "../format/frame.ts";
import { HEADER_BYTES } from "../format/header.ts";
import {
  decodeEvidence,
  decodeSegmentHeader,
  type SegmentHeader,
  segmentIdOf,
  segmentName,
} from "../format/segment.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestState, QuarantineEntry } from "../manifest/manifest_state.ts";
import { FileWindow } from "./file_window.ts";
import type { SegmentSource } from "./segment_creation.ts";

/** Generations that pass before a stray is removed: until no slot can refer to it. */
const GENERATIONS_MIN = 2;

/** What is to become of strays. */
export interface Strays {
  /** Names whose time is over. */
  readonly expired: readonly string[];
  /** What the next generation says. */
  readonly quarantine: readonly QuarantineEntry[];
  /** All records up to this LSN were durable when one of them was made; 0 if nothing says so. */
  readonly evidenceLsn: number;
}

/**
 * Looks for strays and changes nothing. A segment without frames comes from a roll that did not end.
 *
 * @throws {FlowError} `corrupt` if one was in use: then the manifest has lost it; `store_failed` if it
 * does not belong where it is, and nothing is lost.
 */
export function findStrays({ directory, manifest, shard }: SegmentSource): Strays {
  const listed = new Set(manifest.state.segments.map(({ id }) => segmentName(id)));
  const next = manifest.generation + 1;
  const seen = new Map(manifest.state.quarantine.map((entry) => [entry.name, entry.generation]));
  const expired: string[] = [];
  const quarantine: QuarantineEntry[] = [];
  let evidenceLsn = 0;
  const names = directory.list();
  for (const name of names) {
    if (segmentIdOf(name) === undefined || listed.has(name)) continue;
    const header = guarded(
      `The file "${name}" cannot be read`,
      () => inspect(directory, name, { manifest, names }),
    );
    if (header?.dbId === manifest.state.dbId && header.shard === shard) {
      evidenceLsn = Math.max(evidenceLsn, header.base.lsn);
    }
    const generation = seen.get(name) ?? next;
    if (next - generation >= GENERATIONS_MIN) expired.push(name);
    else quarantine.push({ name, generation });
  }
  return { expired, quarantine, evidenceLsn };
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

/**
 * The header of a stray, if it has one. Throws if there are frames, or evidence that there were, unless
 * all that is wanted of them is elsewhere.
 */
function inspect(
  directory: Directory,
  name: string,
  { manifest, names }: { readonly manifest: Manifest; readonly names: readonly string[] },
): SegmentHeader | undefined {
  return withFile(directory, name, (file) => {
    const window = new FileWindow(file, file.getSize());
    const head = window.view(0, HEADER_BYTES);
    const header = head && decodeSegmentHeader(head, name);
    if (header !== undefined && isLeftByMerge(header, manifest.state)) return header;
    for (let offset = 0;; offset += HEADER_BYTES) {
      const bytes = window.view(offset, HEADER_BYTES);
      if (bytes === undefined) break;
      if (decodeFrameHeader(bytes) === undefined && decodeEvidence(bytes) === undefined) continue;
      const why = header && strangenessOf(name, header, { manifest, names });
      if (why !== undefined) throw new FlowError("store_failed", why, { details: { file: name } });
      throw lost(manifest, names, { file: name, offset });
    }
    return header;
  });
}

/** Why a file with frames is none that the manifest has lost, and what to do; undefined: it may be one. */
function strangenessOf(
  name: string,
  header: SegmentHeader,
  { manifest, names }: { readonly manifest: Manifest; readonly names: readonly string[] },
): string | undefined {
  if (header.dbId !== manifest.state.dbId) {
    return `"${name}" is a segment of another store. Move it out of the directory`;
  }
  const own = segmentName(header.id);
  if (own === name) return undefined;
  return names.includes(own)
    ? `"${name}" is a copy of "${own}", which is there as well. Move it out of the directory`
    : `"${name}" is "${own}" by another name. Give it that one`;
}

/**
 * The manifest has lost a segment that was in use. Mostly that one is as good as before, and what is
 * not is the manifest: so the error says what was found of both slots.
 */
function lost(manifest: Manifest, names: readonly string[], place: DamagePlace): FlowError {
  const slots = manifest.found.map(({ file, generation }) => {
    const is = generation === null ? "damaged" : "whole";
    return { file, generation, is: names.includes(file) ? is : "missing" };
  });
  const bad = slots.find(({ generation }) => generation === null);
  const used = slots.find(({ generation }) => generation === manifest.generation);
  const why = bad === undefined || used === undefined
    ? "The manifest does not list this segment, and it was in use"
    : `"${bad.file}" is ${bad.is}, and "${used.file}", perhaps an older generation, is used instead: ` +
      "it does not list this segment, which was in use";
  // All of it goes into the details.
  const facts = { ...place, slots };
  return corrupt(why, facts);
}

/**
 * Whether a segment comes from a merge: one that did not end, for what it writes stands elsewhere
 * until the manifest lists it; or one that did, and has put others in the place of this one.
 */
function isLeftByMerge(
  { dbId, shard, base, merged }: SegmentHeader,
  state: ManifestState,
): boolean {
  if (dbId !== state.dbId) return false;
  return merged === true ||
    state.segments.some((entry) =>
      entry.merged && entry.shard === shard && entry.sealed !== undefined &&
      entry.base.index <= base.index && base.index < entry.sealed.end.index
    );
}
