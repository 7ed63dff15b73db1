/**
 * What a merge has to know that its records do not tell.
 *
 * @module
 */
import type { Flow } from "../flow.ts";
import type { FlowKey, KeyedHash } from "../flow_key.ts";
import type { FlowState } from "../state.ts";
import type { ValueLinks } from "../values/value_links.ts";
import { valueNumber, valuePlace } from "../values/value_ref.ts";

/**
 * What lies around a run: the state that the whole log has come to, and those of the other shards.
 * Every answer stays right for as long as the merge takes: it is about what is fixed for life, or
 * changes to one side only.
 */
export interface Beyond {
  /** The number of the shard. */
  readonly shard: number;
  /** The hash of the store. */
  readonly hash: KeyedHash;
  /** The flow that has a key now. What is asked for is what it is for life. The key is not kept. */
  flow(key: FlowKey): Pick<Flow, "bodyLsn" | "identity"> | undefined;
  /** The LSN of the oldest message to a shard that may not have arrived for good; `Infinity`: all have. */
  oldestUnheardLsn(to: number): number;
  /** Whether a flow that did not bring a value refers to it, or a message does. */
  isLinked(lsn: number): boolean;
  /** What is the same again only if no link has been noted meanwhile. */
  linkMark(): LinkMark;
  /** The LSNs of values of the shard that were linked since a mark; undefined: that is not known. */
  linkedSince(mark: LinkMark): number[] | undefined;
}

/** The links of each shard, and how often one was noted. */
export type LinkMark = readonly (readonly [links: ValueLinks, notedCount: number])[];

/** Whether no link was noted between two marks. */
export function isSameMark(one: LinkMark, two: LinkMark): boolean {
  return one.every(([links, count], shard) => two[shard]![0] === links && two[shard]![1] === count);
}

/** What the states of a store know. */
export interface StatesBeyond {
  /** The number of the shard of which something is merged. */
  readonly shard: number;
  /** The states of all shards, by number. Asked anew each time: a state may be built again. */
  readonly states: () => readonly FlowState[];
}

/** What lies around the runs of a shard. */
export function beyondRuns({ shard, states }: StatesBeyond): Beyond {
  const own = (): FlowState => states()[shard]!;
  return {
    shard,
    hash: own().hash,
    flow: (key) => own().table.peek(key),
    oldestUnheardLsn: (to) => own().mail.sentTo(to)[0]?.lsn ?? Infinity,
    isLinked: (lsn) => states().some(({ links }) => links.has(valueNumber({ shard, lsn }))),
    linkMark: () => states().map(({ links }) => [links, links.notedCount] as const),
    linkedSince: (mark) => {
      const lsns: number[] = [];
      for (const [number, { links }] of states().entries()) {
        const [before, count] = mark[number]!;
        // A state that was built again has had other links meanwhile.
        const noted = links === before ? links.notedAfter(count) : undefined;
        if (noted === undefined) return undefined;
        for (const place of noted.map(valuePlace)) if (place.shard === shard) lsns.push(place.lsn);
      }
      return lsns;
    },
  };
}
