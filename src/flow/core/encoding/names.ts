/**
 * The numbers of names, while a command is written that brings new ones.
 *
 * @module
 */
import { DecodeError } from "../../../codec/mod.ts";
import { invariant } from "../../../invariant.ts";
import type { Effect } from "../effect.ts";
import type { Dictionary } from "../table/dictionary.ts";

/** Tells the number of a name. */
export interface NameIds {
  /** The number of a name that has one. */
  idOf(name: string): number;
}

/** The names of a dictionary, and those that effects are about to add to it. */
export function nameIds(dictionary: Dictionary, effects: readonly Effect[]): NameIds {
  // Made for those that there are: hardly any command brings a name.
  let added: Map<string, number> | undefined;
  for (const effect of effects) {
    if (effect.kind === "dict") (added ??= new Map()).set(effect.name, effect.id);
  }
  return {
    idOf(name): number {
      const id = dictionary.idOf(name) ?? added?.get(name);
      // Not the message as an argument: it would be made every time.
      if (id === undefined) invariant(false, `the name "${name}" has no number`);
      return id;
    },
  };
}

/** The name that a record calls by its number. */
export function nameIn(dictionary: Dictionary, id: number): string {
  const name = dictionary.nameOf(id);
  if (name === undefined) throw new DecodeError(`No name has the number ${id}`);
  return name;
}
