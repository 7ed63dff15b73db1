/**
 * The damage that was found last.
 *
 * @module
 */
import { adviceOn, causesOf, isFlowError } from "../../errors.ts";

/** Remembers what somebody has stumbled upon, for whoever watches the store. */
export class KnownDamage {
  #last: string | undefined;

  /** What is wrong, in which file and where; undefined: nobody has found anything. */
  get last(): string | undefined {
    return this.#last;
  }

  /** Somebody was refused: with bytes that are not what was written, perhaps. */
  refused(error: unknown): void {
    for (const cause of causesOf(error)) {
      if (!isFlowError(cause, "corrupt")) continue;
      this.#last = cause.message.replace(`. ${adviceOn("corrupt")}`, "");
      return;
    }
  }

  /** All of the store was looked through. What was found before may have been merged away. */
  looked(last: string | undefined): void {
    this.#last = last;
  }
}
