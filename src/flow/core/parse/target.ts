/**
 * Which flow is meant.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import type { FlowTarget } from "../command.ts";
import type { ParseContext } from "./arguments.ts";
import { checkText } from "./checks.ts";

/** Reads an id, or an object with an id, a partition and a type, such as a record; it may have more. */
export function parseTarget(flow: unknown, { limits }: ParseContext): FlowTarget {
  const { idBytesMax } = limits;
  if (typeof flow === "string") {
    return { id: checkText("id", flow, idBytesMax), partitionKey: undefined, type: undefined };
  }
  if (typeof flow !== "object" || flow === null || !("id" in flow)) {
    throw invalid("id", flow, "an id, or an object with an id");
  }
  const { id, partitionKey, type } = flow as Readonly<Record<string, unknown>>;
  const optional = (name: string, value: unknown): string | undefined =>
    value === undefined ? undefined : checkText(name, value, idBytesMax);
  return {
    id: checkText("id", id, idBytesMax),
    partitionKey: optional("partitionKey", partitionKey),
    type: optional("type", type),
  };
}
