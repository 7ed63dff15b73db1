/**
 * How a flow waits for children, and where it goes after them.
 *
 * @module
 */
import { checkObject, given, invalid } from "../../argument.ts";
import {
  type ChildFailurePolicy,
  type ChildItem,
  type ChildWait,
  type CommandOptions,
  isReservedName,
  isTerminalState,
  type RUNNING,
  type SpawnChildrenOptions,
  type TerminalState,
} from "../../flow/mod.ts";
import { checkName } from "../argument.ts";
import type { CheckedDefinition } from "../definition/definition.ts";
import { checkTarget } from "../definition/state_check.ts";

/** The group of a call that names none. */
const GROUP_ID = "fanout";

/** The state in which a flow waits for its children that does not say where. */
export type DefaultWaitState = "waiting_children";

const WAIT_STATE: DefaultWaitState = "waiting_children";

/** What a group is called, and what every child has that does not say otherwise itself. */
export interface FanoutFacts
  extends
    CommandOptions,
    Omit<ChildItem, "id" | "type" | "partitionKey" | "state" | "payload" | "payloadRef"> {
  /**
   * The name of the group within its parent, 1 to 1,024 bytes. Default `"fanout"`: a flow that fans
   * out more than once needs a name for each time.
   */
  readonly groupId?: string | undefined;
  /**
   * What becomes of children that have not ended when the group is decided or the parent ends.
   * Default `"cancel_children"`.
   */
  readonly onParentClosed?: SpawnChildrenOptions["onParentClosed"];
}

/** One value under exactly one of several names that mean the same. */
export type OneName<Names extends string, Value> = {
  readonly [N in Names]:
    & { readonly [Given in N]: Value }
    & { readonly [Other in Exclude<Names, N>]?: undefined };
}[Names];

/** The same, or none of the names. */
export type OneNameAtMost<Names extends string, Value> =
  | OneName<Names, Value>
  | { readonly [N in Names]?: undefined };

/** The names of the state to go to when all is well: they mean the same. */
export type SuccessName = "onAllOk" | "onSuccess" | "success";

/** The names of the state to go to when something went wrong: they mean the same. */
export type FailureName = "onAnyError" | "onFailure" | "failure";

/** The names of what a child that fails or is cancelled means. Default `"fail_parent"`. */
export type ChildFailureName = "childFailurePolicy" | "onChildFailed";

/** Any text that can be the name of a state in which a flow waits. */
export type WaitState<W extends string> = W extends typeof RUNNING | TerminalState ? never : W;

/** A flow waits for its children, and goes on when their group is decided. */
export interface Waiting<W extends string> {
  /** For every child, or for the first one that completes. Default `"all"`. */
  readonly wait?: Exclude<ChildWait, "none"> | undefined;
  /** The state to wait in, declared or not. Default `"waiting_children"`. */
  readonly waitState?: WaitState<W> | undefined;
}

/** A flow goes on at once, whatever becomes of its children. */
export interface NotWaiting {
  /** For none. */
  readonly wait: "none";
  /** There is none. */
  readonly waitState?: undefined;
}

/**
 * How a flow fans out.
 *
 * @typeParam To The states that it may go to afterwards.
 * @typeParam W The state that it waits in.
 */
export type FanoutOptions<To extends string, W extends string = string> =
  & FanoutFacts
  & OneName<SuccessName, To>
  & OneNameAtMost<ChildFailureName, ChildFailurePolicy>
  & (
    | (NotWaiting & OneNameAtMost<FailureName, To>)
    // Last: errors in what is handed in are told about the last one.
    | (Waiting<W> & OneName<FailureName, To>)
  );

/** Options of a fan-out as stores take them, but for what proves that the parent may be moved. */
export type GroupOptions = Omit<SpawnChildrenOptions, "fencingToken">;

/** The options of the store's `spawnChildren`. Refuses what the types refuse. */
export function groupOptions(definition: CheckedDefinition, options: unknown): GroupOptions {
  const { groupId = GROUP_ID, wait = "all", waitState, ...named } = checkObject(
    "options",
    options,
  );
  const { onAllOk, onSuccess, success, onAnyError, onFailure, failure, ...others } = named;
  const { childFailurePolicy, onChildFailed, ...rest } = others;
  const isWaiting = wait !== "none";
  if (isWaiting && wait !== "all" && wait !== "any") {
    throw invalid("wait", wait, `"all", "any" or "none"`);
  }
  const good = oneOf({ onAllOk, onSuccess, success });
  const bad = oneOf({ onAnyError, onFailure, failure });
  const declared = [...definition.states.keys()];
  checkTarget(good?.name ?? "onAllOk", good?.value, declared);
  if (isWaiting || bad !== undefined) checkTarget(bad?.name ?? "onAnyError", bad?.value, declared);
  return given({
    ...rest,
    groupId,
    wait,
    waitState: checkedWaitState(waitState, isWaiting),
    success: good?.value,
    failure: bad?.value,
    onChildFailed: oneOf({ childFailurePolicy, onChildFailed })?.value,
  }) as unknown as GroupOptions;
}

/** What stands under the one of several names that is given. */
function oneOf(
  names: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly value: unknown } | undefined {
  const [first, second] = Object.entries(given(names));
  if (first === undefined) return undefined;
  const [name, value] = first;
  if (second === undefined) return { name, value };
  throw invalid(second[0], second[1], `left out beside ${name}, which means the same`);
}

function checkedWaitState(name: unknown, isWaiting: boolean): unknown {
  if (name === undefined) return isWaiting ? WAIT_STATE : undefined;
  if (!isWaiting) throw invalid("waitState", name, `left out beside wait: "none"`);
  checkName("waitState", name);
  if (!isReservedName(name as string) && !isTerminalState(name as string)) return name;
  throw invalid("waitState", name, "a state in which a flow can wait");
}
