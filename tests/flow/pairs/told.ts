/**
 * What flows are told in the runs against the model: signals, and changes of named values.
 *
 * @module
 */

import fc from "fast-check";

/** The states that flows of the model are in. */
export const STATES: readonly string[] = ["a", "b", "queued"];

/** What is done to named values. `links`: names, and which of the shared values each is to hold. */
export interface Changes {
  readonly values: Record<string, unknown> | undefined;
  readonly links: Record<string, number>;
  readonly dropValues: string[] | undefined;
  readonly overrideValues: string[] | undefined;
}

/** A signal. */
export interface Signal {
  readonly signal: string;
  readonly idempotencyKey: string | undefined;
  readonly ifState: string | string[] | undefined;
  readonly transitionTo: string | undefined;
  readonly delayMs: number | null | undefined;
  readonly changes: Changes | undefined;
}

/** A member that may be absent. */
export const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
/** A member that is mostly absent. */
export const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary },
  );

/** A name of a value. */
export const valueName: fc.Arbitrary<string> = fc.constantFrom("m", "n", "o");

/** What a command does to named values; mostly nothing. */
export const changes: fc.Arbitrary<Changes | undefined> = rarely(fc.record<Changes>({
  values: maybe(fc.dictionary(valueName, fc.constantFrom<unknown[]>(1, 2, "1"), { maxKeys: 2 })),
  links: fc.dictionary(valueName, fc.nat(5), { maxKeys: 1 }),
  dropValues: rarely(fc.uniqueArray(valueName, { maxLength: 2 })),
  overrideValues: maybe(fc.uniqueArray(valueName, { maxLength: 3 })),
}));

const shownState = fc.constantFrom("running", ...STATES, "a", "b", "completed");
/** A signal. */
export const signal: fc.Arbitrary<Signal> = fc.record({
  signal: fc.constantFrom("s", "s", "z"),
  idempotencyKey: maybe(fc.constantFrom("k", "l")),
  ifState: fc.option(
    fc.oneof(shownState, fc.array(shownState, { minLength: 1, maxLength: 4 })),
    { nil: undefined, freq: 4 },
  ),
  transitionTo: maybe(fc.constantFrom(...STATES)),
  delayMs: fc.option(rarely(fc.constantFrom(0, 5)), { nil: null, freq: 8 }),
  changes,
});
