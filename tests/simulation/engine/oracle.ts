/**
 * What callers were told, held against the model and against what is on disk.
 *
 * @module
 */

import type { Verdict } from "../../../src/engine/calls/pending.ts";
import type { Shard } from "../../../src/engine/shard/shard.ts";
import { FlowError } from "../../../src/errors.ts";
import type { Command } from "../../../src/flow/core/mod.ts";
import { Violation } from "../log_oracle.ts";
import { type Outcome, refusalText, textOf } from "../outcome.ts";
import type { Decision, ShardsWatch, WatchedShards } from "../watched_shards.ts";
import { closeRequest, sweepRequest } from "./commands.ts";
import type { RoomFor } from "./disk_space.ts";
import { EngineJournal, type ModelSaid } from "./journal.ts";
import { LIMITS } from "./machine.ts";
import { ReleasedFlows } from "./released_flows.ts";
import { ReleasedKeys } from "./released_keys.ts";
import type { EngineRequest, ModelAnswer } from "./request.ts";
import { Ticket } from "./ticket.ts";

/** Codes that say nothing about flows, but about the store and the machine under it. */
const OF_THE_MACHINE: readonly string[] = [
  "overloaded",
  "store_failed",
  "store_closed",
  "too_large",
  "too_many_waiters",
  "unknown_outcome",
];

/** What may bring something that the store has not taken on yet. */
const NEW_WORK: readonly string[] = [
  ...["create", "createMany", "spawnChildren", "valuePut", "kv.set", "atomic"],
];

/** What waits until every flow is written as it counts. */
const SEES_ALL: readonly string[] = [
  ...["list", "terminals", "failures", "info", "stuck", "byParent", "byRoot", "byCorrelation"],
];

/** Items that always fit into one frame. */
const FITTING_ITEMS_MAX = 2;

/** What the oracle asks of the machine around the store. */
export interface Surroundings {
  /** The shards of the store. */
  readonly shards: WatchedShards;
  /** The only one of them. */
  readonly shard: Shard;
  /** The newest LSN that no crash takes away. */
  readonly durableLsn: number;
  /** Whether the process has ended, so that nobody hears an answer. */
  readonly isOff: boolean;
  /** Whether the log has lost a frame or cannot be written. */
  readonly isLost: boolean;
  /** Whether the store is being closed. */
  readonly isClosing: boolean;
  /** How many frames had no room so far. */
  readonly fullCount: number;
  /** What there is room for on the disk, or was a moment ago. */
  readonly roomFor: RoomFor;
  /** How many reads failed so far. */
  readonly failedReadCount: number;
}

/** Watches a store over all its openings. */
export class EngineOracle implements ShardsWatch {
  /** What happened, one line each. */
  readonly story: string[] = [];
  readonly journal: EngineJournal = new EngineJournal();
  /** Who is calling right now. */
  caller: Ticket | undefined;
  /** Calls whose callers have heard nothing. */
  readonly open: Set<Ticket> = new Set();
  /** What was told to somebody and must never be lost. */
  ackedLsn = 0;
  answerCount = 0;
  redecidedCount = 0;
  readonly #released = new ReleasedFlows();
  readonly #releasedKeys = new ReleasedKeys();
  readonly #surroundings: () => Surroundings;
  /** Calls that have to be decided again, in this order. */
  #redo: Ticket[] = [];
  /** What was durable when a frame was void last. */
  #voidedLsn = 0;
  #turnCount = 0;
  #ticketCount = 0;
  #violation: Violation | undefined;

