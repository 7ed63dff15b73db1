/**
 * What a command is decided with.
 *
 * @module
 */
import type { Random } from "../../../time/mod.ts";
import type { FlowLimits } from "../../mod.ts";
import type { Neighbours } from "../families/neighbours.ts";
import type { Value, ValueParts } from "../values/value.ts";
import type { Loaded } from "./need.ts";

/** What a command is decided with, besides the state. */
export interface DecideContext {
  /** The time of the command. Never before that of the last command. */
  readonly nowMs: number;
  /** For lease tokens. */
  readonly random: Random;
  /** The LSN that the command's first record will have. */
  readonly firstLsn: number;
  /** The limits of the store. */
  readonly limits: FlowLimits;
  /** Where the command's large values stand, which went ahead. */
  readonly parts?: ReadonlyMap<Value, ValueParts>;
  /** What the command needs; see `needsOf()`. */
  readonly loaded: Loaded;
  /** The other shards of the store. Default: there are none. */
  readonly neighbours?: Neighbours;
}
