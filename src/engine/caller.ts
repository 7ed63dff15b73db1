/**
 * Errors that show whose call they answer.
 *
 * @module
 */
import { FlowError } from "../errors.ts";

/**
 * Makes a call to the engine, and lets the stack of what it is refused with begin at whoever waits for
 * this. A refusal is made many frames deep in the engine, perhaps in another turn, and whoever looks
 * at its stack looks for the call that he has made. Every command and query of a store comes from here.
 */
export async function told<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    // What goes wrong here, in contrast, is looked for where it went wrong.
    if (error instanceof FlowError) Error.captureStackTrace(error, told);
    throw error;
  }
}
