/**
 * What can be asked of a workflow.
 *
 * @module
 */
import type {
  ByParentOptions,
  FailuresOptions,
  FlowInfo,
  FlowRecord,
  FlowStore,
  GetOptions,
  HistoryEvent,
  HistoryOptions,
  InfoOptions,
  ListOptions,
  Page,
  RUNNING,
  StuckOptions,
  TerminalsOptions,
  TerminalState,
} from "../flow/mod.ts";
import type { PartitionFilter } from "./definition/partition_key.ts";
import type { Name } from "./definition/state.ts";
import type { FlowName } from "./flow_name.ts";

/** The state that `list()` takes: one of the workflow's, one that every store knows, or another. */
export type ListState<S> =
  | Name<S>
  | TerminalState
  | typeof RUNNING
  | "any"
  // Any text, without losing the completion of the names above.
  | (string & Record<never, never>);

/** Options of `children()`. */
export interface ChildrenOptions extends Omit<ByParentOptions, "parentPartitionKey"> {}

/** Options of `waitingChildren()`. */
export interface WaitingChildrenOptions
  extends Omit<ChildrenOptions, "terminalOnly" | "activeOnly"> {}

/**
 * The questions that a workflow answers. By parent, root and correlation it answers what the store
 * does: flows of whatever type.
 *
 * @typeParam P The partition fields.
 * @typeParam S The states.
 */
export interface WorkflowQueries<P extends readonly string[], S>
  extends Pick<FlowStore, "byParent" | "byRoot" | "byCorrelation"> {
  /** Reads a flow; null if there is none, or one of another type. */
  get(flow: FlowName<P>, options?: GetOptions): Promise<FlowRecord | null>;
  /** Reads what happened to a flow; empty if there is none, or one of another type. */
  history(flow: FlowName<P>, options?: HistoryOptions): Promise<HistoryEvent[]>;
  /** Reads flows in the order of their last change, a page at a time. */
  list(
    state: ListState<S> | undefined,
    options: Omit<ListOptions, "state"> & PartitionFilter<P> & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads flows in the order of their last change. Default: of every state. */
  list(
    state?: ListState<S>,
    options?: Omit<ListOptions, "state"> & PartitionFilter<P>,
  ): Promise<FlowRecord[]>;
  /** Reads flows that have ended, in the order in which they did, a page at a time. */
  terminals(
    options: TerminalsOptions & PartitionFilter<P> & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads flows that have ended, in the order in which they did. */
  terminals(options?: TerminalsOptions & PartitionFilter<P>): Promise<FlowRecord[]>;
  /** The same as `terminals()` for flows that have failed, a page at a time. */
  failures(
    options: FailuresOptions & PartitionFilter<P> & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** The same as `terminals()` for flows that have failed. */
  failures(options?: FailuresOptions & PartitionFilter<P>): Promise<FlowRecord[]>;
  /** Reads the children of a flow, a page at a time. */
  children(
    parent: FlowName<P>,
    options: ChildrenOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /**
   * Reads the children of a flow, of whatever type, in the order of their last change; with
   * `full: true` with what they have come to. Of a bare id: the children of every flow that has it.
   */
  children(parent: FlowName<P>, options?: ChildrenOptions): Promise<FlowRecord[]>;
  /** Reads the children of a flow that have not ended, a page at a time. */
  waitingChildren(
    parent: FlowName<P>,
    options: WaitingChildrenOptions & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads the children of a flow that have not ended: those that it may still wait for. */
  waitingChildren(parent: FlowName<P>, options?: WaitingChildrenOptions): Promise<FlowRecord[]>;
  /** Counts the flows. */
  info(options?: InfoOptions & PartitionFilter<P>): Promise<FlowInfo>;
  /** Reads flows whose lease has expired, the longest expired first, a page at a time. */
  stuck(
    options: StuckOptions & PartitionFilter<P> & { readonly cursor: string | null },
  ): Promise<Page<FlowRecord>>;
  /** Reads flows whose lease has expired, the longest expired first. */
  stuck(options?: StuckOptions & PartitionFilter<P>): Promise<FlowRecord[]>;
}
