/**
 * What parents and children promise each other, as plainly as it can be said. What counts as
 * cancelled is marked when it begins to count; that its end is written later is all that is left to
 * be done then.
 *
 * @module
 */

import type { ModelCreate, ModelFacts, ModelFlow } from "./flow.ts";
import {
  type ModelGroup,
  type ModelGroupAsked,
  type ModelLineage,
  type ModelSpawn,
  verdictOn,
} from "./group.ts";
import { compareIds, type Model, requestText, TERMINAL } from "./model.ts";
import { Refusal } from "./refusal.ts";

export type * from "./group.ts";

/** What stores differ in. */
export interface ModelOptions {
  /** So many ends of descendants one command writes; the others follow. Default: all. */
  readonly endsMax?: number;
  /** Where a partition is kept. Default: all of them in one place. */
  readonly placeOf?: (partitionKey: string) => number;
}

/** What parents and children make of what happens to the other. */
export class FamilyModel {
  /** Groups with children whose ends are not written yet, in the order in which they came to it. */
  closings: number[] = [];
  readonly #model: Model;
  readonly #endsMax: number;
  readonly #placeOf: (partitionKey: string) => number;
  #endsLeft = 0;
  #groupCount = 0;
  /** Flows that have ended, whose parents have not heard of it. */
  #endings: ModelFlow[] = [];
  /** Flows that have been parked, or have ended. */
  #parked: ModelFlow[] = [];
  /** Flows with groups whose children end with them. */
  #shutting: { readonly flow: ModelFlow; readonly numbers: Set<number> }[] = [];

  constructor(model: Model, { endsMax = Infinity, placeOf = () => 0 }: ModelOptions) {
    this.#model = model;
    this.#endsMax = endsMax;
    this.#placeOf = placeOf;
  }

  /** A command begins. */
  begin(): void {
    this.#endsLeft = this.#endsMax;
    this.#endings = [];
    this.#parked = [];
    this.#shutting = [];
  }

  /** Returns what forgets all that has happened since. */
  snapshot(): () => void {
    const { closings } = this;
    return () => {
      this.closings = closings;
      this.#endings = [];
      this.#parked = [];
      this.#shutting = [];
    };
  }

