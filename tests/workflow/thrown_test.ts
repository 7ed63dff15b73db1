/**
 * Handlers that throw what cannot be looked at. Whatever it is, their flow does not have to wait for
 * its lease to end, and their worker goes on.
 *
 * @module
 */
import { memoryStore } from "../../src/testing/mod.ts";
import { fail, startWorker, workflow } from "../../src/workflow/mod.ts";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";

/** What throws when it is asked what it is. */
const unaskable: Readonly<Record<string, () => unknown>> = {
  "a proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "an error whose message cannot be read": () => withGetter("message"),
  "an error whose cause cannot be read": () => withGetter("cause"),
  "an aggregate whose errors cannot be read": () =>
    Object.defineProperty(new AggregateError([], "outer"), "errors", {
      get() {
        throw new Error("inner");
      },
    }),
  "an aggregate of what are no errors": () =>
    Object.assign(new AggregateError([], "outer"), { errors: 7 }),
  "an error with a cause that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return new Error("outer", { cause: proxy });
  },
};

/** An error that throws another one when a member is read. */
function withGetter(name: string): Error {
  return Object.defineProperty(new Error("outer"), name, {
    get() {
      throw new Error("inner");
    },
  });
}

async function emailStore() {
  const store = await memoryStore();
  const email = workflow({
    type: "email",
    store,
    initialState: "queued",
    states: { queued: { onError: fail() } },
  });
  await email.create({ id: "e" });
  return { store, email };
}

for (const [name, thrown] of Object.entries(unaskable)) {
  test(`runOnce() settles a job whose handler throws ${name}`, async () => {
    const { store, email } = await emailStore();
    await using _store = store;
    const handler = (): never => {
      throw thrown();
    };
    await email.runOnce("queued", { worker: "w", handler });
    assertEquals((await email.get("e"))?.state, "failed");
  });

  test(`startWorker() settles a job whose handler throws ${name} while it stops`, async () => {
    const { store, email } = await emailStore();
    await using _store = store;
    const started = Promise.withResolvers<void>();
    const end = Promise.withResolvers<never>();
    const worker = startWorker(email, {
      worker: "w",
      handler: () => {
        started.resolve();
        return end.promise;
      },
    });
    await started.promise;
    const stopped = worker.stop();
    end.reject(thrown());
    await stopped;
    assertEquals([(await email.get("e"))?.state, worker.stats.settled], ["failed", 1]);
  });
}
