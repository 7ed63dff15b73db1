import type { FileCall } from "../../src/files/mod.ts";
import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import type { LogOp } from "./log/scenario.ts";
import { runLogScenario } from "./log/simulation.ts";

/** A little of everything: frames within a sector and across, idling, a roll, closing, opening. */
const script: readonly LogOp[] = [
  { kind: "append", count: 2, bytes: 200, syncFails: false },
  { kind: "mark" },
  { kind: "append", count: 1, bytes: 700, syncFails: false },
  { kind: "close" },
  { kind: "append", count: 1, bytes: 5, syncFails: false },
];

/** Leaves a torn frame to be cut off, and a stray to be removed two openings later. */
const trouble: readonly LogOp[] = [
  { kind: "mark" },
  { kind: "fault", fault: { call: "write", short: true, code: "EIO" } },
  { kind: "append", count: 1, bytes: 700, syncFails: false },
  { kind: "append", count: 1, bytes: 700, syncFails: false },
  { kind: "fault", fault: { call: "sync" } },
  { kind: "append", count: 1, bytes: 5, syncFails: false },
  { kind: "close" },
  { kind: "close" },
  { kind: "close" },
];

/** How many calls of some kinds a run of `ops` makes. */
function callCount(ops: readonly LogOp[], calls: RegExp): number {
  const lines = runLogScenario({ seed: 1, ops }).trace.split("\n");
  return lines.filter((line) => calls.test(line)).length;
}

/** Numbers from 0 to `count` − 1. */
function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Decides the fate of pending pieces by the bits of a number, round and round. */
function keepBits(bits: number, width: number): () => boolean {
  let piece = 0;
  return () => (bits >> piece++ % width & 1) === 1;
}

const crash: LogOp = { kind: "crash", ending: "power", keep: "chance", cut: undefined };

/** Calls that change something; creating files is among them, so these are a few too many. */
const mutating = / (open|write|truncate|flush|remove|sync) /;

test("The log survives a cut in every call, with every pattern of four surviving pieces", () => {
  for (const calls of upTo(callCount(script, mutating))) {
    for (const bits of upTo(16)) {
      const cut: LogOp = { kind: "cut", calls, ending: "power", keep: keepBits(bits, 4) };
      runLogScenario({ seed: 1, ops: [cut, ...script] });
    }
  }
});

test("The log survives a kill in every call, with power gone in every call of the recovery", () => {
  for (const calls of upTo(callCount(script, mutating))) {
    for (const cut of upTo(10)) {
      const kill: LogOp = { kind: "cut", calls, ending: "kill", keep: "all" };
      const again: LogOp = { kind: "crash", ending: "kill", keep: "all", cut };
      runLogScenario({ seed: calls, ops: [kill, ...script, again, script[0]!] });
    }
  }
});

for (const call of ["write", "flush", "sync", "open", "read", "truncate", "remove"] as const) {
  test(`The log survives an error of every single ${call}, and a loss of power after it`, () => {
    const ops = [...trouble, crash, ...script, crash];
    const count = callCount(ops, new RegExp(` ${call} `));
    assert(count > 0, "The script makes no such call");
    const keeps: readonly ("none" | "chance")[] = call === "flush" ? ["none", "chance"] : ["none"];
    for (const keep of keeps) {
      for (const after of upTo(count)) {
        const fault: LogOp = { kind: "fault", fault: { call, after, keep } };
        runLogScenario({ seed: after, ops: [fault, ...ops] });
      }
    }
  });
}

test("The log survives a short write, or none for want of space, at every single write", () => {
  const ops = [...script, ...script];
  for (const fault of [{ short: true }, { short: true, code: "ENOSPC" }, { code: "ENOSPC" }]) {
    for (const after of upTo(callCount(ops, / write /))) {
      const call: FileCall = "write";
      runLogScenario({
        seed: after,
        ops: [{ kind: "fault", fault: { call, after, ...fault } }, ...ops],
      });
    }
  }
});

test("The log survives a disk with room for any number of bytes, and goes on when there is more", () => {
  for (let bytes = 0; bytes < 5_500; bytes += 128) {
    const full: LogOp = { kind: "room", bytes };
    const more: LogOp = { kind: "room", bytes: undefined };
    const ops = [script[0]!, full, ...script, more, ...script];
    const { committedCount } = runLogScenario({ seed: bytes, ops });
    assert(committedCount >= 4, `${committedCount} frames with ${bytes} bytes of room`);
  }
});
