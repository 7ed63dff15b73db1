/**
 * The arguments of `atomic`: the commands that a callback collects.
 *
 * @module
 */
import { contradiction, invalid, limitExceeded, show } from "../../../argument.ts";
import { FlowError } from "../../../errors.ts";
import { type AtomicCommands, type AtomicStep, FlowAtomicError } from "../../mod.ts";
import type { AtomicCommand, AtomicPart } from "../command.ts";
import type { SpawnCommand } from "../families/family_command.ts";
import { argumentsOf, type ParseContext } from "./arguments.ts";
import { checkText } from "./checks.ts";
import { parseCreate } from "./create.ts";
import { parseKvDelete, parseKvSet } from "./kv.ts";
import {
  parseCancel,
  parseComplete,
  parseExtendLease,
  parseFail,
  parseRetry,
  parseTransition,
} from "./settle.ts";
import { parseSignal } from "./signal.ts";
import { parseSpawn } from "./spawn.ts";
import { parseValuePut } from "./value_store.ts";

const ATOMIC: ReadonlySet<string> = new Set(["nowMs"]);

/** What an `atomic()` is to do, and what it is to answer. */
export interface ParsedAtomic {
  /** The command. */
  readonly command: AtomicCommand;
  /** The places of the commands whose results are wanted, in the order in which they are. */
  readonly wanted: readonly number[];
}

/** Lets a callback collect commands. Checks the arguments of all of them. */
export function parseAtomic(
  { partitionKey, build }: { readonly partitionKey: unknown; readonly build: unknown },
  options: unknown,
  context: ParseContext,
): ParsedAtomic {
  const partition = checkText("partitionKey", partitionKey, context.limits.idBytesMax);
  const args = argumentsOf(options, ATOMIC, context);
  const nowMs = args.nowMs();
  if (typeof build !== "function") {
    throw invalid("build", build, "a function that collects commands");
  }
  const collector = new Collector(partition, context);
  const wanted = collector.run(build as (commands: AtomicCommands) => unknown);
  const { steps } = collector;
  const largeValues = steps.flatMap(({ command }) => command.largeValues);
  return {
    command: { kind: "atomic", partitionKey: partition, steps, nowMs, largeValues },
    wanted,
  };
}

/** A command that was collected. */
class CollectedStep implements AtomicStep<never> {
  readonly index: number;
  readonly command: string;

  constructor(index: number, command: string) {
    this.index = index;
    this.command = command;
  }
}

