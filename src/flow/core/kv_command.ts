/**
 * Commands about keys, after their arguments were checked.
 *
 * @module
 */
import type { CommandBase } from "./command.ts";
import type { Value } from "./values/value.ts";

/** Names a key. */
export interface KvTarget {
  /** The partition. */
  readonly partitionKey: string;
  /** The key. */
  readonly key: string;
}

/** `kv.set`. */
export interface KvSetCommand extends CommandBase, KvTarget {
  /** The command. */
  readonly kind: "kv_set";
  /** The value. */
  readonly value: Value;
  /** How long it can be read; undefined: for ever. */
  readonly ttlMs: number | undefined;
  /** The version that it replaces, 0: there is no such key; undefined: any. */
  readonly ifVersion: number | undefined;
}

/** `kv.delete`. */
export interface KvDeleteCommand extends CommandBase, KvTarget {
  /** The command. */
  readonly kind: "kv_delete";
  /** The version that it removes; undefined: any. */
  readonly ifVersion: number | undefined;
}
