/**
 * A store that does what a test tells it to, and remembers what it was asked.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import type { FlowStore } from "../flow/mod.ts";
import type { Time } from "../time/mod.ts";

/** The name of a store's command. */
export type Command = Exclude<keyof FlowStore, "time" | "watchLease" | "define">;

/** One call of a command, with its arguments. */
export type FakeCall = {
  [C in Command]: {
    /** The command. */
    readonly command: C;
    /** Its arguments. */
    readonly args: Readonly<Parameters<FlowStore[C]>>;
  };
}[Command];

/** What a command of a {@linkcode fakeStore} does: answers at once or later, or throws. */
export type FakeAnswer<C extends Command> = (
  ...args: Parameters<FlowStore[C]>
) => Awaited<ReturnType<FlowStore[C]>> | Promise<Awaited<ReturnType<FlowStore[C]>>>;

/** The commands that a {@linkcode fakeStore} answers. */
export type FakeAnswers = {
  readonly [C in Command]?: FakeAnswer<C> | undefined;
};

/** How to make a {@linkcode fakeStore}. */
export type FakeStoreOptions = FakeAnswers & {
  /** The store's time. Default none. */
  readonly time?: Time | undefined;
  /** Watches over leases, for a store that can. Calls of it are not remembered. Default none. */
  readonly watchLease?: FlowStore["watchLease"];
  /** Hears of definitions, for a store that compares them. Calls of it are not remembered. Default none. */
  readonly define?: FlowStore["define"];
};

/** A store that remembers what it was asked. */
export interface FakeStore extends FlowStore {
  /** Every call, in order, also of commands that were refused. */
  readonly calls: readonly FakeCall[];
}

/** Every command that a store has. */
const COMMANDS: readonly Command[] = Object.keys(
  {
    create: 0,
    createMany: 0,
    claimDue: 0,
    reclaim: 0,
    extendLease: 0,
    complete: 0,
    completeMany: 0,
    transition: 0,
    transitionMany: 0,
    retry: 0,
    retryMany: 0,
    fail: 0,
    failMany: 0,
    cancel: 0,
    cancelMany: 0,
    spawnChildren: 0,
    signal: 0,
    valuePut: 0,
    valueMget: 0,
    rewind: 0,
    get: 0,
    history: 0,
    list: 0,
    terminals: 0,
    failures: 0,
    byParent: 0,
    byRoot: 0,
    byCorrelation: 0,
    types: 0,
    info: 0,
    stuck: 0,
    retentionCleanup: 0,
    policySet: 0,
    policyGet: 0,
  } satisfies Record<Command, 0>,
) as Command[];

/**
 * A store that answers the commands it is given, and refuses all others with `invalid_argument`.
 *
 * @param answers What each command does. It may throw to refuse.
 *
 * @example
 * ```ts
 * import { type, workflow } from "@flowcask/flowcask";
 * import { fakeRecord, fakeStore } from "@flowcask/flowcask/testing";
 *
 * const store = fakeStore({ create: (id) => fakeRecord({ id }) });
 * const email = workflow({
 *   type: "email",
 *   store,
 *   initialState: "queued",
 *   states: { queued: { payload: type<string>() } },
 * });
 * await email.create({ id: "email-1", payload: "welcome" });
 * console.log(store.calls); // [{ command: "create", args: ["email-1", { type: "email", … }] }]
 * ```
 */
export function fakeStore(answers: FakeStoreOptions = {}): FakeStore {
  const calls: FakeCall[] = [];
  const { time, watchLease, define, ...given } = answers;
  const unknown = Object.keys(given).find((name) => !COMMANDS.includes(name as Command));
  if (unknown !== undefined) {
    throw new FlowError("invalid_argument", `A store has no command ${unknown}`, {
      details: { field: unknown, limit: COMMANDS },
    });
  }
  const commands = COMMANDS.map((command) => [
    command,
    // Not all of a call's arguments are told apart by TypeScript; the caller's types were checked.
    async (...args: unknown[]): Promise<unknown> => {
      calls.push({ command, args } as unknown as FakeCall);
      const answer = given[command] as ((...args: unknown[]) => unknown) | undefined;
      if (answer === undefined) throw notTold(command);
      return await answer(...args);
    },
  ]);
  const capable = {
    ...watchLease === undefined ? {} : { watchLease },
    ...define === undefined ? {} : { define },
  };
  return { ...Object.fromEntries(commands), ...capable, time, calls } as FakeStore;
}

function notTold(command: Command): FlowError {
  return new FlowError(
    "invalid_argument",
    `This fakeStore() was not told what "${command}" does: give it a function of that name`,
    { details: { field: command } },
  );
}