/** Notes commands in the order in which they are called. */
class Collector {
  /** What a callback calls. Functions of their own, which may be taken out of it. */
  readonly commands: AtomicCommands = {
    create: (id, options) => this.#add("create", parseCreate, id, this.#here(options)),
    extendLease: (flow, options) =>
      this.#add("extendLease", parseExtendLease, this.#flow(flow), options),
    complete: (flow, options) => this.#add("complete", parseComplete, this.#flow(flow), options),
    transition: (flow, options) =>
      this.#add("transition", parseTransition, this.#flow(flow), options),
    retry: (flow, options) => this.#add("retry", parseRetry, this.#flow(flow), options),
    fail: (flow, options) => this.#add("fail", parseFail, this.#flow(flow), options),
    cancel: (flow, options) => this.#add("cancel", parseCancel, this.#flow(flow), options),
    signal: (flow, options) => this.#add("signal", parseSignal, this.#flow(flow), options),
    spawnChildren: (parent, children, options) => {
      const named = { parent: this.#flow(parent), children };
      return this.#add("spawnChildren", parseFamily, named, options);
    },
    valuePut: (value, options) =>
      this.#add("valuePut", parseValuePut, value, this.#here(options ?? {})),
    kv: {
      set: (key, value, options) =>
        this.#add("kv.set", parseKvSet, { key, value }, this.#here(options ?? {})),
      delete: (key, options) =>
        this.#add("kv.delete", parseKvDelete, key, this.#here(options ?? {})),
    },
  };
  /** What was called. */
  readonly steps: AtomicCommand["steps"][number][] = [];
  readonly #partitionKey: string;
  readonly #context: ParseContext;
  readonly #handles: CollectedStep[] = [];
  #refusal: FlowAtomicError | undefined;
  #isOver = false;

  /** @param partitionKey The partition that all commands are about. */
  constructor(partitionKey: string, context: ParseContext) {
    this.#partitionKey = partitionKey;
    this.#context = context;
  }

  /** Lets a callback collect. Returns the places of the commands whose results are wanted. */
  run(build: (commands: AtomicCommands) => unknown): number[] {
    let returned: unknown;
    try {
      returned = build(this.commands);
    } finally {
      this.#isOver = true;
    }
    // A command that was refused is missing, whatever the callback has made of that.
    if (this.#refusal !== undefined) throw this.#refusal;
    refusePromise(returned);
    const handles = this.#handles;
    const isChoice = Array.isArray(returned) &&
      returned.every((step: unknown) => step instanceof CollectedStep);
    if (!isChoice) return handles.map(({ index }) => index);
    return (returned as CollectedStep[]).map((step, place) => {
      if (handles[step.index] === step) return step.index;
      throw contradiction(`build()[${place}]`, "is a command of another atomic()");
    });
  }

  #add<Subject>(
    name: string,
    parse: (subject: Subject, options: unknown, context: ParseContext) => AtomicPart,
    subject: Subject,
    options: unknown,
  ): AtomicStep<never> {
    if (this.#isOver) throw contradiction(name, "is called after the callback has returned");
    const step = new CollectedStep(this.steps.length, name);
    try {
      this.#requireRoom();
      const command = parse(subject, options, this.#context);
      this.#check(command);
      this.steps.push({ name, command });
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      this.#refusal ??= new FlowAtomicError(error, step);
      throw this.#refusal;
    }
    this.#handles.push(step);
    return step;
  }

  /** Options with the partition, if they name none. */
  #here(options: unknown): unknown {
    if (typeof options !== "object" || options === null || Array.isArray(options)) return options;
    const { partitionKey = this.#partitionKey } = options as { readonly partitionKey?: unknown };
    return { ...options, partitionKey };
  }

  /** A flow with the partition, if it names none. */
  #flow(flow: unknown): unknown {
    if (typeof flow === "string") return { id: flow, partitionKey: this.#partitionKey };
    if (typeof flow !== "object" || flow === null || !("id" in flow)) return flow;
    const { id, partitionKey = this.#partitionKey } = flow as {
      readonly id: unknown;
      readonly partitionKey?: unknown;
    };
    return { id, partitionKey };
  }

  #requireRoom(): void {
    const { batchItemsMax } = this.#context.limits;
    const count = this.steps.length + 1;
    if (count > batchItemsMax) throw limitExceeded("commands.length", count, batchItemsMax);
  }

  #check(command: AtomicPart): void {
    if (command.nowMs !== undefined) {
      throw contradiction("nowMs", "belongs to atomic() itself: its commands happen at one time");
    }
    this.#requireHere("partitionKey", partitionOf(command));
    if (command.kind !== "spawn") return;
    for (const [index, { partitionKey = this.#partitionKey }] of command.children.entries()) {
      this.#requireHere(`children[${index}].partitionKey`, partitionKey);
    }
  }

  #requireHere(field: string, partitionKey: string | undefined): void {
    if (partitionKey === this.#partitionKey) return;
    throw new FlowError(
      "partition_mismatch",
      `${field} is ${show(partitionKey)}, but atomic() is for partition ${
        show(this.#partitionKey)
      }`,
      { details: { field, value: partitionKey, limit: this.#partitionKey } },
    );
  }
}

/** Checks the arguments of `spawnChildren`. */
function parseFamily(
  { parent, children }: { readonly parent: unknown; readonly children: unknown },
  options: unknown,
  context: ParseContext,
): SpawnCommand {
  return parseSpawn(parent, children, options, context);
}

/** The partition that a command is about. */
function partitionOf(command: AtomicPart): string | undefined {
  switch (command.kind) {
    case "create":
      return command.items[0]!.partitionKey;
    case "complete":
    case "transition":
    case "retry":
    case "fail":
    case "cancel":
      return command.items[0]!.target.partitionKey;
    case "extend_lease":
    case "signal":
    case "spawn":
      return command.target.partitionKey;
    case "value_put":
      return command.owner === null ? command.partitionKey : command.owner.target.partitionKey;
    case "kv_set":
    case "kv_delete":
      return command.partitionKey;
  }
}

/** Refuses a callback that goes on after it has returned. */
function refusePromise(returned: unknown): void {
  if (!(returned instanceof Promise)) return;
  // Nobody else will look at it.
  returned.catch(() => {});
  throw invalid("build", returned, "a function that does not wait: commands are only collected");
}
