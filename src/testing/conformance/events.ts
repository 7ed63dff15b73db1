/**
 * Following the committed changes of a store.
 *
 * @module
 */
import type { EventStream, StoreEvent } from "../../flow/mod.ts";
import { fail, holds, refused, same } from "./assertion.ts";
import type { ConformanceCase } from "./case.ts";
import { claimOne, create, JOB, owner } from "./leasing.ts";

/** The next `count` events of a stream. */
async function next(stream: EventStream, count: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  while (events.length < count) {
    const { value } = await stream.next();
    events.push(value ?? fail(`The stream ended after ${events.length} of ${count} events`));
  }
  return events;
}

/** What an event was about, short. */
function briefly(events: readonly StoreEvent[]): string[] {
  return events.map(({ id, event, version }) => `${id} ${event} ${version}`);
}

/** `events()`. */
export const eventsCases: readonly ConformanceCase[] = [
  {
    name: "events() tells what is committed from now on, once, in the order of its partition",
    needs: ["events"],
    async run({ store, events }) {
      const inP = { partitionKey: "p" };
      await create(store, "before", inP);
      await using stream = events();
      await create(store, "a", inP);
      await create(store, "b", inP);
      await store.cancel("a");
      await store.signal("b", { signal: "x" });
      await store.cancel("before");
      same(briefly(await next(stream, 5)), [
        "a created 1",
        "b created 1",
        "a cancelled 2",
        "b signaled 2",
        "before cancelled 2",
      ]);
    },
  },
  {
    name: "an event is what history shows of it, with its partition and a cursor",
    needs: ["events"],
    async run({ store, events }) {
      await using stream = events({ from: "start" });
      await create(store, "a", { state: "s", priority: 2, payload: 1, partitionKey: "p" });
      const flow = await claimOne(store);
      await store.retry(flow, { ...owner(flow), error: "e", runAtMs: 5 });
      await store.signal("a", { signal: "x" });
      const told = await next(stream, 4);
      same(
        told.map(({ cursor, partitionKey, ...event }) => {
          holds(cursor !== "", "An event has a cursor");
          same(partitionKey, "p");
          return event;
        }),
        await store.history("a"),
      );
    },
  },
  {
    name: "events() from start tells everything; from a cursor, what came after it",
    needs: ["events"],
    async run({ store, events }) {
      for (const id of ["a", "b", "c"]) await create(store, id);
      await using all = events({ from: "start" });
      const told = await next(all, 3);
      same(briefly(told), ["a created 1", "b created 1", "c created 1"]);
      await using rest = events({ from: told[0]!.cursor });
      same(briefly(await next(rest, 2)), ["b created 1", "c created 1"]);
      await using end = events({ from: told[2]!.cursor });
      await store.cancel("a");
      same(briefly(await next(end, 1)), ["a cancelled 2"]);
    },
  },
  {
    name: "a cursor is good after the store was closed and opened again",
    needs: ["events", "durable"],
    async run(context) {
      await create(context.store, "a");
      const stream = context.events({ from: "start" });
      const [{ cursor } = fail("No event")] = await next(stream, 1);
      await create(context.store, "b");
      await context.reopen();
      await create(context.store, "c");
      await using rest = context.events({ from: cursor });
      same(briefly(await next(rest, 2)), ["b created 1", "c created 1"]);
    },
  },
  {
    name: "events() of some types leaves the others out",
    needs: ["events"],
    async run({ store, events }) {
      await using stream = events({ types: [JOB, "second"] });
      await store.create("other", { type: "other" });
      await create(store, "a");
      await store.create("b", { type: "second" });
      same(briefly(await next(stream, 2)), ["a created 1", "b created 1"]);
    },
  },
  {
    name: "a refused command is no event, and one of many flows is one event for each",
    needs: ["events"],
    async run({ store, events }) {
      await using stream = events();
      await store.createMany(["a", "b"], { type: JOB });
      await refused(() => create(store, "a"), "already_exists");
      await refused(() => store.createMany(["c", "a"], { type: JOB }), "already_exists");
      await store.cancel("b");
      same(briefly(await next(stream, 3)), ["a created 1", "b created 1", "b cancelled 2"]);
    },
  },
  {
    name: "a stream ends without an error by return(), by its signal, and when the store is closed",
    needs: ["events", "durable"],
    async run(context) {
      const { events } = context;
      const returned = events();
      const waiting = returned.next();
      await returned.return();
      same((await waiting).done, true);
      same((await returned.next()).done, true);
      const controller = new AbortController();
      const aborted = events({ signal: controller.signal });
      const aborting = aborted.next();
      controller.abort();
      same((await aborting).done, true);
      const closing = events().next();
      await context.reopen();
      same((await closing).done, true);
    },
  },
  {
    name: "events() refuses options that are not what they must be",
    needs: ["events"],
    async run({ events }) {
      const untyped = events as (options: unknown) => unknown;
      const bad: readonly [unknown, string][] = [
        [{ from: 7 }, "from"],
        [{ from: "none" }, "from"],
        [{ types: [] }, "types"],
        [{ types: "job" }, "types"],
        [{ types: [""] }, "types[0]"],
        [{ signal: 1 }, "signal"],
        [{ zebra: 1 }, "zebra"],
      ];
      for (const [options, field] of bad) {
        // It throws at once; a promise makes a rejection of that.
        await refused(() => new Promise((done) => done(untyped(options))), "invalid_argument", {
          field,
        });
      }
    },
  },
];
