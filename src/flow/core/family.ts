/**
 * What one command does to parents and children, while it is being decided.
 *
 * @module
 */
import type { FlowLimits } from "../mod.ts";
import type { Flow } from "./flow.ts";
import { packKey } from "./flow_key.ts";

/** So many ends of descendants one command writes at most; the others follow. */
const STEPS_MAX = 1_000;

/** Bytes that the end of one descendant takes at most: its control block, its groups, their closing. */
const STEP_BYTES = 4_096;

/** The part of a draft that only commands need that end flows or spawn children. */
export class Family {
  readonly #closings = new Map<number, boolean>();
  readonly #spawned = new Map<number, Flow[]>();
  readonly #shutting = new Map<string, { readonly flow: Flow; readonly groups: Set<number> }>();
  /** Flows that have ended, whose parents do not know it yet; in order. */
  readonly endings: Flow[] = [];
  #stepsLeft: number;

  /** @param limits What the command writes has to fit into. */
  constructor({ commandBytesMax }: Pick<FlowLimits, "commandBytesMax">) {
    this.#stepsLeft = Math.max(1, Math.min(STEPS_MAX, Math.floor(commandBytesMax / STEP_BYTES)));
  }

  /** Takes the right to write the end of one more descendant; false: others have to follow. */
  takeStep(): boolean {
    if (this.#stepsLeft === 0) return false;
    this.#stepsLeft--;
    return true;
  }

  /** Whether the command has closed any group. */
  get hasClosings(): boolean {
    return this.#closings.size > 0;
  }

  /** Whether a group is closing after the command; undefined: the command has not touched it. */
  isClosing(group: number): boolean | undefined {
    return this.#closings.get(group);
  }

  /** Notes that a group is closing from now on, or no more. */
  setClosing(group: number, isClosing: boolean): void {
    this.#closings.set(group, isClosing);
  }

  /** Notes that a flow is in a group now. */
  join(flow: Flow): void {
    const { membership } = flow.identity;
    if (membership === null) return;
    const spawned = this.#spawned.get(membership.group);
    if (spawned === undefined) this.#spawned.set(membership.group, [flow]);
    else spawned.push(flow);
  }

  /** The flows that the command has put into a group. */
  joined(group: number): readonly Flow[] {
    return this.#spawned.get(group) ?? [];
  }

  /** Notes that the open children of a group are to be cancelled. */
  shut(flow: Flow, groups: Iterable<number>): void {
    const packed = packKey(flow.key);
    const shutting = this.#shutting.get(packed);
    const numbers = shutting?.groups ?? new Set<number>();
    for (const group of groups) numbers.add(group);
    if (shutting === undefined) this.#shutting.set(packed, { flow, groups: numbers });
  }

  /** Whether the open children of a group of a flow are to be cancelled. */
  isShutting({ key }: Flow, group: number): boolean {
    return this.#shutting.get(packKey(key))?.groups.has(group) === true;
  }

  /** Takes out a flow with groups whose children are to be cancelled; undefined: there is none. */
  takeShutting(): { readonly flow: Flow; readonly groups: ReadonlySet<number> } | undefined {
    for (const [packed, shutting] of this.#shutting) {
      this.#shutting.delete(packed);
      return shutting;
    }
    return undefined;
  }
}
