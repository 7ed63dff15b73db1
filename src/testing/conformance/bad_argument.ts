/**
 * Arguments that are not what they must be, and what a store says about each.
 *
 * @module
 */
import type { FlowErrorCode } from "../../errors.ts";

/** An argument that is refused. */
export interface BadArgument {
  /** The name of the option, as the caller writes it. */
  readonly name: string;
  /** What is wrong with it. */
  readonly value: unknown;
  /** The code of the refusal. Default `invalid_argument`. */
  readonly code?: FlowErrorCode;
  /** What the details of the refusal call the field. Default: the name. */
  readonly field?: string;
  /** What the details of the refusal give as the limit, if they have to give one. */
  readonly limit?: number;
}

/** The largest instant: the last one that a Date can hold. */
export const INSTANT_MS_MAX = 8_640_000_000_000_000;

/** The largest duration: a hundred years. */
export const DURATION_MS_MAX = 100 * 365 * 86_400_000;

/** What no text may be: empty, no text, half a character, or more than 1,024 bytes. */
export function badTexts(...names: readonly string[]): BadArgument[] {
  return names.flatMap((name) => [
    ...["", 7, null, ["a"], {}, "a\ud800"].map((value) => ({ name, value })),
    { name, value: "x".repeat(1_025), code: "too_large", limit: 1_024 } as const,
    // 342 characters, but 1,026 bytes.
    { name, value: "\uFFFD".repeat(342), code: "too_large", limit: 1_024 } as const,
  ]);
}

/** What no whole number from `min` to `max` may be. */
export function badIntegers(name: string, min: number, max: number): BadArgument[] {
  return [
    ...[1.5, NaN, Infinity, "1", {}, 5n].map((value) => ({ name, value })),
    { name, value: min - 1 },
    { name, value: max + 1, limit: max },
  ];
}

/** What no count from 1 on may be of which there is a limit. */
export function badCounts(name: string, limit: number): BadArgument[] {
  return [
    ...[0, -1, 1.5, NaN, "1", null].map((value) => ({ name, value })),
    { name, value: limit + 1, code: "limit_exceeded", limit },
  ];
}

/** What neither true nor false is. */
export function badBooleans(...names: readonly string[]): BadArgument[] {
  return names.flatMap((name) => [0, 1, "true", null].map((value) => ({ name, value })));
}

/** What no payload, result, error or named value may be: what JSON would change or cannot hold. */
export function badValues(name: string): BadArgument[] {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  return [
    { name, value: NaN },
    { name, value: 5n },
    { name, value: () => 0 },
    { name, value: [undefined], field: `${name}[0]` },
    { name, value: { a: [1, Infinity] }, field: `${name}.a[1]` },
    { name, value: { at: new Date(0) }, field: `${name}.at` },
    { name, value: new Map() },
    { name, value: cycle, field: `${name}.self` },
  ];
}

/** What no reference of a stored value is. */
export function badRefs(name: string): BadArgument[] {
  return ["", 7, null, "none"].map((value) => ({ name, value }));
}

/** What no policy of a retry may be. */
export function badRetries(name: string): BadArgument[] {
  return [
    { name, value: 3 },
    { name, value: [] },
    { name, value: { maxRetries: 1_001 }, field: `${name}.maxRetries`, limit: 1_000 },
    { name, value: { maxRetries: -1 }, field: `${name}.maxRetries` },
    { name, value: { maxAttempts: 1 }, field: `${name}.maxAttempts` },
    { name, value: { backoff: 1 }, field: `${name}.backoff` },
    { name, value: { backoff: { kind: "" } }, field: `${name}.backoff.kind` },
    { name, value: { backoff: { baseMs: -1 } }, field: `${name}.backoff.baseMs` },
    { name, value: { backoff: { maxMs: 1.5 } }, field: `${name}.backoff.maxMs` },
    {
      name,
      value: { backoff: { jitterPct: 101 } },
      field: `${name}.backoff.jitterPct`,
      limit: 100,
    },
    { name, value: { backoff: { step: 1 } }, field: `${name}.backoff.step` },
    { name, value: { exhaustedTo: "Running" }, field: `${name}.exhaustedTo` },
    { name, value: { exhaustedTo: "" }, field: `${name}.exhaustedTo` },
  ];
}

/** What a command may not be told about named values. `changes`: of a flow that there is already. */
export function badNamedValues({ changes }: { readonly changes: boolean }): BadArgument[] {
  return [
    { name: "values", value: 7 },
    { name: "values", value: { "": 1 }, field: "values name" },
    { name: "values", value: { x: NaN }, field: "values.x" },
    { name: "values", value: { x: [() => 0] }, field: "values.x[0]" },
    { name: "valueRefs", value: [] },
    { name: "valueRefs", value: { x: 7 }, field: "valueRefs.x" },
    { name: "valueRefs", value: { x: { ref: "" } }, field: "valueRefs.x.ref" },
    { name: "valueRefs", value: { x: "none" }, field: "valueRefs.x" },
    ...changes
      ? ["dropValues", "overrideValues"].flatMap((name): BadArgument[] => [
        { name, value: "" },
        { name, value: 7 },
        { name, value: ["a", ""], field: `${name}[1]` },
      ])
      : [],
  ];
}
