/**
 * Errors that show whose call they answer.
 *
 * @module
 */
import { FlowError } from "../errors.ts";

/**
 * Lets the stack of an error begin where this is called: in an `async` function, after its `await`, so
 * that those follow who wait for it. A refusal is made many frames deep in the engine, perhaps in
 * another turn, and whoever looks at its stack looks for the call that he has made.
 */
export function toldHere(error: unknown): unknown {
  if (error instanceof FlowError) Error.captureStackTrace(error, toldHere);
  return error;
}
