/**
 * What a store is asked and what it answers, seen from outside.
 *
 * @module
 */
import {
  type BatchOutcome,
  FlowBatchError,
  type FlowStore,
  type HistoryEvent,
  isFlowError,
} from "../../mod.ts";

/** What was heard. */
export interface Heard {
  /** Options that stood in a call that succeeded: `create.state`, `retry.retry.maxRetries`. */
  readonly options: Set<string>;
  /** Members of items that stood in a call that succeeded: `createMany.state`. */
  readonly items: Set<string>;
  /** Commands of an `atomic()` that succeeded: `create`, `kv.set`. */
  readonly parts: Set<string>;
  /** Codes of refusals, of calls and of items. */
  readonly codes: Set<string>;
  /** Names of events in histories. */
  readonly events: Set<string>;
}

/** Where nothing was heard yet. */
export function nothingHeard(): Heard {
  return {
    options: new Set(),
    items: new Set(),
    parts: new Set(),
    codes: new Set(),
    events: new Set(),
  };
}

/** The same store; what it is asked and what it answers is added to what was heard. */
export function listen<S extends FlowStore>(store: S, heard: Heard): S {
  return listenTo(store, "", heard);
}

/** `at`: what stands before the names of commands. */
function listenTo<S extends object>(store: S, at: string, heard: Heard): S {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (name === "kv") return listenTo(member as object, "kv.", heard);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const parts: string[] = [];
        if (name === "atomic") args = args.map((arg) => hearingParts(arg, parts));
        const refuse = (error: unknown): never => {
          if (isFlowError(error)) heard.codes.add(error.code);
          if (error instanceof FlowBatchError) hearAnswer(heard, error.outcomes);
          throw error;
        };
        let answer: unknown;
        try {
          answer = member.apply(target, args);
        } catch (error) {
          return refuse(error);
        }
        if (!(answer instanceof Promise)) return answer;
        return answer.then((value) => {
          hearCall(heard, `${at}${String(name)}`, args);
          hearAnswer(heard, value);
          for (const part of parts) heard.parts.add(part);
          return value;
        }, refuse);
      };
    },
  });
}

/** The callback of an `atomic()`, so that the commands that it collects are heard. */
function hearingParts(build: unknown, parts: string[]): unknown {
  if (typeof build !== "function") return build;
  return (commands: object) => build(listenToParts(commands, "", parts));
}

function listenToParts<T extends object>(commands: T, at: string, parts: string[]): T {
  return new Proxy(commands, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (name === "kv") return listenToParts(member as object, "kv.", parts);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        parts.push(`${at}${String(name)}`);
        return member.apply(target, args);
      };
    },
  });
}

function hearCall({ options, items }: Heard, command: string, args: readonly unknown[]): void {
  const [first, last] = [args[0], args.at(-1)];
  const many = command === "spawnChildren" ? args[1] : first;
  if (Array.isArray(many)) { for (const item of many) addNames(items, command, item); }
  if (last !== first || command === "retentionCleanup") addNames(options, command, last);
}

/** Adds the names of what is given, also of what is inside a policy. */
function addNames(names: Set<string>, at: string, given: unknown): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    names.add(`${at}.${name}`);
    if (name === "retry" || name === "backoff" || name === "retention") {
      addNames(names, `${at}.${name}`, value);
    } else if (name === "states" && at === "policySet") {
      for (const policy of Object.values(value)) addNames(names, `${at}.states`, policy);
    }
  }
}

function hearAnswer({ codes, events }: Heard, answer: unknown): void {
  if (!Array.isArray(answer)) return;
  for (const each of answer as readonly Partial<BatchOutcome & HistoryEvent>[]) {
    if (typeof each !== "object" || each === null) continue;
    if (each.ok === false && isFlowError(each.error)) codes.add(each.error.code);
    if (each.event !== undefined) events.add(each.event);
  }
}
