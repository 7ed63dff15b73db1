/**
 * Commands that take effect together or not at all.
 *
 * @module
 */
import { FlowError } from "../../../errors.ts";
import { FlowAtomicError } from "../../mod.ts";
import type { AtomicCommand, Command } from "../command.ts";
import type { Draft } from "../draft/draft.ts";
import type { AtomicReply, Reply } from "../reply.ts";

/** Decides a command on what the ones before it have done. */
export type DecideCommand = (draft: Draft, command: Command) => Reply;

/** Decides commands one after the other. The first that is refused refuses them all. */
export function decideAtomic(
  draft: Draft,
  { steps }: AtomicCommand,
  decideCommand: DecideCommand,
): AtomicReply {
  const replies = steps.map(({ name, command }, index) => {
    try {
      return decideCommand(draft, command);
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      throw new FlowAtomicError(error, { index, command: name });
    }
  });
  return { kind: "atomic", replies };
}
