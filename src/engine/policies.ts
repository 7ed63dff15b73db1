/**
 * The policies of a store, as all of its shards may go by them.
 *
 * @module
 */
import type { Policies } from "../flow/core/mod.ts";

/**
 * Policies are kept by the first shard, and the others decide by those that are durable there: what
 * they write can then never have been decided by a policy that a crash takes back.
 */
export class DurablePolicies {
  /** The policies that are durable. */
  readonly policies: Policies = new Map();
  #ahead: [type: string, policy: Stored][] = [];

  /** Notes what has just been set, and is not durable yet. */
  note(type: string, policy: Stored | undefined): void {
    if (policy !== undefined) this.#ahead.push([type, policy]);
  }

  /** Takes what is durable up to an LSN. */
  settle(durableLsn: number): void {
    if (this.#ahead.length === 0) return;
    for (const [type, policy] of this.#ahead) {
      if (policy.lsn <= durableLsn) this.policies.set(type, policy);
    }
    this.#ahead = this.#ahead.filter(([, { lsn }]) => lsn > durableLsn);
  }

  /** Forgets what turned out never to have happened: everything that is not durable. */
  startAgain(): void {
    this.#ahead = [];
  }
}

type Stored = Policies extends Map<string, infer Policy> ? Policy : never;
