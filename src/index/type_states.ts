/**
 * What an index has for every state of every type.
 *
 * @module
 */

/** One thing for each state of each type, made when it is asked for first. It stays for good. */
export class TypeStates<Thing> {
  readonly #make: (type: string, state: string) => Thing;
  readonly #types = new Map<string, Map<string, Thing>>();
  /** What was asked for last: most often it is asked for again. */
  #last: { readonly type: string; readonly state: string; readonly thing: Thing } | undefined;

  /** @param make Makes the thing of a state. */
  constructor(make: (type: string, state: string) => Thing) {
    this.#make = make;
  }

  /** The things of all types. */
  get all(): Iterable<ReadonlyMap<string, Thing>> {
    return this.#types.values();
  }

  /** The things of a type by state, undefined if there never was one. */
  ofType(type: string): ReadonlyMap<string, Thing> | undefined {
    return this.#types.get(type);
  }

  /** The thing of a state. */
  of(type: string, state: string): Thing {
    const last = this.#last;
    if (last?.state === state && last.type === type) return last.thing;
    let states = this.#types.get(type);
    if (states === undefined) this.#types.set(type, states = new Map());
    let thing = states.get(state);
    if (thing === undefined) states.set(state, thing = this.#make(type, state));
    this.#last = { type, state, thing };
    return thing;
  }
}
