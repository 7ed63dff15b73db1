/**
 * Which records a merge keeps.
 *
 * @module
 */
import { ByteWriter } from "../../../codec/mod.ts";
import { LongFloat64Array } from "../../../index/mod.ts";
import { invariant } from "../../../invariant.ts";
import type { OutboxEffect } from "../effect.ts";
import type { FlowKey } from "../flow_key.ts";
import { SIGNALS_MAX } from "../signal_memory.ts";
import type { NamedValues } from "../values/named_values.ts";
import { NumberSet } from "../values/number_set.ts";
import { linksOf } from "../values/request_values.ts";
import type { ValueParts } from "../values/value.ts";
import { valuePlace } from "../values/value_ref.ts";
import type { Beyond } from "./beyond.ts";
import type { CtrlGist, Gist, ValueGist } from "./gist.ts";
import { Lives } from "./lives.ts";
import { Newest, type ThingName } from "./newest.ts";
import { type Stretch, Stretches } from "./stretches.ts";

/** The history of a flow of which nobody knows how many events it keeps. */
const ALL_EVENTS = 0xffff_ffff;

/** What decides about a run besides its records. */
export interface SurvivorsOptions {
  /** Whether the log has nothing before the run. */
  readonly isFirst: boolean;
  /** The highest command time in the run: what is over by then is over. */
  readonly timeMs: number;
  /** What lies around the run. */
  readonly beyond: Beyond;
  /**
   * The segments of the run, if they are replaced one by one, the newest first, or stay as they are.
   * Default: the run is replaced as a whole.
   */
  readonly stretches?: readonly Stretch[] | undefined;
}

/** What is about one flow. */
type FlowGist = Extract<
  Gist,
  { readonly kind: "body" | "ctrl" | "values" | "group" | "signal_key" | "del" }
>;

/** What is about no flow. */
type OtherGist = Exclude<Gist, FlowGist | OutboxEffect>;

/** A list of named values that no kept control block has referred to yet. */
interface PendingList {
  readonly lsn: number;
  readonly values: NamedValues;
}

/**
 * The records of a run of sealed segments that are still wanted. A record goes only if one that comes
 * later in the same run makes it unwanted, or the run begins where the log does; so what is kept means
 * the same as the whole run, whatever comes before and after it. A run consists of whole frames, and
 * may have been merged before.
 *
 * The life of a flow lasts from its body to its removal (DEL). What is kept:
 *
 * - **DICT**: all.
 * - **DEL**: the last one of its flow, unless nothing older is left for it to remove: the run is the
 *   first, or the flow was born in it.
 * - **BODY, SIGNALKEY** of a life that the run does not end: all bodies, and as many of the newest
 *   signals as a flow remembers.
 * - **CTRL** of such a life: those that `history` shows, counted from the newest in the run; if the run
 *   does not tell how many these are, the living flow does, and if there is none, all. Besides, the
 *   very first one stays with its body: so a flow is never half made while the log is read, its
 *   signals find it, and its body is found before the first control block.
 * - **GROUP** of such a life: the newest of each group. A control block of its flow follows, which
 *   takes it in; so does the newest list.
 * - **VALUES**: those that a kept CTRL refers to.
 * - **VALUE**: what a kept CTRL, the list of one, or a message that is on its way refers to, or a link
 *   from anywhere; values of no flow until their time is over. What `history` no longer shows keeps no
 *   value: the very first CTRL does not, and neither does a superseded payload of a flow that lives.
 * - **VALUE_PART**: with the value or key that names it; and behind the last other record, since the
 *   value that it belongs to may follow the run.
 * - **KV, KVDEL**: the newest of its key, a KVDEL only if the run is not the first.
 * - **POLICY, CLOSING, INBOX**: the newest of its type, group, sender; the end of a closing only if the
 *   run is not the first.
 * - **OUTBOX**: until it has arrived for good.
 *
 * A run whose segments are replaced one by one has to mean the same whichever of them are, from the
 * newest on. So every last DEL and KVDEL is kept, for what it removes may still be there. Of what was
 * removed nothing goes if a BODY or a CTRL of it stays where it is. A CTRL is kept if the next one of its
 * flow is in another segment: chains lead from there to here, and a CTRL that stays has the list of the
 * one before it or brings its own. And values and keys that stay keep their parts.
 *
 * Read the run three times, in the order of its records: {@linkcode note} all of them, {@linkcode choose}
 * among them, copy those that it {@linkcode keeps}.
 */
