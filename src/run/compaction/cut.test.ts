import { expect, test } from "bun:test";
import fc from "fast-check";
import { pendingRequest } from "../../agent/life/admission.ts";
import type { Message } from "../../agent/message.ts";
import { toTranscript } from "../../agent/transcript.ts";
import { type Happening, historyOf } from "./_test-history.ts";
import { chooseCut } from "./cut.ts";

const words = fc.string({ minLength: 1, maxLength: 40 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ type: fc.constant("words" as const), text: words }),
  fc.record({ type: fc.constant("reply" as const), text: words }),
  fc.record({ type: fc.constant("calls" as const), count: fc.integer({ min: 1, max: 4 }), chars: fc.nat(500) }),
  fc.record({ type: fc.constant("approved" as const), approve: fc.boolean(), beside: fc.nat(2) }),
  fc.record({ type: fc.constant("orphan" as const) }),
);
const history = fc.record({
  happenings: fc.array(happening, { maxLength: 40 }),
  ending: fc.constantFrom("none" as const, "approval" as const, "words" as const),
});
const goal = fc.record({
  isWhole: fc.boolean(),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  tokensMax: fc.integer({ min: 0, max: 3_000 }),
});

function tokensOf(context: readonly Message[]): readonly number[] {
  return context.map((message) => JSON.stringify(message).length);
}

function idsIn(context: readonly Message[]) {
  return {
    called: new Set(context.flatMap((message) => message.toolCalls.map((call) => call.id))),
    answered: context.flatMap((message) =>
      [...message.toolReturns, ...message.approvals].map((answer) => answer.toolCallId),
    ),
  };
}

test("chooseCut() keeps a valid conversation of whatever history", () => {
  fc.assert(
    fc.property(history, goal, ({ happenings, ending }, wish) => {
      const context = historyOf(happenings, ending);
      const cut = chooseCut(context, tokensOf(context), wish);
      if (cut === undefined) return;
      const [evicted, kept] = [context.slice(1, cut), context.slice(cut)];
      expect(evicted.length).toBeGreaterThan(0);
      expect(1 + 1 + kept.length).toBeLessThanOrEqual(context.length);
      const { called, answered } = idsIn(kept);
      for (const id of answered) expect(called.has(id)).toBe(true);
      const [first] = kept;
      if (first?.role === "approval") expect(evicted.at(-1)?.stepId).not.toBe(first.stepId);
      const gone = idsIn(evicted);
      for (const id of gone.answered) expect(gone.called.has(id)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("chooseCut() never evicts an open request or words that wait for a reply", () => {
  fc.assert(
    fc.property(history, goal, ({ happenings, ending }, wish) => {
      const context = historyOf(happenings, ending);
      const cut = chooseCut(context, tokensOf(context), wish);
      const kept = context.slice(cut ?? 0);
      if (ending === "words") expect(kept.at(-1)).toBe(context.at(-1) as Message);
      if (ending !== "approval") return;
      expect(pendingRequest(kept)).toBe(context.at(-1) as Message);
      expect(kept).toContain(context.at(-2) as Message);
    }),
    { numRuns: 1_000 },
  );
});

test("chooseCut() leaves a transcript in which every call has one answer", () => {
  fc.assert(
    fc.property(history, goal, ({ happenings, ending }, wish) => {
      const context = historyOf(happenings, ending);
      const cut = chooseCut(context, tokensOf(context), wish) ?? 1;
      const { messages } = toTranscript([...context.slice(0, 1), ...context.slice(cut)], 1_000);
      for (const [index, message] of messages.entries()) {
        if (message.role !== "assistant" || message.toolCalls.length === 0) continue;
        const next = messages[index + 1];
        const answers = next?.role === "tool" ? next.answers.map((answer) => answer.toolCallId) : [];
        expect(answers).toEqual(message.toolCalls.map((call) => call.id));
      }
    }),
    { numRuns: 1_000 },
  );
});

const talk = historyOf(
  Array.from({ length: 50 }, (_, turn) => [
    { type: "words" as const, text: `question ${turn}` },
    { type: "reply" as const, text: `answer ${turn}` },
  ]).flat(),
  "none",
);
const even = talk.map(() => 10);

test("chooseCut() begins with the configured share, not more", () => {
  const cut = chooseCut(talk, even, { isWhole: false, share: 0.3, tokensMax: 10_000 });
  expect(cut).toBe(30);
});

test("chooseCut() evicts more until what is kept fits", () => {
  const cut = chooseCut(talk, even, { isWhole: false, share: 0.3, tokensMax: 300 }) ?? 0;
  expect((talk.length - cut + 1) * 10).toBeLessThan(300);
  expect(cut).toBeLessThan(85);
});

test("chooseCut() evicts everything when a whole history goes, or nothing fits", () => {
  expect(chooseCut(talk, even, { isWhole: true, share: 0.3, tokensMax: 10_000 })).toBe(talk.length);
  expect(chooseCut(talk, even, { isWhole: false, share: 0.3, tokensMax: 0 })).toBe(talk.length);
});

test("chooseCut() finds nothing to do in a short history, or one that is only a summary", () => {
  const wish = { isWhole: true, share: 0.3, tokensMax: 0 };
  expect(chooseCut(talk.slice(0, 1), [10], wish)).toBeUndefined();
  const summary = talk
    .slice(0, 2)
    .map((message, index): Message => (index === 1 ? { ...message, role: "summary" } : message));
  expect(chooseCut(summary, [10, 50_000], wish)).toBeUndefined();
});

test("chooseCut() takes milliseconds for 20,000 messages", () => {
  const long = historyOf(
    Array.from({ length: 10_000 }, () => ({ type: "calls" as const, count: 1, chars: 5 })),
    "none",
  );
  const started = performance.now();
  chooseCut(long, new Array<number>(long.length).fill(50), { isWhole: false, share: 0.3, tokensMax: 300_000 });
  expect(performance.now() - started).toBeLessThan(500);
});