  /** Takes the right to write one more end; false: that has to wait. */
  takeEnd(): boolean {
    if (this.#endsLeft === 0) return false;
    this.#endsLeft--;
    return true;
  }

  /** A flow as everybody sees it: the end of one that counts as cancelled is written first. */
  look(flow: ModelFlow): ModelFlow {
    if (!flow.isDoomed) return flow;
    this.closings = [...this.closings, ...this.#cancel(flow)];
    return flow;
  }

  /** Writes ends that count already, as many as one command may. */
  close(): void {
    for (const number of this.closings) if (!this.#cancelChildren([number])) return;
  }

  /** A flow has ended by itself. */
  ended(flow: ModelFlow): void {
    if (flow.membership !== null) this.#endings.push(flow);
    this.#shut(flow, flow.groups);
  }

  /** A flow has no due time any more. */
  parked(flow: ModelFlow): void {
    if (flow.groups.length > 0) this.#parked.push(flow);
  }

  /** Lets everybody hear what has happened. Returns whether anything came of it. */
  settle(): boolean {
    let hasChanged = false;
    while (this.#endings.length + this.#parked.length > 0) {
      const child = this.#endings.shift();
      const heard = child === undefined ? this.#heed(this.#parked.shift()!) : this.#rollUp(child);
      hasChanged = heard || hasChanged;
    }
    while (this.#shutting.length > 0) {
      const { flow, numbers } = this.#shutting.shift()!;
      const closed = this.#closeGroups(
        flow,
        flow.groups.filter(({ number }) => numbers.has(number)),
      );
      hasChanged ||= closed.length > 0;
      this.#doom(closed);
      this.#cancelChildren(closed);
    }
    return hasChanged;
  }

  spawn(request: ModelSpawn): ModelFlow {
    const { group: { groupId }, children, leaseToken, from } = request;
    const seen = new Set<string>();
    for (const { id } of children) {
      if (id === request.id) throw new Refusal("child_is_parent");
      if (seen.has(id)) throw new Refusal("duplicate_id");
      seen.add(id);
    }
    const parent = this.#model.named(request);
    const creates = children.map((child) => ({
      ...child,
      partitionKey: child.partitionKey ?? parent.partitionKey,
      parentFlowId: parent.id,
      rootFlowId: parent.root ?? parent.id,
    }));
    const text = JSON.stringify([request.group, creates.map(requestText).sort()]);
    const known = parent.groups.find((group) => group.groupId === groupId);
    if (known !== undefined) {
      if (known.request !== text) throw new Refusal("group_conflict");
      return parent;
    }
    const shown = parent.owner === null ? parent.state : "running";
    const isExpected = from === undefined || from === shown ||
      (leaseToken !== undefined && from === parent.state);
    if (!isExpected) throw new Refusal("wrong_state");
    const isOwner = parent.owner === null ? leaseToken === undefined : leaseToken === parent.token;
    if (parent.fencing !== request.fencingToken || !isOwner) throw new Refusal("stale_lease");
    if (TERMINAL.includes(parent.state)) throw new Refusal("parent_terminal");
    const old = creates.map((create) => this.#adoptable(create, parent));
    const number = ++this.#groupCount;
    const counts = { total: children.length, completed: 0, failed: 0, cancelled: 0 };
    const resolved = request.group.wait === "none" ? "success" : null;
    const home = this.#placeOf(parent.partitionKey);
    const isSpread = creates.some(({ partitionKey }) => this.#placeOf(partitionKey) !== home);
    for (const group of parent.groups) {
      const isOld = group.waitState === request.group.waitState;
      this.#keep(parent, { ...group, isUnheeded: group.isUnheeded && !isOld });
    }
    const asked = { ...request.group, number, request: text, isSpread };
    this.#keep(parent, { ...asked, ...counts, resolved, isUnheeded: false });
    this.#sendToWait(parent, request.group);
    for (const [place, create] of creates.entries()) {
      const membership = { partitionKey: parent.partitionKey, groupId, number, place };
      const adopted = old[place];
      if (adopted === undefined) this.#model.born(create, membership);
      else {
        adopted.membership = membership;
        if (TERMINAL.includes(adopted.state)) this.#endings.push(adopted);
      }
    }
    return parent;
  }

  /** The flows that have something in common, in the order of their last change. */
  lineage(asked: ModelLineage): ModelFlow[] {
    const { relation, id, terminalOnly, activeOnly, state = "any", rev } = asked;
    const isRelated = (flow: ModelFlow) =>
      relation === "parent"
        ? flow.parent === id
        : relation === "root"
        ? (flow.root ?? flow.id) === id
        : flow.correlation === id;
    const found = this.#model.visible().filter((flow) => {
      const hasEnded = TERMINAL.includes(flow.state);
      return isRelated(flow) &&
        (asked.partitionKey ?? flow.partitionKey) === flow.partitionKey &&
        (asked.parentPartitionKey === undefined ||
          asked.parentPartitionKey === flow.membership?.partitionKey) &&
        (asked.groupId === undefined || asked.groupId === flow.membership?.groupId) &&
        ((asked.parentPartitionKey ?? asked.groupId) === undefined || this.#isOfPresent(flow)) &&
        (state === "any" || state === (flow.owner === null ? flow.state : "running")) &&
        !(terminalOnly === true && !hasEnded) && !(activeOnly === true && hasEnded) &&
        flow.updatedAtMs >= (asked.fromMs ?? 0) && flow.updatedAtMs <= (asked.toMs ?? Infinity);
    }).sort((a, b) => a.updatedAtMs - b.updatedAtMs || compareIds(a, b));
    return rev === true ? found.reverse() : found;
  }

  /** Whether a flow belongs to its parent as that is now; of one that is gone nobody can tell. */
  #isOfPresent(child: ModelFlow): boolean {
    const parent = this.#model.visible().find((flow) => flow === this.#parentOf(child));
    return parent?.groups.some(({ number }) => number === child.membership?.number) ?? true;
  }

  /** The flow that a child is to be, if there is one. */
  #adoptable(create: ModelCreate, parent: ModelFlow): ModelFlow | undefined {
    const old = this.#model.repeated(create);
    if (old === undefined) return undefined;
    if (old.membership !== null) throw new Refusal("idempotency_conflict");
    for (let flow: ModelFlow | undefined = parent; flow !== undefined;) {
      // Not whoever has the id of the parent by now.
      const number: number | undefined = flow.membership?.number;
      flow = this.#model.flows.find(({ groups }) =>
        groups.some((group) => group.number === number)
      );
      if (flow === old) throw new Refusal("child_is_parent");
    }
    return old;
  }

