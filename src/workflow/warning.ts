/**
 * The last resort for errors that nobody listens to: the warnings of the platform, which programs
 * can hear and silence.
 *
 * @module
 */
import { isFlowError } from "../errors.ts";

/** What belongs to a warning besides its text. */
export interface WarningFacts {
  /** What went wrong. */
  readonly cause: unknown;
  /** What can be done about it. */
  readonly detail: string;
}

/** The parts of the platform that take warnings. Not all of them are everywhere. */
interface Platform {
  readonly process?: { readonly emitWarning?: (warning: Error) => void };
  readonly reportError?: (error: unknown) => void;
}

/** Warns by `process.emitWarning()`, and where there is no process by `reportError()`. */
export function warn(text: string, { cause, detail }: WarningFacts): void {
  const { process, reportError }: Platform = globalThis as Platform;
  const warning = Object.assign(new Error(text, { cause }), {
    ...{ name: "FlowcaskWarning", detail },
    ...isFlowError(cause) ? { code: cause.code } : {},
  });
  if (process?.emitWarning !== undefined) process.emitWarning(warning);
  else reportError?.(warning);
}
