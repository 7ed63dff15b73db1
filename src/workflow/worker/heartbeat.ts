/**
 * Keeps leases alive while their jobs are worked on.
 *
 * @module
 */
import { isFlowError } from "../../errors.ts";
import type { Alarm, Time } from "../../time/mod.ts";

/** Leases are extended when a third of them has passed: two extensions may fail without a loss. */
const BEATS_PER_LEASE = 3;

/** What a heartbeat keeps alive, and whom it tells. */
export interface HeartbeatOptions<Job> {
  /** What the beats are measured by. */
  readonly time: Time;
  /** How long every lease lasts. */
  readonly leaseMs: number;
  /** Makes the lease of a job last `leaseMs` from now. */
  readonly extend: (job: Job) => Promise<unknown>;
  /** The lease of a job belongs to somebody else, or its flow has ended. */
  readonly onLost: (job: Job, error: unknown) => void;
  /** An extension failed, and the lease may still be held. The next beat tries again. */
  readonly onError: (job: Job, error: unknown) => void;
}

/** Extends the leases of jobs, each at a third of its length. */
export class Heartbeat<Job extends object> {
  readonly #options: HeartbeatOptions<Job>;
  readonly #alarm: Alarm;
  readonly #beatMs: number;
  /** The monotonic time of each job's next beat. All waits are alike, so the first is the earliest. */
  readonly #nextMs = new Map<Job, number>();
  readonly #extending = new Set<Job>();

  /** A heartbeat without jobs. */
  constructor(options: HeartbeatOptions<Job>) {
    this.#options = options;
    this.#beatMs = Math.max(1, Math.floor(options.leaseMs / BEATS_PER_LEASE));
    this.#alarm = options.time.alarm(() => this.#beat());
  }

  /** Keeps the lease of a job alive that was claimed just now. */
  add(job: Job): void {
    this.#nextMs.set(job, this.#nowMs() + this.#beatMs);
    if (this.#nextMs.size === 1) this.#setAlarm();
  }

  /** Lets the lease of a job run out. Harmless if it is not kept. */
  remove(job: Job): void {
    this.#nextMs.delete(job);
    if (this.#nextMs.size === 0) this.#alarm.clear();
  }

  /** Lets all leases run out. */
  end(): void {
    this.#nextMs.clear();
    this.#alarm.clear();
  }

  #beat(): void {
    const nowMs = this.#nowMs();
    for (const [job, nextMs] of [...this.#nextMs]) {
      if (nextMs > nowMs) break;
      // To the end of the line: the order of the map is the order of the beats.
      this.#nextMs.delete(job);
      this.#nextMs.set(job, nowMs + this.#beatMs);
      this.#extend(job);
    }
    this.#setAlarm();
  }

  async #extend(job: Job): Promise<void> {
    // A store that is slower than the beat is not helped by more beats.
    if (this.#extending.has(job)) return;
    this.#extending.add(job);
    try {
      await this.#options.extend(job);
    } catch (error) {
      // Of a job that was settled meanwhile nobody wants to know.
      if (!this.#nextMs.has(job)) return;
      if (!isLost(error)) return this.#options.onError(job, error);
      this.remove(job);
      this.#options.onLost(job, error);
    } finally {
      this.#extending.delete(job);
    }
  }

  #setAlarm(): void {
    const [earliestMs] = this.#nextMs.values();
    if (earliestMs !== undefined) this.#alarm.set(earliestMs, { keepAlive: true });
  }

  #nowMs(): number {
    return this.#options.time.clock.monotonicMs();
  }
}

/** Whether a refusal means that the lease is gone for good. */
function isLost(error: unknown): boolean {
  return isFlowError(error, "stale_lease") || isFlowError(error, "not_found") ||
    isFlowError(error, "flow_terminal") || isFlowError(error, "wrong_state");
}
