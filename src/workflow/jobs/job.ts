/**
 * A claimed flow, as the code that works on it sees it.
 *
 * @module
 */
import type { FlowRecord } from "../../flow/mod.ts";
import { invariant } from "../../invariant.ts";
import type { Hydrated } from "../definition/payload.ts";
import type { LiveName } from "../definition/state.ts";

/** What proves who works on which flow: enough of a job to settle it. */
export interface Lease<State extends string = string> {
  /** The id of the flow. */
  readonly id: string;
  /** The workflow type. */
  readonly type: string;
  /** The logical state: the one the flow was claimed from. */
  readonly state: State;
  /** The partition. */
  readonly partitionKey: string;
  /** The secret of the lease. */
  readonly leaseToken: string;
  /**
   * Goes up with every claim. Hand it to other systems together with your writes, so that they can
   * refuse a worker that has been overtaken.
   */
  readonly fencingToken: number;
}

/** A claimed flow of one state. */
export interface StateJob<State extends string, Payload> extends Lease<State> {
  /** The payload, if the claim brought it along. */
  readonly payload: Payload;
  /** Opaque reference to the payload, null without one. */
  readonly payloadRef: string | null;
  /**
   * True if the payload was left out: it is larger than the cap, or, before a handler has the job,
   * beyond what one claim brings along.
   */
  readonly payloadOmitted?: true;
  /** Bytes of the payload, if the claim asked for it. */
  readonly payloadSize?: number;
  /**
   * True if the payload is null because it was linked and its reference leads nowhere any more. No
   * handler has such a job: it is settled with the error `payload_missing`.
   */
  readonly payloadMissing?: true;
  /** The named values that the claim asked for, by name; empty if it asked for none. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Retries since the flow entered this state. */
  readonly attempts: number;
  /** The record as the claim returned it. */
  readonly record: FlowRecord;
  /**
   * Aborts while a handler runs when the lease is lost, the flow was cancelled, the store has ended,
   * or the worker stops hard: at once where the store is in this process, else at the next heartbeat
   * of a worker; `runOnce()` and `handle()` have none. When the signal aborts that the claim was given, if any.
   * And when the handler's time is over: `signal.reason` says `handler_timeout`.
   */
  readonly signal: AbortSignal;
}

/**
 * A claimed flow. Of several states it is a union that `state` tells apart.
 *
 * @typeParam S The states of the workflow.
 * @typeParam K The states the flow may have been claimed from.
 * @typeParam Asked What the claim says about payloads; undefined: what the state says.
 */
export type Job<
  S,
  K extends LiveName<S> = LiveName<S>,
  Asked extends boolean | undefined = undefined,
> = K extends LiveName<S> ? StateJob<K, Hydrated<S[K], Asked>> : never;

/** How a record becomes a job. */
export interface JobOptions {
  /** Whether the state wants its payload. */
  readonly payload: boolean;
  /** The job's signal. */
  readonly signal: AbortSignal;
}

/** The job of a record that a claim returned. */
export function jobOf(record: FlowRecord, options: JobOptions): StateJob<string, unknown> {
  const { leaseToken, runState } = record;
  invariant(leaseToken !== null && runState !== null, `A claim returns leased flows`);
  return {
    id: record.id,
    type: record.type,
    state: runState,
    partitionKey: record.partitionKey,
    leaseToken,
    fencingToken: record.fencingToken,
    payload: options.payload ? record.payload : undefined,
    payloadRef: record.payloadRef,
    ...options.payload && record.payloadOmitted === true ? { payloadOmitted: true } : {},
    ...record.payloadSize === undefined ? {} : { payloadSize: record.payloadSize },
    ...options.payload && record.payloadMissing === true ? { payloadMissing: true } : {},
    values: record.values ?? {},
    attempts: record.attempts,
    record,
    signal: options.signal,
  };
}
