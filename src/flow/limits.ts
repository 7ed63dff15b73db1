/**
 * How much a store takes at once.
 *
 * @module
 */

/** The limits of a store. Every one has an error that names the field, the value and the limit. */
export interface FlowLimits {
  /** Bytes (UTF-8) of an id, a type, a state, a partition, a worker. Default 1,024. */
  readonly idBytesMax: number;
  /** Bytes of one payload, result, error or named value, encoded. Default 16 MiB. */
  readonly valueBytesMax: number;
  /** Larger values travel to the log in parts of this many bytes. Default 1 MiB. */
  readonly valueInlineBytesMax: number;
  /** Items of one `*Many` command, commands of one `atomic`, children of one `spawnChildren`. Default 1,000. */
  readonly batchItemsMax: number;
  /** The `limit` of one claim, the flows that it may give up besides, and rows of a query that show values. Default 1,000. */
  readonly claimLimitMax: number;
  /** The `limit` of one `retentionCleanup`, and what one slice of the sweeper removes. Default 1,000. */
  readonly cleanupLimitMax: number;
  /** States or partitions that one claim may name. Default 1,000. */
  readonly claimFilterMax: number;
  /** Rows of one query. Default 10,000. */
  readonly queryCountMax: number;
  /** Bytes (UTF-8) of a key of `kv`. Default 4,096. */
  readonly kvKeyBytesMax: number;
  /** Bytes of the value of a key of `kv`, encoded. Default 1 MiB. */
  readonly kvValueBytesMax: number;
  /** Bytes of values that one claim, history or page returns, unless a single value may be larger. Default 1 MiB. */
  readonly claimBytesMax: number;
  /** Bytes that one command may write, apart from values that travel in parts. Default 4 MiB. */
  readonly commandBytesMax: number;
  /** Attributes of one flow. Default 64. */
  readonly attributesMax: number;
  /** Bytes (UTF-8) of the name or the text of one attribute. Default 1,024. */
  readonly attributeBytesMax: number;
  /** Names of values that one flow may have, dropped ones included. Default 128. */
  readonly namedValuesMax: number;
  /** Groups of children that one flow may have. Default 1,000. */
  readonly childGroupsMax: number;
  /** States that the policy of one type may name. Default 1,000. */
  readonly policyStatesMax: number;
}

/** The limits of a store that is opened without any. Frozen: all stores of a process share them. */
export const DEFAULT_LIMITS: FlowLimits = Object.freeze({
  idBytesMax: 1_024,
  valueBytesMax: 16 * 1_048_576,
  valueInlineBytesMax: 1_048_576,
  batchItemsMax: 1_000,
  claimLimitMax: 1_000,
  cleanupLimitMax: 1_000,
  claimFilterMax: 1_000,
  queryCountMax: 10_000,
  kvKeyBytesMax: 4_096,
  kvValueBytesMax: 1_048_576,
  claimBytesMax: 1_048_576,
  commandBytesMax: 4 * 1_048_576,
  attributesMax: 64,
  attributeBytesMax: 1_024,
  namedValuesMax: 128,
  childGroupsMax: 1_000,
  policyStatesMax: 1_000,
});
