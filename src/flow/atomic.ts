/**
 * Several commands of one partition that take effect together or not at all.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import type { ChildItem, SpawnChildrenOptions } from "./children.ts";
import type {
  CancelOptions,
  CommandOptions,
  CompleteOptions,
  CreateOptions,
  ExtendLeaseOptions,
  FailOptions,
  RetryOptions,
  SignalOptions,
  TransitionOptions,
} from "./commands.ts";
import type { KvDeleteOptions, KvRecord, KvSetOptions } from "./kv.ts";
import type { FlowRecord, FlowRef } from "./record.ts";
import type { StoredValue, ValuePutOptions } from "./values.ts";

/** Options of `atomic`. */
export type AtomicOptions = CommandOptions;

/** Options of a command within `atomic()`: those that it has alone, but for the time, which is one. */
export type AtomicPartOptions<Options> = Omit<Options, "nowMs">;

/** A command that `atomic()` has collected. `T` is what it resolves to once all have happened. */
export interface AtomicStep<T> {
  /** Its place among the commands, from 0. */
  readonly index: number;
  /** Its name, such as `"create"` or `"kv.set"`. */
  readonly command: string;
  /** Never there. It tells the compiler what the command resolves to. */
  readonly result?: T;
}

/** What a command within `atomic()` may resolve to. */
export type AtomicResult = FlowRecord | StoredValue | KvRecord | boolean;

/** The results of commands, in their places. */
export type AtomicResults<Steps extends readonly AtomicStep<AtomicResult>[]> = {
  -readonly [Place in keyof Steps]: Steps[Place] extends AtomicStep<infer T> ? T : never;
};

/**
 * Collects the commands of one `atomic()`: the commands of a store, with the same arguments. Nothing
 * happens when they are called, but arguments are checked at once. All of them are about the
 * partition of the `atomic()`: a bare id means the flow in it, and what names another partition is
 * refused with `partition_mismatch`.
 */
export interface AtomicCommands {
  /** Creates a flow. */
  create(id: string, options: AtomicPartOptions<CreateOptions>): AtomicStep<FlowRecord>;
  /** Makes a lease last `leaseMs` from now. */
  extendLease(
    flow: FlowRef,
    options: AtomicPartOptions<ExtendLeaseOptions>,
  ): AtomicStep<FlowRecord>;
  /** Ends a leased flow well. */
  complete(flow: FlowRef, options: AtomicPartOptions<CompleteOptions>): AtomicStep<FlowRecord>;
  /** Moves a flow to another state and gives up its lease. */
  transition(flow: FlowRef, options: AtomicPartOptions<TransitionOptions>): AtomicStep<FlowRecord>;
  /** Gives a leased flow back to run again later, or to end when its retries are spent. */
  retry(flow: FlowRef, options: AtomicPartOptions<RetryOptions>): AtomicStep<FlowRecord>;
  /** Ends a leased flow badly. */
  fail(flow: FlowRef, options: AtomicPartOptions<FailOptions>): AtomicStep<FlowRecord>;
  /** Ends a flow that is no longer wanted. */
  cancel(flow: FlowRef, options?: AtomicPartOptions<CancelOptions>): AtomicStep<FlowRecord>;
  /** Tells a flow something from outside, and may send it to another state. */
  signal(flow: FlowRef, options: AtomicPartOptions<SignalOptions>): AtomicStep<FlowRecord>;
  /**
   * Creates children of a flow as one group and lets the flow wait for them. The children are in the
   * partition, too.
   */
  spawnChildren(
    parent: FlowRef,
    children: readonly (string | ChildItem)[],
    options: AtomicPartOptions<SpawnChildrenOptions>,
  ): AtomicStep<FlowRecord>;
  /** Stores a value: under a name of a flow, or for whichever flows link it. */
  valuePut(value: unknown, options?: AtomicPartOptions<ValuePutOptions>): AtomicStep<StoredValue>;
  /** Changes keys of the partition. */
  readonly kv: AtomicKv;
}

/** Collects changes of keys. */
export interface AtomicKv {
  /** Gives a key a value. */
  set(
    key: string,
    value: unknown,
    options?: AtomicPartOptions<KvSetOptions>,
  ): AtomicStep<KvRecord>;
  /** Removes a key. Resolves to whether there was one. */
  delete(key: string, options?: AtomicPartOptions<KvDeleteOptions>): AtomicStep<boolean>;
}

/** An `atomic()` was refused. Nothing of it was applied. */
export class FlowAtomicError extends FlowError {
  /** Always `"FlowAtomicError"`. */
  override readonly name = "FlowAtomicError";
  /** The place of the command that was refused, from 0. */
  readonly index: number;
  /** Its name. */
  readonly command: string;

  /**
   * An error for an `atomic()` of which nothing was applied.
   *
   * @param cause Why the command was refused; its code becomes this error's code.
   * @param step The command that was refused.
   */
  constructor(
    cause: FlowError,
    { index, command }: Pick<AtomicStep<unknown>, "index" | "command">,
  ) {
    super(
      cause.code,
      `Nothing of atomic() was applied: its command ${index}, ${command}, was refused`,
      { cause, details: { ...cause.details, index, command } },
    );
    this.index = index;
    this.command = command;
  }
}
