/**
 * Which flow is meant.
 *
 * @module
 */
import type { FlowTarget } from "../command.ts";
import type { ParseContext } from "./arguments.ts";
import { invalid } from "./bad_argument.ts";
import { checkText } from "./checks.ts";

/** Reads an id, or an object with an id and a partition, such as a record; it may have more. */
export function parseTarget(flow: unknown, { limits }: ParseContext): FlowTarget {
  const { idBytesMax } = limits;
  if (typeof flow === "string") {
    return { id: checkText("id", flow, idBytesMax), partitionKey: undefined };
  }
  if (typeof flow !== "object" || flow === null || !("id" in flow)) {
    throw invalid("id", flow, "an id, or an object with an id");
  }
  const { id, partitionKey } = flow as { readonly id: unknown; readonly partitionKey?: unknown };
  return {
    id: checkText("id", id, idBytesMax),
    partitionKey: partitionKey === undefined
      ? undefined
      : checkText("partitionKey", partitionKey, idBytesMax),
  };
}
