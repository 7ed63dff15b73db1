/**
 * How long a timer of the host waits beside callers who call again as soon as they are answered, and
 * how many calls there are meanwhile.
 *
 * `deno run -A bench/storage/host_turns.ts`, `node bench/storage/host_turns.ts` or
 * `bun bench/storage/host_turns.ts`, each with the seconds for each kind of callers.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, versions } from "node:process";
import { openStore, type Store } from "../../mod.ts";

const SECONDS = Number(argv[2] ?? 4);

/** How often the timer is due, in milliseconds. */
const TIMER_MS = 1;

/** Nobody is looked at before most of what runs has been compiled. */
const WARM_UP_MS = 1_000;

/** Callers of one kind. */
interface Load {
  readonly name: string;
  readonly callers: number;
  send(store: Store, serial: number): Promise<unknown>;
}

const idsOf = (serial: number): string[] =>
  Array.from({ length: 100 }, (_, index) => `f-${serial}-${index}`);

const loads: readonly Load[] = [
  { name: "get()", callers: 1, send: (store) => store.get("f-1-1") },
  { name: "list() of 100", callers: 1, send: (store) => store.list("bench", { count: 100 }) },
  {
    name: "kv.set() of 128 bytes",
    callers: 512,
    send: (store, serial) => store.kv.set(`key-${serial % 1_000}`, new Uint8Array(128)),
  },
  ...[16, 1_024].map((bytes): Load => ({
    name: `createMany() of 100 with ${bytes} bytes`,
    callers: 16,
    send: (store, serial) =>
      store.createMany(idsOf(serial), { type: "bench", payload: new Uint8Array(bytes) }),
  })),
];

let serial = 0;
for (const load of loads) {
  await report(load, "memory");
  await report(load, "disk");
}

async function report(load: Load, where: "memory" | "disk"): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "flowcask-bench-"));
  try {
    await using store = await openStore(where === "memory" ? ":memory:" : { dir });
    await store.createMany(idsOf(1), { type: "bench" });
    const { calls, waitsMs } = await run(store, load);
    waitsMs.sort((a, b) => a - b);
    const at = (share: number): string =>
      waitsMs[Math.min(waitsMs.length - 1, Math.floor(waitsMs.length * share))]!.toFixed(1);
    console.log(
      `${runtime()}, ${where}, ${load.name} by ${load.callers}: ` +
        `${Math.round(calls / SECONDS)} a second; a timer waits for ${at(0.5)} ms in the median, ` +
        `p99 ${at(0.99)}, at most ${at(1)}`,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Has all callers call until the time is over. */
async function run(
  store: Store,
  { callers, send }: Load,
): Promise<{ readonly calls: number; readonly waitsMs: number[] }> {
  const startMs = performance.now() + WARM_UP_MS;
  const endMs = startMs + SECONDS * 1_000;
  const waitsMs: number[] = [];
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    if (nowMs > startMs) waitsMs.push(nowMs - Math.max(lastMs, startMs) - TIMER_MS);
    lastMs = nowMs;
  };
  const timer = setInterval(look, TIMER_MS);
  let calls = 0;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() < endMs) {
      await send(store, serial++);
      if (performance.now() > startMs) calls += 1;
    }
  }));
  clearInterval(timer);
  look();
  return { calls, waitsMs };
}

function runtime(): string {
  const name = "deno" in versions ? "deno" : "bun" in versions ? "bun" : "node";
  return `${name} ${versions[name]}`;
}
