import { claimOf } from "../../claims/claim.ts";
import { termsOf } from "../../text/terms.ts";
import { tokensOf } from "../../text/tokens.ts";
import { FACT_CHARS_MAX, type Fact, type FactId } from "../kept/fact.ts";
import type { EvolutionKind } from "../kept/fact-link.ts";
import { isSameText } from "../kept/same-fact.ts";
import { type FactFrame, frameAbout, frameOf } from "./fact-frame.ts";
import { compareRelations, type RelationFact, type RelationVerdict } from "./relation-evolution.ts";
import { replacementScores } from "./replacement.ts";
import type { ReplacementModel } from "./replacement-model.ts";
import { common } from "./sets.ts";

/** Known facts that a new one is compared with; of more, those nearest to it. */
export const EVOLUTION_CANDIDATES_MAX = 50;
/** Log odds below which facts have nothing to do with each other; from here to 0 a judge may be asked. */
const UNCERTAIN_FROM = -2;
/** How sure rules are that know both relations. */
const RULE_CONFIDENCE = 0.95;

/** The part of a fact that evolution looks at. */
export type TrackedFact = Pick<Fact, "id" | "text" | "subjectId" | "relation" | "value" | "isDenied">;

/** What a new fact does to one known fact. `update` and `contradict` end it; the others leave it as it is. */
export interface EvolutionStep {
  readonly earlier: FactId;
  readonly kind: EvolutionKind;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly reason: string;
}

/** What a new fact does to the known ones. */
export interface Evolution {
  /** The known fact that already says it; then there is nothing to add. */
  readonly sameAs: FactId | null;
  readonly steps: readonly EvolutionStep[];
  /** Facts of which words alone do not tell whether they are replaced; they stand as `extend` until somebody judges. */
  readonly uncertain: readonly FactId[];
}

/** Settings of {@link evolutionOf}. */
export interface EvolutionOptions {
  readonly model?: ReplacementModel;
  /** What the new fact's subject is called, where somebody knows: no capital tells that "The user" is one. */
  readonly subject?: string;
}

/**
 * Tells by rules and words alone what a new fact does to known ones that are current. The order of `known` decides
 * nothing but which of several equal facts is named first.
 */
export function evolutionOf(
  known: readonly TrackedFact[],
  fresh: TrackedFact,
  { model, subject }: EvolutionOptions = {},
): Evolution {
  const named = (fact: TrackedFact) => (fact.subjectId === fresh.subjectId ? subject : undefined);
  const reading = read(fresh, subject);
  const words = wordsOf(fresh);
  const compared = nearest(known, fresh).map((fact) => ({
    fact,
    reading: read(fact, named(fact)),
    words: wordsOf(fact),
  }));
  const verdicts = compared.map((old) => compareRelations(old.reading, reading));
  const same = compared.find(
    (old, index) =>
      verdicts[index] === "same" ||
      old.words === words ||
      (isByWords(verdicts[index]) && isSameText(old.reading.frame, reading.frame)),
  );
  if (same !== undefined) return { sameAs: same.fact.id, steps: [], uncertain: [] };
  const scores = replacementScores(
    compared.map((old) => old.reading.frame),
    reading.frame,
    model,
  );
  const steps: EvolutionStep[] = [];
  const uncertain: FactId[] = [];
  for (const [index, { fact }] of compared.entries()) {
    const odds = scores[index]?.odds ?? UNCERTAIN_FROM;
    const step = stepOf(fact.id, verdicts[index] ?? "unknown", odds, reading.frame);
    if (step === undefined) continue;
    steps.push(step);
    if (isByWords(verdicts[index]) && step.kind === "extend") uncertain.push(fact.id);
  }
  return { sameAs: null, steps, uncertain };
}

/** Whether the step ends the earlier fact. */
export function isEnding({ kind }: Pick<EvolutionStep, "kind">): boolean {
  return kind === "update" || kind === "contradict";
}

function stepOf(earlier: FactId, verdict: RelationVerdict, odds: number, fresh: FactFrame): EvolutionStep | undefined {
  if (verdict === "apart" || verdict === "same") return;
  if (!isByWords(verdict))
    return { earlier, kind: verdict, confidence: RULE_CONFIDENCE, reason: "the same relation of the same subject" };
  if (odds <= UNCERTAIN_FROM) return;
  const confidence = Math.round(100 / (1 + Math.exp(-odds))) / 100;
  if (odds <= 0 || verdict === "open")
    return { earlier, kind: "extend", confidence, reason: "about the same, perhaps not instead of it" };
  if (fresh.denied.size > 0) return { earlier, kind: "contradict", confidence, reason: "denies what it says" };
  return { earlier, kind: "update", confidence, reason: "fills the same place with something else" };
}

function isByWords(verdict: RelationVerdict | undefined): verdict is "open" | "unknown" {
  return verdict === "open" || verdict === "unknown";
}

/** A fact with its relation, read from its text when nobody noted one. */
function read(fact: TrackedFact, called: string | undefined): RelationFact {
  const frame = called === undefined ? frameOf(fact.text) : frameAbout(called, fact.text);
  const claim = fact.relation === "" ? claimOf(fact.text) : undefined;
  const owner = claim?.owner === null || claim === undefined ? "" : `${claim.owner}'s `;
  const named = claim === undefined ? [...frame.subjects].join(" ") : `${owner}${claim.subject}`;
  return {
    frame,
    text: fact.text,
    isNoted: fact.relation !== "" && fact.subjectId !== null,
    subject: fact.subjectId ?? named,
    relation: claim?.relation ?? fact.relation,
    value: claim?.value ?? fact.value,
    isDenied: claim?.isDenied ?? fact.isDenied,
  };
}

function wordsOf({ text }: TrackedFact): string {
  return tokensOf(text.slice(0, FACT_CHARS_MAX)).join(" ");
}

/** The known facts that share most words with the new one, those of its relation before others. */
function nearest(known: readonly TrackedFact[], fresh: TrackedFact): readonly TrackedFact[] {
  if (known.length <= EVOLUTION_CANDIDATES_MAX) return known;
  const words = new Set(termsOf(fresh.text.slice(0, FACT_CHARS_MAX)));
  const nearness = new Map(
    known.map((fact) => {
      const shared = common(words, new Set(termsOf(fact.text.slice(0, FACT_CHARS_MAX)))).length;
      return [fact, shared + (fact.relation !== "" && fact.relation === fresh.relation ? words.size : 0)];
    }),
  );
  return known.toSorted((a, b) => (nearness.get(b) ?? 0) - (nearness.get(a) ?? 0)).slice(0, EVOLUTION_CANDIDATES_MAX);
}