export class Survivors {
  readonly #options: SurvivorsOptions;
  readonly #writer = new ByteWriter();
  readonly #lives = new Lives();
  readonly #keys = new Newest();
  readonly #groups = new Newest();
  readonly #closings = new Newest();
  readonly #policies = new Map<string, number>();
  readonly #heard = new Map<number, number>();
  /** Where values and lists are: what else a reference may lead to is not kept for it. */
  readonly #values = new NumberSet();
  /** The parts of large values and keys, by the LSN of what names them. */
  readonly #parts = new Map<number, ValueParts>();
  /** The newest list of a flow, by the number of its life. */
  readonly #lists = new Map<number, PendingList>();
  readonly #kept = new NumberSet();
  /** Values that nobody linked when it was decided about them. */
  readonly #unlinked = new NumberSet();
  /** The segments of a run that is not replaced as a whole. */
  readonly #stretches: Stretches | undefined;
  /** The control block that was noted last, by the number of its life. */
  readonly #lastControls = new LongFloat64Array();
  /** The control blocks that one in a later segment is strung behind. */
  readonly #anchors = new NumberSet();
  /** Whether nothing older can be left for removals to remove. */
  readonly #isFirst: boolean;
  /** The last record, and the last one that is no part of a value. */
  #lastLsn = 0;
  #lastWholeLsn = 0;

  /** Begins with a run of which nothing has been read. */
  constructor(options: SurvivorsOptions) {
    const { isFirst, stretches } = options;
    invariant(isFirst || stretches === undefined, "Only a run that comes first is parted");
    this.#options = options;
    this.#stretches = stretches && new Stretches(stretches);
    this.#isFirst = isFirst && stretches === undefined;
  }

