/**
 * What those hear who call a store.
 *
 * @module
 */
import { causesOf, FlowError } from "../../errors.ts";
import { KnownDamage } from "../health/known_damage.ts";

/** Those who call the store of one directory. */
export class Callers {
  readonly #directory: string;
  readonly #damage: KnownDamage;
  /** Errors that somebody was told: what ends a store is one for all whom it refuses. */
  readonly #toldBefore = new WeakSet<FlowError>();

  /**
   * @param directory Where the files of the store are, as messages are to say it.
   * @param damage Hears of the damage that they meet. Default: nobody does.
   */
  constructor(directory: string, damage: KnownDamage = new KnownDamage()) {
    this.#directory = directory;
    this.#damage = damage;
  }

  /**
   * Makes a call to the engine, and lets the stack of what it is refused with begin at whoever waits
   * for this. A refusal is made many frames deep in the engine, perhaps in another turn, and whoever
   * looks at its stack looks for the call that he has made. Every command and query of a store comes
   * from here.
   */
  async told<T>(call: () => T | Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw this.#toTell(error, this.told);
    }
  }

  /** The same for a call that answers at once. */
  toldAtOnce<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw this.#toTell(error, this.toldAtOnce);
    }
  }

  #toTell(error: unknown, told: (call: () => never) => unknown): unknown {
    // What goes wrong here, in contrast, is looked for where it went wrong.
    if (!(error instanceof FlowError)) return located(error, this.#directory);
    const own = this.#ownOf(error);
    Error.captureStackTrace(own, told);
    const toTell = located(own, this.#directory);
    this.#damage.refused(toTell);
    return toTell;
  }

  /** An error that is nobody else's, so that its stack shows this call. */
  #ownOf(error: FlowError): FlowError {
    const isShared = this.#toldBefore.has(error);
    this.#toldBefore.add(error);
    // One that has more to say is about one call.
    return isShared && error.constructor === FlowError ? copyOf(error) : error;
  }
}

/**
 * The same error. Where it, or what has led to it, names a file, it says from now on where that is: the
 * engine knows files by their names, and callers know the directory.
 */
export function located(error: unknown, directory: string): unknown {
  for (const one of causesOf(error)) if (one instanceof FlowError) locate(one, directory);
  return error;
}

function locate(error: FlowError, directory: string): void {
  const { file, directory: known } = error.details;
  if (typeof file !== "string" || known !== undefined) return;
  const { message, stack } = error;
  error.message = message.replace(`"${file}"`, () => `"${directory}/${file}"`);
  // What is printed of an error is its stack, which begins with what it said when it was made.
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  Object.assign(error, { details: { ...error.details, directory } });
}

/** An error that says the same. */
function copyOf({ code, message, details, cause }: FlowError): FlowError {
  const copy = new FlowError(code, "", { details, cause });
  copy.message = message;
  return copy;
}
