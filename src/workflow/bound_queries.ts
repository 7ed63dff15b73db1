/**
 * Asks the store of a workflow.
 *
 * The types are those of `workflow_queries.ts`.
 *
 * @module
 */
import { given, invalid } from "../argument.ts";
import type {
  FailuresOptions,
  FlowInfo,
  FlowRecord,
  FlowStore,
  GetOptions,
  HistoryEvent,
  HistoryOptions,
  ListOptions,
  TerminalsOptions,
} from "../flow/mod.ts";
import { BEFORE, optionsOf, type SaidElsewhere } from "./argument.ts";
import type { CheckedDefinition } from "./definition/definition.ts";
import { checkStore } from "./definition/definition_check.ts";
import { partitioned } from "./definition/partition_key.ts";
import { isForeign, refOf } from "./flow_name.ts";

/** The half of a workflow on a store that only reads. */
export class BoundQueries {
  /** The workflow type. */
  readonly type: string;
  /** The checked definition. */
  readonly definition: CheckedDefinition;
  /** The store. */
  readonly store: FlowStore;

  constructor(definition: CheckedDefinition, store: FlowStore) {
    checkStore("store", store);
    store.define?.(definition.type, definition.outline);
    this.type = definition.type;
    this.definition = definition;
    this.store = store;
  }

  async get(flow: string | object, options?: GetOptions): Promise<FlowRecord | null> {
    if (isForeign(this.definition, flow)) return null;
    return await this.store.get(refOf(this.definition, flow), given(optionsOf(options)));
  }

  async history(flow: string | object, options?: HistoryOptions): Promise<HistoryEvent[]> {
    if (isForeign(this.definition, flow)) return [];
    return await this.store.history(refOf(this.definition, flow), given(optionsOf(options)));
  }

  async list(state: unknown = "any", options: object = {}): Promise<unknown> {
    if (typeof state !== "string") throw invalid("state", state, `the name of a state or "any"`);
    const filter = {
      ...filtered(this.definition, options, { state: BEFORE }),
      state: state === "any" ? undefined : state,
    };
    return await this.store.list(this.type, given(filter) as ListOptions);
  }

  async terminals(options?: object): Promise<unknown> {
    return await this.store.terminals(
      this.type,
      filtered(this.definition, options) as TerminalsOptions,
    );
  }

  async failures(options?: object): Promise<unknown> {
    return await this.store.failures(
      this.type,
      filtered(this.definition, options) as FailuresOptions,
    );
  }

  async children(parent: string | object, options?: object): Promise<unknown> {
    const ref = refOf(this.definition, parent);
    const { id, partitionKey } = typeof ref === "object" ? ref : { id: ref };
    const others = optionsOf(options, { parentPartitionKey: "the parent says it" });
    return await this.byParent(id, { ...others, parentPartitionKey: partitionKey });
  }

  async waitingChildren(parent: string | object, options?: object): Promise<unknown> {
    const others = optionsOf(options, { activeOnly: "children that wait are active" });
    return await this.children(parent, { ...others, activeOnly: true });
  }

  async byParent(id: string, options?: object): Promise<unknown> {
    return await this.store.byParent(id, given(optionsOf(options)));
  }

  async byRoot(id: string, options?: object): Promise<unknown> {
    return await this.store.byRoot(id, given(optionsOf(options)));
  }

  async byCorrelation(id: string, options?: object): Promise<unknown> {
    return await this.store.byCorrelation(id, given(optionsOf(options)));
  }

  async info(options?: object): Promise<FlowInfo> {
    return await this.store.info(this.type, filtered(this.definition, options));
  }

  async stuck(options?: object): Promise<unknown> {
    return await this.store.stuck(this.type, filtered(this.definition, options));
  }
}

/** Options with the partition that they name. */
function filtered(
  { partitionBy }: CheckedDefinition,
  options: object | undefined,
  elsewhere?: SaidElsewhere,
): object {
  const { partitionKey, rest } = partitioned(optionsOf(options, elsewhere), partitionBy);
  return given({ ...rest, partitionKey });
}
