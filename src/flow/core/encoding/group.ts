/**
 * GROUP and CLOSING records: groups of children, and those whose children are being cancelled.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../../../codec/mod.ts";
import type { GroupResolution } from "../../mod.ts";
import type { ClosingEffect, GroupEffect } from "../effect.ts";
import type { Dictionary } from "../table/dictionary.ts";
import { CLOSED_POLICIES, FAILURE_POLICIES, WAITS } from "../words.ts";
import { readHash, readKey, writeHash, writeKey } from "./key.ts";
import { type NameIds, nameIn } from "./names.ts";
import { refuseUnknownBits } from "./newer.ts";
import { wordOf } from "./numbers.ts";

/** Resolutions by number. A number is never used again for another one. */
const RESOLUTIONS: readonly (GroupResolution | null)[] = [null, "success", "failure"];

/** Is added to the number of the resolution if the parent has not gone on by it. */
const UNHEEDED = 2;

/** Stands for the number of a name where there is none. */
const NO_NAME = 0;

const IS_DONE = 1;

/** Writes the fixed part of a GROUP. */
export function writeGroupFixed(writer: ByteWriter, effect: GroupEffect, names: NameIds): void {
  const { key, group } = effect;
  writeKey(writer, key);
  writer.u48(group.number);
  writeHash(writer, group.digest);
  writer.u8(WAITS.indexOf(group.wait));
  writer.u8(FAILURE_POLICIES.indexOf(group.onChildFailed));
  writer.u8(CLOSED_POLICIES.indexOf(group.onParentClosed));
  writer.u8(RESOLUTIONS.indexOf(group.resolved) + (group.isUnheeded ? UNHEEDED : 0));
  writer.u32(group.waitState === null ? NO_NAME : names.idOf(group.waitState));
  writer.u32(names.idOf(group.success));
  writer.u32(group.failure === null ? NO_NAME : names.idOf(group.failure));
  writer.u32(group.total);
  writer.u32(group.completed);
  writer.u32(group.failed);
  writer.u32(group.cancelled);
  writer.u16(group.elsewhere);
}

/** Writes what follows the fixed part of a GROUP. */
export function writeGroupRest(writer: ByteWriter, { group }: GroupEffect): void {
  writer.text(group.id);
}

/** Reads a GROUP. */
export function readGroup(
  fixed: ByteReader,
  rest: ByteReader,
  dictionary: Dictionary,
): GroupEffect {
  const key = readKey(fixed);
  const number = fixed.u48();
  const digest = readHash(fixed);
  const wait = wordOf(WAITS, fixed.u8(), "GROUP record with wait");
  const onChildFailed = wordOf(FAILURE_POLICIES, fixed.u8(), "GROUP record with failure policy");
  const onParentClosed = wordOf(
    CLOSED_POLICIES,
    fixed.u8(),
    "GROUP record with policy of a closed parent",
  );
  const decision = fixed.u8();
  const isUnheeded = decision > UNHEEDED;
  const resolved = wordOf(
    RESOLUTIONS,
    isUnheeded ? decision - UNHEEDED : decision,
    "GROUP record with resolution",
  );
  const waitState = optionalName(dictionary, fixed.u32());
  const success = nameIn(dictionary, fixed.u32());
  const failure = optionalName(dictionary, fixed.u32());
  const counts = {
    total: fixed.u32(),
    completed: fixed.u32(),
    failed: fixed.u32(),
    cancelled: fixed.u32(),
  };
  const elsewhere = fixed.u16();
  const id = rest.text();
  rest.end();
  if (counts.completed + counts.failed + counts.cancelled > counts.total) {
    throw new DecodeError("A group has more ends than children");
  }
  const policies = { wait, onChildFailed, onParentClosed, resolved, isUnheeded };
  const states = { waitState, success, failure };
  return {
    kind: "group",
    key,
    group: { id, number, digest, ...policies, ...states, ...counts, elsewhere },
  };
}

/** Writes the fixed part of a CLOSING, which has no other. */
export function writeClosing(writer: ByteWriter, { group, isDone }: ClosingEffect): void {
  writer.u48(group);
  writer.u8(isDone ? IS_DONE : 0);
}

/** Reads a CLOSING. */
export function readClosing(fixed: ByteReader, rest: ByteReader): ClosingEffect {
  const group = fixed.u48();
  const flags = fixed.u8();
  refuseUnknownBits("CLOSING", flags, IS_DONE);
  rest.end();
  return { kind: "closing", group, isDone: flags === IS_DONE };
}

function optionalName(dictionary: Dictionary, id: number): string | null {
  return id === NO_NAME ? null : nameIn(dictionary, id);
}
