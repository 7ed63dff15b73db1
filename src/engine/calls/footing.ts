/**
 * What an answer stands on.
 *
 * @module
 */

/** The time for which one state of a shard lasts: until it is thrown away. */
export interface Life {
  /** Everything up to this LSN is durable. Goes up while the state lasts. */
  readonly durableLsn: number;
  /** Whether the state was thrown away. What it knew above `durableLsn` has never happened. */
  readonly isOver: boolean;
}

/** A shard up to an LSN, as it was when something was decided. */
export interface Footing {
  /** The state that it was decided on. */
  readonly life: Life;
  /** The newest LSN that the decision has seen or made. */
  readonly lsn: number;
}

/** Whether all of it is on disk. */
export function isDurable({ life, lsn }: Footing): boolean {
  return lsn <= life.durableLsn;
}

/** Whether some of it has never happened. */
export function isVoid({ life, lsn }: Footing): boolean {
  return life.isOver && lsn > life.durableLsn;
}