  /** Takes a record in, on the first reading. */
  note(effect: Gist, lsn: number): void {
    this.#lastLsn = lsn;
    if (effect.kind !== "value_part") this.#lastWholeLsn = lsn;
    if (this.#stretches !== undefined) this.#noteStretch(effect, lsn);
    switch (effect.kind) {
      case "body":
        return this.#lives.body(effect.key, effect.identity.historyMaxEvents);
      case "ctrl":
        return void this.#lives.version(effect.key, effect.control.version);
      case "values":
        this.#values.add(lsn);
        return void this.#lives.note(effect.key);
      case "group":
        this.#groups.note(nameOfGroup(effect.group.number), lsn);
        return void this.#lives.note(effect.key);
      case "signal_key":
        return this.#lives.signal(effect.key);
      case "del":
        return this.#lives.end(effect.key, lsn);
      case "value":
        this.#values.add(lsn);
        return this.#noteParts(effect.value, lsn);
      case "kv":
        this.#keys.note(this.#nameOfKey(effect), lsn);
        return this.#noteParts(effect.value, lsn);
      case "kv_del":
        return this.#keys.note(this.#nameOfKey(effect), lsn);
      case "closing":
        return this.#closings.note(nameOfGroup(effect.group), lsn);
      case "policy":
        return void this.#policies.set(effect.type, lsn);
      case "inbox":
        return void this.#heard.set(effect.from, lsn);
      case "dict":
      case "outbox":
      case "value_part":
        return;
    }
  }

  /** Decides about a record, on the second reading. What it refers to is kept with it. */
  choose(effect: Gist, lsn: number): void {
    if (this.#stretches?.stay(lsn)) this.#keep(lsn);
    switch (effect.kind) {
      case "body":
      case "ctrl":
      case "values":
      case "group":
      case "signal_key":
      case "del":
        return this.#chooseOfFlow(effect, lsn);
      case "outbox":
        return this.#chooseMessage(effect, lsn);
      default:
        if (this.#isWanted(effect, lsn)) this.#keep(lsn);
    }
  }

  /** Whether a record is kept. Final once all of them have been chosen from. */
  keeps(lsn: number): boolean {
    return this.#kept.has(lsn);
  }

  /**
   * The values that go since nobody links them. Somebody may have done so since: a link that is made
   * while a merge goes on leads to a value that is still there, and has to lead to it afterwards.
   */
  *unlinked(): Generator<number> {
    for (const lsn of this.#unlinked) if (!this.#kept.has(lsn)) yield lsn;
  }

  /** Whether a value goes since nobody links it. */
  isUnlinked(lsn: number): boolean {
    return this.#unlinked.has(lsn) && !this.#kept.has(lsn);
  }

  /** Notes which lives are there anyhow, and which control blocks lead from segment to segment. */
  #noteStretch(effect: Gist, lsn: number): void {
    if (effect.kind !== "body" && effect.kind !== "ctrl") return;
    const stretches = this.#stretches!;
    // No flow whose life is noted before its body counts as born in the run: its removal is kept.
    const life = this.#lives.note(effect.key);
    if (stretches.stay(lsn)) this.#lives.stay(life, lsn);
    if (effect.kind === "body") return;
    const before = this.#lastControls.get(life);
    this.#lastControls.set(life, lsn);
    // Of another life it may be as well: what is over is not looked for here.
    if (before > 0 && before <= stretches.baseOf(lsn)) this.#anchors.add(before);
  }

  /** Decides about a record of a flow. */
  #chooseOfFlow(effect: FlowGist, lsn: number): void {
    const life = this.#lives.find(effect.key);
    if (lsn < this.#lives.endOf(life)) {
      if (this.#lives.isPastThere(life)) this.#keep(lsn);
      return;
    }
    switch (effect.kind) {
      case "body":
        return this.#keep(lsn);
      case "ctrl":
        return this.#chooseControl(effect, life, lsn);
      case "values":
        return void this.#lists.set(life, { lsn, values: effect.values });
      case "group":
        if (this.#groups.is(nameOfGroup(effect.group.number), lsn)) this.#keep(lsn);
        return;
      case "signal_key":
        if (this.#lives.takeSignal(life) <= SIGNALS_MAX) this.#keep(lsn);
        return;
      case "del":
        if (!this.#isFirst && !this.#lives.isBorn(life)) this.#keep(lsn);
    }
  }

  /** Whether a record of no flow is kept for its own sake. */
  #isWanted(effect: OtherGist, lsn: number): boolean {
    const isFirst = this.#isFirst;
    switch (effect.kind) {
      case "dict":
        return true;
      case "value":
        return this.#isWantedValue(effect, lsn);
      case "value_part":
        return lsn > this.#lastWholeLsn;
      case "kv":
        return this.#keys.is(this.#nameOfKey(effect), lsn);
      case "kv_del":
        return !isFirst && this.#keys.is(this.#nameOfKey(effect), lsn);
      case "closing": {
        const isNewest = this.#closings.is(nameOfGroup(effect.group), lsn);
        return isNewest && !(effect.isDone && isFirst);
      }
      case "policy":
        return this.#policies.get(effect.type) === lsn;
      case "inbox":
        return this.#heard.get(effect.from) === lsn;
    }
  }

  #isWantedValue({ key, untilMs }: ValueGist, lsn: number): boolean {
    const { timeMs, beyond } = this.#options;
    if (key === null) return untilMs === null || untilMs > timeMs;
    const isLinked = beyond.isLinked(lsn);
    if (!isLinked) this.#unlinked.add(lsn);
    return isLinked;
  }

  #chooseControl({ key, control }: CtrlGist, life: number, lsn: number): void {
    const { version, payloadLsn, resultLsn, errorLsn, valuesLsn } = control;
    const isShown = version > this.#lives.versionOf(life) - this.#historyOf(life, key);
    if (!isShown && version > 1 && !this.#anchors.has(lsn)) return;
    this.#keep(lsn);
    // Without its list a control block cannot be read, also if nobody asks for the values.
    if (valuesLsn > 0) this.#keepValue(valuesLsn);
    if (!isShown) return;
    for (const number of [payloadLsn, resultLsn, errorLsn]) this.#refer(number);
    const list = this.#lists.get(life);
    if (list?.lsn !== valuesLsn) return;
    this.#lists.delete(life);
    for (const held of list.values) this.#refer(held.lsn);
  }

  #historyOf(life: number, key: FlowKey): number {
    const known = this.#lives.historyOf(life);
    if (known > 0) return known;
    const flow = this.#options.beyond.flow(key);
    // A body behind the run may be that of another flow, which has the key by now.
    const isThis = flow !== undefined && flow.bodyLsn <= this.#lastLsn;
    const history = isThis ? flow.identity.historyMaxEvents : ALL_EVENTS;
    this.#lives.setHistory(life, history);
    return history;
  }

  #chooseMessage({ to, message }: OutboxEffect, lsn: number): void {
    if (lsn < this.#options.beyond.oldestUnheardLsn(to)) return;
    this.#keep(lsn);
    if (message.kind !== "birth") return;
    for (const number of linksOf(message.request)) this.#refer(number);
  }

  /** Keeps the value with a number, if it is in the shard and in the run. */
  #refer(number: number): void {
    if (number === 0) return;
    const { shard, lsn } = valuePlace(number);
    if (shard === this.#options.beyond.shard) this.#keepValue(lsn);
  }

  /** Keeps a value or a list. Callers bring references: what leads to anything else keeps nothing. */
  #keepValue(lsn: number): void {
    if (this.#values.has(lsn)) this.#keep(lsn);
  }

  #keep(lsn: number): void {
    this.#kept.add(lsn);
    if (this.#parts.size === 0) return;
    const parts = this.#parts.get(lsn);
    if (parts === undefined) return;
    for (let index = 0; index < parts.count; index++) this.#kept.add(parts.firstLsn + index);
  }

  #noteParts({ parts }: ValueGist["value"], lsn: number): void {
    if (parts !== undefined) this.#parts.set(lsn, parts);
  }

  /** What a key is known by: 85 bits of which 64 cannot be steered from outside. */
  #nameOfKey(
    { partitionKey, key }: { readonly partitionKey: string; readonly key: string },
  ): ThingName {
    const writer = this.#writer;
    writer.reset();
    // The length in front keeps different pairs of texts different.
    writer.rawText(`${partitionKey.length}:`);
    writer.rawText(partitionKey);
    writer.rawText(key);
    const { hi, lo } = this.#options.beyond.hash(writer.buffer, writer.length);
    return { hash: hi, rest: lo * 2 ** 21 + (writer.crc32(0) & 0x1f_ffff) };
  }
}

function nameOfGroup(number: number): ThingName {
  return { hash: number % 2 ** 32, rest: number };
}
