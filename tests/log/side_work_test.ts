import { FileError } from "../../src/files/mod.ts";
import type { IoResult } from "../../src/log/mod.ts";
import { SideWork } from "../../src/log/writing/side_work.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { test } from "../harness.ts";

test("SideWork has its turn while no frame waits, or after four of them", () => {
  const work = new SideWork();
  assertEquals([work.isDue(false), work.isDue(true)], [false, false]);
  void work.add(() => {});
  for (let turn = 0; turn < 2; turn++) {
    for (let count = 0; count < 4; count++) {
      assertEquals([work.isDue(false), work.isDue(true)], [true, false], `${count}`);
      work.framePassed();
    }
    assertEquals(work.isDue(true), true);
    work.begin(() => {});
  }
});

test("SideWork begins jobs in order, and each hears whether there was room", async () => {
  const work = new SideWork();
  const begun: string[] = [];
  const jobs = ["one", "two"].map((name) => work.add(() => begun.push(name)));
  for (const hasRoom of [true, false]) {
    work.begin(() => {});
    work.finish(hasRoom);
  }
  assertEquals([begun, await Promise.all(jobs)], [["one", "two"], [true, false]]);
  assertEquals(work.isDue(false), false);
});

test("SideWork takes a full disk for no failure, even if nothing could be taken back", () => {
  const results: IoResult[] = [
    { kind: "done" },
    { kind: "no_space" },
    { kind: "failed", cause: new FileError("ENOSPC", "It is full") },
    { kind: "failed", cause: new FileError("EIO", "It is broken") },
  ];
  const heard = results.map((result) => {
    const work = new SideWork();
    void work.add((done) => done(result));
    let kind: IoResult["kind"] | undefined;
    work.begin((told) => kind = told.kind);
    return kind;
  });
  assertEquals(heard, ["done", "no_space", "no_space", "failed"]);
});

test("SideWork.endRolls() and end() answer everybody who waits", async () => {
  const work = new SideWork();
  assertEquals(work.wantsRoll, false);
  const rolls = [work.roll(), work.roll()];
  assertEquals(work.wantsRoll, true);
  work.endRolls();
  assertEquals(work.wantsRoll, false);
  await Promise.all(rolls);
  const last = work.roll();
  const jobs = [work.add(() => {}), work.add(() => {})];
  const why = new Error("It is over");
  work.end(why);
  await last;
  for (const job of jobs) assertEquals(await assertRejects(() => job), why);
  assertEquals([work.isDue(false), work.wantsRoll], [false, false]);
});
