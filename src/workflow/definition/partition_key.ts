/**
 * From the fields that a workflow is partitioned by to the key of the partition.
 *
 * @module
 */
import { invalid } from "../../argument.ts";
import { FlowError } from "../../errors.ts";

/** The value of one partition field. A number counts as the text that it prints as. */
export type PartitionValue = string | number;

/** The partition fields `P`, each with its value. */
export type Partition<P extends readonly string[]> = {
  readonly [Field in P[number]]: PartitionValue;
};

/** All partition fields `P`, or none of them. */
export type PartitionFilter<P extends readonly string[]> = {
  readonly [Field in P[number]]?: PartitionValue | undefined;
};

/** Where a flow of a workflow is created: its partition fields, or any key where it has none. */
export type PartitionOf<P extends readonly string[]> = P extends readonly [] ? {
    /** The partition. Default: one of 256 automatic ones, chosen by the id. */
    readonly partitionKey?: string | undefined;
  }
  : Partition<P>;

/** An object that may name a partition, taken apart. */
export interface Partitioned {
  /** The partition that it names, if it names one. */
  readonly partitionKey: string | undefined;
  /** Its other members. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/**
 * The partition that an object names, by the fields of `partitionBy` or by `partitionKey`, and what
 * else is in it.
 *
 * Refuses with `invalid_argument` if both are there, or as {@linkcode partitionKeyOf} does.
 */
export function partitioned(
  members: object,
  partitionBy: readonly string[],
  at = "",
): Partitioned {
  const rest: Record<string, unknown> = { ...members };
  const key = rest.partitionKey as string | undefined;
  delete rest.partitionKey;
  const isByField = partitionBy.some((field) => rest[field] !== undefined);
  if (isByField && key !== undefined) {
    throw new FlowError(
      "invalid_argument",
      `${at}partitionKey and the fields ${partitionBy.join(", ")} both name the partition`,
      { details: { field: `${at}partitionKey`, value: key, limit: partitionBy } },
    );
  }
  const partitionKey = isByField ? partitionKeyOf(rest, partitionBy, at) : key;
  for (const field of partitionBy) delete rest[field];
  return { partitionKey, rest };
}

/**
 * The key that the values of the partition fields make: joined with `:`. A `:` or `%` inside a value
 * is percent-encoded, so that different values never make the same key.
 *
 * Refuses with `invalid_argument` if a value is neither a non-empty text nor a finite number.
 */
export function partitionKeyOf(
  members: Readonly<Record<string, unknown>>,
  partitionBy: readonly string[],
  at = "",
): string {
  return partitionBy.map((field) => {
    const value = members[field];
    const isText = typeof value === "string" && value !== "";
    if (!isText && !Number.isFinite(value)) {
      throw invalid(
        `${at}${field}`,
        value,
        "a non-empty text or a finite number: it is a partition field",
      );
    }
    return String(value).replaceAll("%", "%25").replaceAll(":", "%3A");
  }).join(":");
}
