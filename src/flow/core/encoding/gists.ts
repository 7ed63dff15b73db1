/**
 * Gists of records.
 *
 * @module
 */
import { recordAt, type RecordSpan, RecordType } from "../../../log/mod.ts";
import type { FlowKey } from "../flow_key.ts";
import type { BodyGist, CtrlGist, Gist, GistRoom, ValueGist } from "../merge/gist.ts";
import type { Dictionary } from "../table/dictionary.ts";
import { readBodyGist } from "./body.ts";
import { readCtrlGist } from "./ctrl.ts";
import { decodeEffect } from "./records.ts";
import { readValueGist } from "./value.ts";

/** Reads gists without making objects for most of them. Each is good until the next is read. */
export class GistReader {
  readonly #ctrl: GistRoom<CtrlGist> = {
    kind: "ctrl",
    key: { hi: 0, lo: 0 },
    control: { version: 0, payloadLsn: 0, resultLsn: 0, errorLsn: 0, valuesLsn: 0 },
  };
  readonly #body: GistRoom<BodyGist> = {
    kind: "body",
    key: { hi: 0, lo: 0 },
    identity: { historyMaxEvents: 0 },
  };
  readonly #value: GistRoom<ValueGist & { readonly key: FlowKey }> = {
    kind: "value",
    key: { hi: 0, lo: 0 },
    value: { encoding: 0 },
    untilMs: null,
  };

  /** The gist of a record. Throws as `decodeEffect()` does, but does not look at what is no part of it. */
  of(record: RecordSpan, dictionary: Dictionary): Gist {
    switch (record.type) {
      case RecordType.CTRL:
        if (readCtrlGist(record, this.#ctrl)) return this.#ctrl;
        break;
      case RecordType.BODY:
        if (readBodyGist(record, this.#body)) return this.#body;
        break;
      case RecordType.VALUE:
        if (readValueGist(record, this.#value)) return this.#value;
        break;
    }
    return decodeEffect(recordAt(record.bytes, record.start, record.end), dictionary);
  }
}
