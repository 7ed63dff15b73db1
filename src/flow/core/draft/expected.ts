/**
 * Names that are about to be taken.
 *
 * @module
 */

/**
 * Another shard has sent a child of this name, and nobody knows yet whether it will be born. Whoever
 * wants the name is decided once that is known.
 */
export class Expected extends Error {}
