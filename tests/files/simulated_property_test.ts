/**
 * The simulated disk against its own fault model, by random programs.
 *
 * @module
 */

import fc from "fast-check";
import { type Directory, FileError, PowerCut, SimulatedDisk } from "../../src/files/mod.ts";
import { seededRandom } from "../../src/time/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { DiskModel, type Listing } from "./disk_model.ts";

/** What a program does to the disk, or the world to the program. */
type Step =
  | { readonly kind: "write"; readonly name: string; readonly at: number; readonly bytes: Bytes }
  | { readonly kind: "truncate"; readonly name: string; readonly size: number }
  | { readonly kind: "create" | "remove" | "flush" | "flush-error"; readonly name: string }
  | { readonly kind: "sync" | "sync-error" | "kill" | "power" };

/** Bytes that tell writes and offsets apart, and are short to print. */
interface Bytes {
  readonly seed: number;
  readonly length: number;
}

function expand({ seed, length }: Bytes): number[] {
  return Array.from({ length }, (_, index) => 1 + (seed + (index >> 8)) % 255);
}

const name = fc.constantFrom("a", "b");
// Around a sector's edge, where the pieces are.
const at = fc.oneof(fc.nat(5), fc.integer({ min: 505, max: 520 }), fc.nat(1_600));
const bytes = fc.record({ seed: fc.nat(254), length: fc.oneof(fc.nat(8), fc.nat(1_200)) });
const onFile = (kind: "create" | "remove" | "flush" | "flush-error"): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant(kind), name });
const onDisk = (kind: "sync" | "sync-error" | "kill" | "power"): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant(kind) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("write" as const), name, at, bytes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("truncate" as const), name, size: at }) },
  { weight: 3, arbitrary: onFile("create") },
  { weight: 1, arbitrary: onFile("remove") },
  { weight: 4, arbitrary: onFile("flush") },
  { weight: 1, arbitrary: onFile("flush-error") },
  { weight: 3, arbitrary: onDisk("sync") },
  { weight: 1, arbitrary: onDisk("sync-error") },
  { weight: 1, arbitrary: onDisk("kill") },
  { weight: 1, arbitrary: onDisk("power") },
);

function listing(directory: Directory): Listing {
  return new Map(
    directory.list().map((name) => {
      const file = directory.open(name);
      const buffer = new Uint8Array(file.getSize());
      file.read(buffer, { at: 0 });
      file.close();
      return [name, [...buffer]];
    }),
  );
}

/** How a step ended: `gone` is the machine, `absent` the file. */
type Outcome = "done" | "failed" | "absent" | "gone";

/** Lets a program make a step, as far as it gets. */
function perform(disk: SimulatedDisk, directory: Directory, step: Step): Outcome {
  try {
    act(disk, directory, step);
    return "done";
  } catch (error) {
    if (error instanceof PowerCut) return "gone";
    if (error instanceof FileError) return error.code === "ENOENT" ? "absent" : "failed";
    throw error;
  }
}

function act(disk: SimulatedDisk, directory: Directory, step: Step): void {
  if (!("name" in step)) {
    if (step.kind === "kill") return disk.kill();
    if (step.kind === "power") return disk.powerCut();
    if (step.kind === "sync-error") disk.arm({ call: "sync", keep: "chance" });
    return directory.sync();
  }
  if (step.kind === "create") return directory.open(step.name, { create: true }).close();
  if (step.kind === "remove") return directory.remove(step.name);
  const file = directory.open(step.name);
  if (step.kind === "flush-error") disk.arm({ call: "flush", keep: "chance" });
  if (step.kind === "write") file.write(Uint8Array.from(expand(step.bytes)), { at: step.at });
  else if (step.kind === "truncate") file.truncate(step.size);
  else file.flush();
  file.close();
}

/** Lets the model follow: also where the machine went, since the step may have happened. */
function follow(model: DiskModel, step: Step, outcome: Outcome): void {
  if (!("name" in step)) {
    if (step.kind === "kill" || step.kind === "power" || outcome === "gone") return;
    return outcome === "done" ? model.sync() : model.syncFailing();
  }
  const file = model.file(step.name);
  const isAbsent = file === undefined && step.kind !== "create";
  if (outcome !== "gone") assertEquals(outcome === "absent", isAbsent, step.kind);
  if (step.kind === "create") model.create(step.name);
  else if (step.kind === "remove") model.remove(step.name);
  else if (step.kind === "write") file?.write(step.at, expand(step.bytes));
  else if (step.kind === "truncate") file?.truncate(step.size);
  else if (outcome === "done") file?.flush();
  else if (outcome === "failed") file?.flushFailing();
}

/** Runs the steps on a disk and on the model, which has to find all it sees possible. */
function compare(disk: SimulatedDisk, steps: readonly Step[]): void {
  const model = new DiskModel();
  let directory = disk.directory();
  for (const step of [...steps, { kind: "power" } as const]) {
    follow(model, step, perform(disk, directory, step));
    if (!disk.isOff) {
      model.expect(listing(directory));
      continue;
    }
    directory = disk.restart();
    if (step.kind === "kill") model.expect(listing(directory));
    else model.acceptAfterPowerCut(listing(directory));
  }
}

test("SimulatedDisk loses only what its fault model allows, whenever power goes or a process", () => {
  assertProperty(
    fc.property(fc.integer(), fc.array(step, { maxLength: 40 }), (seed, steps) => {
      compare(new SimulatedDisk({ random: seededRandom(seed) }), steps);
    }),
    { file: import.meta.url, runs: 1_000 },
  );
});

test("SimulatedDisk loses only what its fault model allows when power goes within a call", () => {
  const cases = fc.tuple(fc.integer(), fc.array(step, { maxLength: 25 }), fc.nat(20));
  assertProperty(
    fc.property(cases, ([seed, steps, calls]) => {
      const disk = new SimulatedDisk({ random: seededRandom(seed) });
      disk.cutAfter(calls);
      compare(disk, steps);
    }),
    { file: import.meta.url, runs: 1_000 },
  );
});

/** Runs the steps and returns everything that can be seen of the run. */
function history(seed: number, steps: readonly Step[]): unknown[] {
  const disk = new SimulatedDisk({ random: seededRandom(seed) });
  disk.cutAfter(seed & 15, { ending: (seed & 16) === 0 ? "power" : "kill" });
  let directory = disk.directory();
  const seen: unknown[] = [];
  for (const step of steps) {
    seen.push(perform(disk, directory, step));
    if (disk.isOff) directory = disk.restart();
    seen.push([...listing(directory)]);
  }
  return [...seen, disk.flipBit(), disk.loseSector(), disk.misdirect(), disk.trace()];
}

test("SimulatedDisk does the same again for the same seed", () => {
  assertProperty(
    fc.property(fc.integer(), fc.array(step, { maxLength: 25 }), (seed, steps) => {
      assertEquals(history(seed, steps), history(seed, steps));
    }),
    { file: import.meta.url, runs: 200 },
  );
});

test("SimulatedDisk does something else for another seed", () => {
  const steps: Step[] = [
    { kind: "create", name: "a" },
    { kind: "write", name: "a", at: 0, bytes: { seed: 1, length: 4_000 } },
    { kind: "sync" },
    { kind: "power" },
  ];
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 32; seed++) {
    outcomes.add(JSON.stringify(history(seed * 32 + 15, steps)));
  }
  assert(outcomes.size > 3, `${outcomes.size} outcomes`);
});
