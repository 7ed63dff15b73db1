/**
 * The arguments of `define`.
 *
 * @module
 */
import { invalid } from "../../../argument.ts";
import type { ParseContext } from "./arguments.ts";
import { checkText } from "./checks.ts";

/** What a program says about a type. */
export interface Definition {
  /** The type. */
  readonly type: string;
  /** What its definition says, a fact each. */
  readonly outline: readonly string[];
}

/** Checks the arguments of `define`. */
export function parseDefine(
  type: unknown,
  outline: unknown,
  { limits }: ParseContext,
): Definition {
  const checkedType = checkText("type", type, limits.idBytesMax);
  if (!Array.isArray(outline)) throw invalid("outline", outline, "an array of texts");
  for (const [index, fact] of outline.entries()) {
    if (typeof fact !== "string") throw invalid(`outline[${index}]`, fact, "a text");
  }
  return { type: checkedType, outline };
}