  constructor(surroundings: () => Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Throws what was found while nobody could throw it. */
  check(): void {
    if (this.#violation !== undefined) throw this.#violation;
  }

  /** A call that is about to be made. */
  ticket(request: EngineRequest, sentAtMs: number): Ticket {
    const ticket = new Ticket(++this.#ticketCount, request, sentAtMs, this.#surroundings());
    this.open.add(ticket);
    this.story.push(String(ticket));
    return ticket;
  }

  decided<T>(
    decision: Decision,
    decide: () => Verdict<T> | undefined,
  ): Verdict<T> | undefined {
    const { shard } = this.#surroundings();
    const baseLsn = shard.headLsn;
    let verdict: Verdict<T> | undefined;
    try {
      verdict = decide();
    } catch (error) {
      const ticket = decision.owner as Ticket | undefined;
      if (error instanceof FlowError && ticket !== undefined) {
        this.#guarded(() => this.#refused(ticket, error, baseLsn));
      }
      throw error;
    }
    const ticket = decision.owner as Ticket | undefined;
    this.#guarded(() => {
      if (ticket !== undefined) this.#accepted(ticket, verdict === undefined, baseLsn);
      else if (decision.command !== undefined) this.#swept(decision.command, baseLsn);
    });
    return verdict;
  }

  resolved(owner: unknown, value: unknown): void {
    if (owner !== undefined) this.#guarded(() => this.#answered(owner as Ticket, { value }));
  }

  rejected(owner: unknown, error: unknown): void {
    if (owner !== undefined) this.#guarded(() => this.#answered(owner as Ticket, { error }));
  }

  /** The promise of a call has settled. Waiters are told without anybody being watched. */
  heard(ticket: Ticket, outcome: Outcome): void {
    this.#guarded(() => {
      if (ticket.told === undefined) this.#answered(ticket, outcome);
      else if (textOf(ticket.told) !== textOf(outcome)) {
        throw new Violation(
          `${ticket} was told ${textOf(ticket.told)}, hears ${textOf(outcome)}`,
        );
      }
      this.open.delete(ticket);
    });
  }

  leapt(nowMs: number): void {
    this.story.push(`time leapt to ${nowMs}`);
    this.journal.leapt(nowMs);
  }

  /** A frame is void: what was decided from an LSN on has not happened. */
  voided(baseLsn: number): void {
    this.#redo = [...this.open].filter(({ status }) => status === "decided")
      .sort((a, b) => a.turn - b.turn);
    this.#voidedLsn = baseLsn;
    this.journal.rollBack(baseLsn);
    this.story.push(`void after LSN ${baseLsn}`);
  }

  /** The store was opened and has everything up to an LSN. */
  recovered(nowMs: number, lastLsn: number): void {
    this.open.clear();
    this.#redo = [];
    this.story.push(`opened at ${nowMs} with LSN ${lastLsn}, ${this.ackedLsn} was told`);
    if (lastLsn < this.ackedLsn) {
      throw new Violation(`The log ends with LSN ${lastLsn}, but ${this.ackedLsn} was told`);
    }
    // What an opening shows must stay.
    this.ackedLsn = lastLsn;
    this.journal.rollBack(lastLsn);
    this.journal.opened(nowMs, lastLsn);
  }

  #accepted(ticket: Ticket, isWaiting: boolean, baseLsn: number): void {
    this.#begin(ticket);
    if (isWaiting && ticket.request.abort?.signal.aborted) {
      ticket.status = "waiting";
      return;
    }
    const first = this.#firstInLine(ticket);
    const isClosing = this.journal.model.family.closings.length > 0;
    if (SEES_ALL.includes(ticket.request.name) && isClosing !== isWaiting) {
      throw new Violation(`${ticket} sees all flows ${isWaiting ? "later" : "too early"}`);
    }
    if (isWaiting && ticket.request.claim === undefined) {
      ticket.status = "waiting";
      return;
    }
    const said = this.#ask(ticket.request, baseLsn);
    if (!said.ok) throw new Violation(`${ticket} should be refused: ${said.refusal.code}`);
    const shown = JSON.stringify(said.answer.show());
    if (isWaiting) {
      if (shown !== "[]") throw new Violation(`${ticket} waits, though there is something`);
      if (ticket.status !== "waiting") ticket.waitingTurn = this.#turnCount;
      ticket.status = "waiting";
      return;
    }
    if (first !== undefined && shown !== "[]") {
      throw new Violation(`${ticket} is served before ${first}`);
    }
    this.#expect(ticket, shown, said.answer);
  }

  /** The store did something by itself. */
  #swept(command: Command, baseLsn: number): void {
    if (command.kind === "close") {
      this.#ask(closeRequest(), baseLsn);
      this.story.push("closed");
      return;
    }
    if (command.kind !== "retention_cleanup") {
      throw new Violation(`Nobody asked for ${command.kind}`);
    }
    const said = this.#ask(sweepRequest(command.limit), baseLsn);
    if (said.ok) this.story.push(`swept ${JSON.stringify(said.answer.show())}`);
  }

  #refused(ticket: Ticket, { code }: FlowError, baseLsn: number): void {
    this.#begin(ticket);
    if (OF_THE_MACHINE.includes(code)) {
      const { disk } = this.#surroundings().shards.admission;
      if (code === "overloaded" && disk.ballastHeld && !bringsWork(ticket.request)) {
        throw new Violation(`${ticket} is refused, though there is room for it`);
      }
      // A claim that finds no place to wait has been decided all the same.
      if (code === "too_many_waiters") {
        this.#ask(ticket.request, baseLsn);
        const { count } = this.#surroundings().shards.waiters;
        if (count < LIMITS.waitersMax) throw new Violation(`${ticket} has ${count} before it`);
      }
      this.#expect(ticket, code);
      // That is about the store and stands on nothing, so no void frame takes it back.
      if (code === "overloaded") ticket.needLsn = 0;
      return;
    }
    const said = this.#ask(ticket.request, baseLsn);
    if (said.ok) throw new Violation(`${ticket} is refused: ${code}`);
    this.#expect(ticket, refusalText(said.refusal));
  }

  #begin(ticket: Ticket): void {
    if (ticket.status === "answered") {
      throw new Violation(`${ticket} is decided after it was answered`);
    }
    this.#redo = this.#redo.filter(({ status }) => status === "decided");
    // A frame may be void before those are answered who wait for the one that came before it.
    const isToldSoon = (next: Ticket): boolean =>
      next !== ticket && next.needLsn <= this.#voidedLsn;
    while (this.#redo[0] !== undefined && isToldSoon(this.#redo[0])) this.#redo.shift();
    const next = this.#redo.shift();
    if (next !== undefined && next !== ticket) {
      throw new Violation(`${next} should be decided again before ${ticket} is decided`);
    }
    // What is decided again keeps its place, since it may have to be decided once more.
    if (next === undefined) ticket.turn = ++this.#turnCount;
    else this.redecidedCount += 1;
  }

  /** A claim that has waited longer than this one for what there is. */
  #firstInLine({ status, waitingTurn, request: { claim } }: Ticket): Ticket | undefined {
    if (status !== "waiting") return undefined;
    const { model } = this.journal;
    // A claim that meets many flows that count as cancelled ends some of them, and goes on waiting.
    if (model.family.closings.length > 0) return undefined;
    model.nowMs = this.#surroundings().shards.now();
    return [...this.open].find((other) =>
      other.status === "waiting" && other.waitingTurn < waitingTurn &&
      !other.request.abort?.signal.aborted && other.request.claim?.type === claim!.type &&
      // What a claim has just given up it does not take itself; it is asked again in the next turn.
      model.claimable(other.request.claim).some((flow) =>
        flow.history.at(-1)!.event !== "lease_lost" || flow.updatedAtMs < model.nowMs
      )
    );
  }

  #ask(request: EngineRequest, baseLsn: number): ModelSaid {
    const { shard, shards } = this.#surroundings();
    const state = shard.state.flows;
    return this.journal.decide({
      request,
      nowMs: shards.now(),
      baseLsn,
      lastLsn: shard.headLsn,
      state,
    });
  }

  #expect(ticket: Ticket, expected: string, answer?: ModelAnswer): void {
    const { shard } = this.#surroundings();
    ticket.status = "decided";
    ticket.expected = expected;
    // One flow or key gives away its last change; everything else gives away the state as a whole.
    ticket.needLsn = answer?.flow !== undefined
      ? this.journal.changedLsn(answer.flow)
      : answer?.key?.version ?? shard.headLsn;
  }

  #answered(ticket: Ticket, outcome: Outcome): void {
    const { status } = ticket;
    if (status === "answered") throw new Violation(`${ticket} is answered twice`);
    ticket.status = "answered";
    ticket.told = outcome;
    this.answerCount += 1;
    const text = textOf(outcome);
    this.story.push(`#${ticket.number} → ${text}`);
    if ("error" in outcome && this.#isOfTheMachine(ticket, status, outcome.error)) return;
    if (status !== "decided") throw new Violation(`${ticket} is ${status}, but answered: ${text}`);
    if (text !== ticket.expected) {
      throw new Violation(
        `${ticket} should be answered with\n  ${ticket.expected}, not\n  ${text}`,
      );
    }
    const { durableLsn } = this.#surroundings();
    if (ticket.needLsn > durableLsn) {
      throw new Violation(
        `${ticket} tells of LSN ${ticket.needLsn}, but ${durableLsn} is the last on disk`,
      );
    }
    this.ackedLsn = Math.max(this.ackedLsn, ticket.needLsn);
    if (!("value" in outcome)) return;
    this.#released.note(outcome.value, ticket.request);
    this.#releasedKeys.note(outcome.value);
  }

  /** Whether an error says nothing about flows, and is right. */
  #isOfTheMachine(ticket: Ticket, status: Ticket["status"], error: unknown): boolean {
    const { abort } = ticket.request;
    if (abort?.signal.aborted && error === abort.signal.reason) {
      if (status === "decided") throw new Violation(`${ticket} is aborted after it was decided`);
      return true;
    }
    if (!(error instanceof FlowError)) throw new Violation(`${ticket} fails: ${error}`);
    if (!OF_THE_MACHINE.includes(error.code)) return false;
    if (!this.#isExplained(ticket, status, error.code)) {
      throw new Violation(`${ticket} ends with ${error.code} for no reason`);
    }
    return true;
  }

  #isExplained(ticket: Ticket, status: Ticket["status"], code: string): boolean {
    const { isLost, isClosing, fullCount, failedReadCount, roomFor } = this.#surroundings();
    switch (code) {
      case "overloaded":
        return fullCount > ticket.before.fullCount || roomFor === "nothing" ||
          (roomFor === "old work" && bringsWork(ticket.request));
      case "unknown_outcome":
        return isLost && status === "decided";
      case "store_failed":
        return isLost || failedReadCount > ticket.before.failedReadCount;
      case "store_closed":
        return isClosing;
      case "too_large":
        // The end of a flow may have to be told to all its ancestors.
        return ticket.request.itemCount > FITTING_ITEMS_MAX ||
          this.journal.model.flows.some(({ groups }) => groups.length > 0);
      case "too_many_waiters":
        return ticket.request.abort !== undefined;
      default:
        return false;
    }
  }

  /** Nothing may be thrown into the store: it would take it for its own error. */
  #guarded(act: () => void): void {
    if (this.#violation !== undefined || this.#surroundings().isOff) return;
    try {
      act();
    } catch (error) {
      this.#violation = error instanceof Violation
        ? error
        : new Violation(`The oracle fails: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

/** Whether a request may bring something that the store has not taken on yet. */
function bringsWork({ name }: EngineRequest): boolean {
  return NEW_WORK.includes(name);
}
