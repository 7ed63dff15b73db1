import fc from "fast-check";
import { assertEquals } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { SegmentedStore } from "./core_merge.ts";

/** What happens to flows of which each has a payload: its own, or that of another. */
type Step =
  | { readonly op: "create" | "change" | "move" | "link" | "rewind" | "end"; readonly id: string }
  | { readonly op: "cut" | "cleanup" | "open" }
  | { readonly op: "merge"; readonly first: number; readonly count: number };

const IDS = ["a", "b", "c"];

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      op: fc.constantFrom<"create" | "change" | "move" | "link" | "rewind" | "end">(
        ...[
          "create",
          "create",
          "change",
          "change",
          "move",
          "link",
          "link",
          "rewind",
          "end",
        ] as const,
      ),
      id: fc.constantFrom(...IDS),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constantFrom<"cut" | "cleanup" | "open">("cut", "cut", "cut", "cleanup", "open"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("merge" as const),
      first: fc.oneof(fc.constant(0), fc.nat(4)),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

/** Flows that pass their payloads on, and what each of them must have. */
class Links {
  readonly #segments = new SegmentedStore();
  /** The payload of each flow after each of its versions. */
  readonly #payloads = new Map<string, string[]>();
  #count = 0;

  run(step: Step): void {
    const segments = this.#segments;
    const { store } = segments;
    switch (step.op) {
      case "cut":
        return segments.cut();
      case "open":
        segments.cut();
        return segments.open();
      case "cleanup":
        store.nowMs += 10;
        store.retentionCleanup();
        return;
      case "merge":
        segments.cut();
        return void segments.merge(step);
      default:
        this.#change(step.op, step.id);
    }
  }

  #change(op: Extract<Step, { readonly id: string }>["op"], id: string): void {
    const { store } = this.#segments;
    const payloads = this.#payloads.get(id);
    const move = { from: "queued", to: "queued" };
    const fencingToken = store.get(id)?.fencingToken;
    const payload = `${op} ${this.#count++}`;
    // The oldest flow that is there passes its payload on.
    const from = [...this.#payloads.keys()].find((other) => other !== id);
    const payloadRef = from === undefined ? undefined : store.get(from)!.payloadRef!;
    const linked = from === undefined ? payload : this.#payloads.get(from)!.at(-1)!;
    const given = op === "link" && payloadRef !== undefined ? { payloadRef } : { payload };
    const now = op === "link" ? linked : payload;
    if (payloads === undefined) {
      if (op !== "create" && op !== "link") return;
      store.create(id, { type: "t", historyMaxEvents: 2, retentionTtlMs: 10, ...given });
      this.#payloads.set(id, [now]);
    } else if (op === "change" || op === "link") {
      store.transition(id, { ...move, fencingToken, ...given });
      payloads.push(now);
    } else if (op === "move") {
      store.transition(id, { ...move, fencingToken });
      payloads.push(payloads.at(-1)!);
    } else if (op === "rewind") {
      const [event] = store.history(id);
      store.rewind(id, { toEvent: event!.eventId });
      payloads.push(payloads[event!.version - 1]!);
    } else if (op === "end") {
      store.cancel(id);
      this.#payloads.delete(id);
      store.nowMs += 10;
    }
  }

  /** Compares what every flow and its history show. */
  compare(): void {
    const { store } = this.#segments;
    for (const id of IDS) {
      const expected = this.#payloads.get(id);
      assertEquals(store.get(id, { payload: true })?.payload, expected?.at(-1));
      const history = store.history(id, { values: true });
      assertEquals(history.map(({ payload }) => payload), expected?.slice(-2) ?? []);
    }
  }
}

function runLinks(steps: readonly Step[]): void {
  const links = new Links();
  for (const step of steps) {
    links.run(step);
    if (step.op === "merge" || step.op === "open") links.compare();
  }
  links.compare();
}

const steps = fc.array(step, { minLength: 40, maxLength: 60 });

test("Survivors keeps payloads for whoever has linked them, whatever becomes of their flows", () => {
  const property = fc.property(steps, (steps) => runLinks(steps));
  assertProperty(property, { file: import.meta.url, runs: 400 });
});
