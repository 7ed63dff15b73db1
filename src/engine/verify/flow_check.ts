/**
 * Whether what a shard has in memory about flows leads to the records that it should.
 *
 * @module
 */
import {
  type Control,
  type Flow,
  type FlowState,
  oldestVersion,
  valuePlace,
} from "../../flow/core/mod.ts";
import type { Shard } from "../shard/shard.ts";
import type { RecordCheck, Reference } from "./record_check.ts";

/** What the flows of a shard are checked with. */
export interface FlowCheckParts {
  /** The shard. */
  readonly shard: Shard;
  /** All shards of the store, by number. */
  readonly all: readonly Shard[];
  /** Which shard has a partition. */
  readonly shardOf: (partitionKey: string) => Shard;
  /** Looks up records. */
  readonly records: RecordCheck;
}

/** The check of the flows in one state of a shard. */
export class FlowCheck {
  readonly #parts: FlowCheckParts;
  readonly #state: FlowState;

  /** A check of the present state. */
  constructor(parts: FlowCheckParts) {
    this.#parts = parts;
    this.#state = parts.shard.state.flows;
  }

  /** Looks up all that a flow refers to. Yields after every small piece of it. */
  *check(flow: Flow): Generator<void> {
    const { records } = this.#parts;
    const { key, identity, bodyLsn, control, lsn, values } = flow;
    records.look(
      this.#of(flow, lsn, "control block"),
      (effect) =>
        effect.kind === "ctrl" && isSame(effect.key, key) && isSame(effect.control, control),
    );
    records.look(
      this.#of(flow, bodyLsn, "identity"),
      (effect) =>
        effect.kind === "body" && isSame(effect.key, key) && isSame(effect.identity, identity),
    );
    if (control.valuesLsn > 0) {
      records.look(
        this.#of(flow, control.valuesLsn, "list of values"),
        (effect) => effect.kind === "values" && isSame(effect.values, values),
      );
    }
    this.#checkGroups(flow);
    yield;
    yield* this.#values(flow);
    yield* this.#history(flow);
  }

  /** The record with an LSN, as the flow knows it. */
  #of(flow: Flow, lsn: number, what: string): Reference {
    const { key, identity: { id, partitionKey } } = flow;
    const { shard } = this.#parts;
    return {
      shard,
      lsn,
      what: `The ${what} of flow "${id}" in partition "${partitionKey}"`,
      isCurrent: () =>
        shard.state.flows === this.#state && this.#state.table.peek(key)?.lsn === flow.lsn,
    };
  }

  /** The groups that a flow has, and the one that it belongs to. */
  #checkGroups(flow: Flow): void {
    const { records, shardOf } = this.#parts;
    const { key, identity: { membership }, groups } = flow;
    for (const { id, number } of groups) {
      // The first record of a group may be gone once there is a later one.
      const reference = { ...this.#of(flow, number, `group "${id}"`), mayBeGone: true };
      records.look(
        reference,
        (effect) => effect.kind === "group" && isSame(effect.key, key) && effect.group.id === id,
      );
    }
    if (membership === null) return;
    const { group, groupId, parentPartitionKey } = membership;
    const shard = shardOf(parentPartitionKey);
    const reference = { ...this.#of(flow, group, "parent's group"), shard, mayBeGone: true };
    records.look(reference, (effect) => effect.kind === "group" && effect.group.id === groupId);
  }

  /** The values that a flow has now. What is linked may be anything; that was never looked at. */
  *#values(flow: Flow): Generator<void> {
    const { records, all } = this.#parts;
    const { payloadLsn, resultLsn, errorLsn } = flow.control;
    const held = [
      { what: "payload", number: payloadLsn },
      { what: "result", number: resultLsn },
      { what: "error", number: errorLsn },
      ...flow.values.map(({ name, lsn }) => ({ what: `value "${name}"`, number: lsn })),
    ];
    for (const { what, number } of held) {
      if (number === 0) continue;
      const place = valuePlace(number);
      const shard = all[place.shard];
      if (shard === undefined) continue;
      const reference = { ...this.#of(flow, place.lsn, what), shard, mayBeGone: true };
      const effect = records.look(reference, () => true);
      if (effect?.kind === "value") yield* records.parts(reference, effect.value);
    }
  }

  /** The events that a flow keeps, and the values that it brought with them. */
  *#history(flow: Flow): Generator<void> {
    const { shard, records } = this.#parts;
    const oldest = oldestVersion(flow);
    let { lsn, control } = flow;
    for (let version = control.version; version >= oldest; version--) {
      const reference = this.#of(flow, lsn, `event of version ${version}`);
      if (!reference.isCurrent()) return;
      const lsnBefore = shard.records.previous(lsn);
      if (version === 1) {
        return this.#checkBrought(flow, { lsn, control, lsnBefore, countBefore: 0 });
      }
      if (version === oldest) return;
      const before = { ...reference, lsn: lsnBefore };
      const effect = records.look(
        before,
        (effect) =>
          effect.kind === "ctrl" && isSame(effect.key, flow.key) &&
          effect.control.version === version - 1,
      );
      if (effect?.kind !== "ctrl") return;
      const countBefore = effect.control.valueCount;
      this.#checkBrought(flow, { lsn, control, lsnBefore, countBefore });
      ({ control } = effect);
      lsn = lsnBefore;
      yield;
    }
  }

  /** Whether the values are there that a flow brought with an event: those are no links. */
  #checkBrought(flow: Flow, event: {
    readonly lsn: number;
    readonly control: Control;
    readonly lsnBefore: number;
    readonly countBefore: number;
  }): void {
    const { lsn, control, lsnBefore, countBefore } = event;
    const count = control.valueCount - countBefore;
    if (count <= 0) return;
    const { shard, records } = this.#parts;
    const { payloadLsn, resultLsn, errorLsn, valuesLsn, version } = control;
    const what = `event of version ${version}, which brought ${count} values,`;
    const list = valuesLsn > lsnBefore ? records.peek(this.#of(flow, valuesLsn, what)) : undefined;
    const named = list?.kind === "values" ? list.values.map(({ lsn }) => lsn) : [];
    const numbers = new Set([payloadLsn, resultLsn, errorLsn, ...named]);
    const found = [...numbers].map(valuePlace).filter((place) => {
      if (place.shard !== shard.number || place.lsn <= lsnBefore || place.lsn > lsn) return false;
      const effect = records.peek(this.#of(flow, place.lsn, what));
      return effect === null || (effect?.kind === "value" && isSame(effect.key, flow.key));
    });
    if (list === null || found.length >= count) return;
    records.report(this.#of(flow, lsn, what), `finds ${found.length} of them`);
  }
}

/** Whether two things that JSON can express are the same. */
function isSame(one: unknown, two: unknown): boolean {
  if (one === two) return true;
  if (typeof one !== "object" || typeof two !== "object" || one === null || two === null) {
    return false;
  }
  const names = Object.keys(one);
  return names.length === Object.keys(two).length &&
    names.every((name) =>
      isSame((one as Record<string, unknown>)[name], (two as Record<string, unknown>)[name])
    );
}
