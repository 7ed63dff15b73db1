/**
 * What one command does to parents and children, while it is being decided.
 *
 * @module
 */
import type { FlowLimits } from "../../mod.ts";
import type { Effect } from "../effect.ts";
import { type Flow, hasEnded } from "../flow.ts";
import { packKey } from "../flow_key.ts";
import { valueNumber } from "../values/value_ref.ts";
import { type Group, type Membership, withGroups } from "./group.ts";
import type { Message } from "./message.ts";

/** So many ends of descendants one command writes at most; the others follow. */
const STEPS_MAX = 1_000;

/** Bytes set aside for the end of one descendant: its control block, its groups, their closing. */
const STEP_BYTES = 4_096;

/** Bytes that the end of a group takes at most, but for its name. */
const GROUP_BYTES = 256;

/** What the family of a draft writes with. */
export interface FamilyParts {
  /** What the command writes has to fit into. */
  readonly limits: Pick<FlowLimits, "commandBytesMax">;
  /** The number of the shard. */
  readonly shard: number;
  /** Adds an effect. Returns the LSN that its record will have. */
  readonly add: (effect: Effect) => number;
  /** Gives a name a number. */
  readonly name: (name: string) => void;
  /** Notes what has become of a flow. */
  readonly remember: (flow: Flow) => void;
  /** The LSN that the next effect will have. */
  readonly nextLsn: () => number;
}

/** The part of a draft that only commands need that end flows or spawn children. */
export class Family {
  readonly #parts: FamilyParts;
  readonly #closings = new Map<number, boolean>();
  readonly #spawned = new Map<number, Flow[]>();
  readonly #shutting = new Map<string, { readonly flow: Flow; readonly groups: Set<number> }>();
  /** Flows that have ended, whose parents do not know it yet; in order. */
  readonly endings: Flow[] = [];
  /** Flows that were parked where a group has sent them on already; in order. */
  readonly parked: Flow[] = [];
  #bytesLeft: number;
  #hasStepped = false;

  /** The family of a command that has done nothing yet. */
  constructor(parts: FamilyParts) {
    const { commandBytesMax } = parts.limits;
    this.#parts = parts;
    this.#bytesLeft = Math.min(STEPS_MAX * STEP_BYTES, commandBytesMax);
  }

  /** Takes the right to write the end of one more descendant; false: it has to follow. */
  takeStep({ groups }: Flow): boolean {
    // Names may be long. A character takes at most three bytes.
    const groupBytes = groups.reduce((sum, { id }) => sum + GROUP_BYTES + 3 * id.length, 0);
    const bytes = Math.max(STEP_BYTES, groupBytes);
    // Without a first step a command would come to nothing.
    if (this.#hasStepped && this.#bytesLeft < bytes) return false;
    this.#hasStepped = true;
    this.#bytesLeft -= bytes;
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

  /** Writes a new group. The parent has to change in the same command. Returns it with the group. */
  newGroup(
    flow: Flow,
    group: Omit<Group, "number">,
  ): { readonly flow: Flow; readonly group: Group } {
    this.#nameStates(group);
    const { shard, nextLsn } = this.#parts;
    const numbered = { ...group, number: valueNumber({ shard, lsn: nextLsn() }) };
    return { flow: this.group(flow, numbered), group: numbered };
  }

  /** Writes what has become of a group. The parent has to change in the same command. */
  group(flow: Flow, group: Group): Flow {
    this.#nameStates(group);
    this.#parts.add({ kind: "group", key: flow.key, group });
    return { ...flow, groups: withGroups(flow.groups, [group]) };
  }

  /** Marks a group whose open children count as cancelled, or that has none any more. */
  closing(group: number, { isDone }: { readonly isDone: boolean }): void {
    this.#parts.add({ kind: "closing", group, isDone });
    this.#closings.set(group, !isDone);
  }

  /** Takes a flow that is there into a group. */
  adopt(flow: Flow, membership: Membership): Flow {
    const identity = { ...flow.identity, membership };
    const bodyLsn = this.#parts.add({ kind: "body", key: flow.key, identity });
    const adopted = { ...flow, identity, bodyLsn };
    this.#parts.remember(adopted);
    this.join(adopted);
    if (hasEnded(flow.control)) this.endings.push(adopted);
    return adopted;
  }

  /** Tells another shard something, once the command is durable. */
  send(to: number, message: Message): void {
    this.#parts.add({ kind: "outbox", to, message });
  }

  /** Notes that everything from another shard has arrived up to an LSN. */
  receive(from: number, lsn: number): void {
    this.#parts.add({ kind: "inbox", from, lsn });
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

  #nameStates({ waitState, success, failure }: Omit<Group, "number">): void {
    for (const name of [waitState, success, failure]) if (name !== null) this.#parts.name(name);
  }
}