  /** The parent of a flow that is in a group, whether its retention is over or not. */
  #parentOf({ parent, membership }: ModelFlow): ModelFlow | undefined {
    return this.#model.flows.find(({ id, partitionKey }) =>
      id === parent && partitionKey === membership?.partitionKey
    );
  }

  #sendToWait(parent: ModelFlow, { groupId, waitState, success }: ModelGroupAsked): void {
    const state = waitState ?? success;
    if (TERMINAL.includes(state)) {
      this.#model.end(parent, state, "children_spawned", undefined, { groupId });
      return;
    }
    if (state !== parent.state) parent.attempts = 0;
    parent.state = state;
    parent.owner = null;
    parent.reclaims = 0;
    parent.dueMs = waitState === null ? this.#model.nowMs : null;
    this.#model.changed(parent, "children_spawned", { groupId });
  }

  /** Counts an end. Returns whether anybody cares. */
  #rollUp(child: ModelFlow): boolean {
    const { nowMs } = this.#model;
    const end = child.state as "completed" | "failed" | "cancelled";
    const parent = this.#parentOf(child);
    if (parent === undefined || (parent.untilMs !== null && parent.untilMs <= nowMs)) return false;
    const wasDoomed = parent.isDoomed;
    this.look(parent);
    const before = parent.groups.find(({ number }) => number === child.membership!.number);
    const isShutting = this.#shutting.some(({ flow, numbers }) =>
      flow === parent && numbers.has(child.membership!.number)
    );
    const counts = before !== undefined && before.wait !== "none" &&
      (before.resolved === null || isShutting);
    if (!counts) return wasDoomed;
    const counted = { ...before, [end]: before[end] + 1 };
    const resolved = before.resolved ?? verdictOn(counted, end);
    const isDecided = before.resolved === null && resolved !== null;
    const isThere = parent.owner === null && parent.state === before.waitState;
    const isUnheeded = isDecided ? !isThere : before.isUnheeded;
    const group = { ...counted, resolved, isUnheeded };
    this.#keep(parent, group);
    const event = `child_${end}`;
    const facts = { groupId: group.groupId, childId: child.id };
    if (isDecided && isThere) this.#sendOn(parent, group, { event, facts, error: event });
    else this.#model.changed(parent, event, facts);
    if (isDecided) this.#shut(parent, [group]);
    return true;
  }

  /** A flow that is parked in its wait state goes on as a group says that was decided before. */
  #heed(flow: ModelFlow): boolean {
    const group = flow.groups.find(({ isUnheeded, waitState }) =>
      isUnheeded && waitState === flow.state
    );
    if (flow.dueMs !== null || group === undefined) return false;
    this.#keep(flow, { ...group, isUnheeded: false });
    const facts = { groupId: group.groupId, childId: null };
    const error = group.failed > 0 ? "child_failed" : "child_cancelled";
    this.#sendOn(flow, group, { event: "children_resolved", facts, error });
    return true;
  }

  #sendOn(
    parent: ModelFlow,
    group: ModelGroup,
    { event, facts, error }: { event: string; facts: ModelFacts; error: string },
  ): void {
    const target = group.resolved === "success" ? group.success : group.failure!;
    if (group.resolved === "failure") {
      parent.error = error;
      parent.values++;
    }
    if (TERMINAL.includes(target)) {
      this.#model.end(parent, target, event, undefined, facts);
      return;
    }
    this.#model.overrideDue(parent);
    if (target !== parent.state) parent.attempts = 0;
    parent.state = target;
    parent.reclaims = 0;
    parent.dueMs = this.#model.nowMs;
    this.#model.changed(parent, event, facts);
  }

  /** Notes whose children are to end. */
  #shut(flow: ModelFlow, groups: readonly ModelGroup[]): void {
    const numbers = groups.filter((group) => this.#hasToClose(group)).map(({ number }) => number);
    if (numbers.length === 0) return;
    const shutting = this.#shutting.find((other) => other.flow === flow);
    if (shutting === undefined) this.#shutting.push({ flow, numbers: new Set(numbers) });
    else for (const number of numbers) shutting.numbers.add(number);
  }

  #hasToClose(group: ModelGroup): boolean {
    const { total, completed, failed, cancelled } = group;
    if (group.onParentClosed === "abandon_children") return false;
    // Nobody has counted in a group that nobody waited for, and nobody looks in other places.
    return group.wait === "none"
      ? group.isSpread || this.#open(group.number).length > 0
      : total > completed + failed + cancelled;
  }

  /** Settles groups whose children end with the flow. Returns their numbers. */
  #closeGroups(flow: ModelFlow, groups: readonly ModelGroup[]): number[] {
    const closed = groups.filter((group) => this.#hasToClose(group));
    if (closed.length === 0) return [];
    for (const group of closed) {
      if (group.wait === "none") continue;
      const { total, completed, failed, resolved } = group;
      const cancelled = total - completed - failed;
      this.#keep(flow, { ...group, cancelled, resolved: resolved ?? "failure" });
    }
    const groupId = closed.length === 1 ? closed[0]!.groupId : null;
    this.#model.changed(flow, "children_cancelled", { groupId });
    return closed.map(({ number }) => number);
  }

  /** From now on all who descend from these groups count as cancelled, but for those spared. */
  #doom(numbers: readonly number[]): void {
    for (const number of numbers) {
      for (const child of this.#open(number)) {
        child.isDoomed = true;
        this.#doom(
          child.groups.filter(({ onParentClosed }) => onParentClosed === "cancel_children")
            .map((group) => group.number),
        );
      }
    }
  }

  /** Writes ends, generation by generation. Returns whether all of them are written. */
  #cancelChildren(numbers: readonly number[]): boolean {
    const line = [...numbers];
    let isAll = true;
    for (const number of line) {
      let isDone = true;
      for (const child of this.#open(number)) {
        isDone = this.takeEnd();
        if (!isDone) break;
        line.push(...this.#cancel(child));
      }
      if (isDone) this.closings = this.closings.filter((other) => other !== number);
      else if (!this.closings.includes(number)) this.closings = [...this.closings, number];
      isAll &&= isDone;
    }
    return isAll;
  }

  /** Ends a flow with its parent. Returns the numbers of its groups that end with it. */
  #cancel(flow: ModelFlow): number[] {
    const { nowMs } = this.#model;
    flow.isDoomed = false;
    this.#model.overrideDue(flow);
    flow.state = "cancelled";
    flow.owner = null;
    flow.reclaims = 0;
    flow.dueMs = null;
    flow.untilMs = nowMs + flow.ttlMs;
    this.#model.changed(flow, "cancelled");
    return this.#closeGroups(flow, flow.groups);
  }

  /** The children of a group whose ends are not written, as they joined it. */
  #open(number: number): ModelFlow[] {
    return this.#model.flows.filter(({ membership, state }) =>
      membership?.number === number && !TERMINAL.includes(state)
    ).sort((a, b) => a.membership!.place - b.membership!.place);
  }

  #keep(flow: ModelFlow, group: ModelGroup): void {
    const isNew = !flow.groups.some(({ number }) => number === group.number);
    flow.groups = isNew
      ? [...flow.groups, group]
      : flow.groups.map((other) => other.number === group.number ? group : other);
  }
}
