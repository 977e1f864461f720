// How well rules alone tell which known fact a new one replaces. The threshold and all weights are fitted on other
// fact groups than the ones they are judged on; the shipped weights, fitted on all of FILE, are shown beside it.
// Usage: bun bench/eval-evolution.ts --data core-memory-update.jsonl [--fit] [--errors] [--json OUT]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Evolution, evolutionOf, isEnding, type TrackedFact } from "../src/umi/facts/evolution/evolution.ts";
import { type ReplacementScore, replacementScores } from "../src/umi/facts/evolution/replacement.ts";
import { type ReplacementModel, SHIPPED_MODEL } from "../src/umi/facts/evolution/replacement-model.ts";
import type { FactId } from "../src/umi/facts/kept/fact.ts";
import { type EvolutionCase, type EvolutionData, readEvolutionData } from "./evolution-data.ts";
import { fitModel, frame, withThreshold } from "./evolution-fit.ts";

const FOLDS = 10;
/** The goals, in percent. */
const GOALS = { rankedFirst: 97, f1: 93, falseSupersession: 2 } as const;
/** Thresholds that are tried, in log odds; the false supersessions that a choice may cost stay below the goal. */
const THRESHOLDS = Array.from({ length: 121 }, (_, index) => -3 + index * 0.05);
const FALSE_PERCENT_MAX = 1.8;
const FALSE_PENALTY = 3;

interface Judged {
  readonly one: EvolutionCase;
  readonly scores: readonly ReplacementScore[];
  /** Indices of the known facts that are ended. */
  readonly ended: readonly number[];
}

interface Figures {
  /** Percent of new facts whose best ranked known fact is one that they replace. */
  readonly rankedFirst: number;
  /** Of the decisions for every pair of a known and a new fact, in percent. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Percent of additions of compatible facts that replaced anything. */
  readonly falseSupersession: number;
}

function judge(cases: readonly EvolutionCase[], model: ReplacementModel): readonly Judged[] {
  return cases.map((one) => {
    const known = one.known.map((text, index) => tracked(text, index));
    const evolution = evolutionOf(known, tracked(one.fresh, known.length), { model });
    const scores = replacementScores(one.known.map(frame), frame(one.fresh), model);
    return { one, scores, ended: endedBy(evolution, known) };
  });
}

function tracked(text: string, index: number): TrackedFact {
  return { id: `fact-${index}` as FactId, text, subjectId: null, relation: "", value: "", isDenied: false };
}

function endedBy({ steps }: Evolution, known: readonly TrackedFact[]): readonly number[] {
  const ended = steps.filter(isEnding);
  return ended.map(({ earlier }) => known.findIndex(({ id }) => id === earlier));
}

function figuresOf(judged: readonly Judged[]): Figures {
  let [hits, decided, wanted, first, replacements, additions, disturbed] = [0, 0, 0, 0, 0, 0, 0];
  for (const { one, scores, ended: chosen } of judged) {
    if (one.replaced.length === 0) {
      additions++;
      if (chosen.length > 0) disturbed++;
      continue;
    }
    replacements++;
    decided += chosen.length;
    wanted += one.replaced.length;
    hits += chosen.filter((index) => one.replaced.includes(index)).length;
    if (one.replaced.includes(bestOf(scores))) first++;
  }
  const [precision, recall] = [hits / Math.max(1, decided), hits / Math.max(1, wanted)];
  return {
    rankedFirst: percent(first / Math.max(1, replacements)),
    precision: percent(precision),
    recall: percent(recall),
    f1: percent((2 * precision * recall) / Math.max(precision + recall, 1e-9)),
    falseSupersession: percent(disturbed / Math.max(1, additions)),
  };
}

/** Weights, and the threshold that serves best on the cases that they were fitted to. */
function fitAll(cases: readonly EvolutionCase[]): ReplacementModel {
  const model = fitModel(cases);
  const scored = cases.map((one) => ({
    one,
    scores: replacementScores(one.known.map(frame), frame(one.fresh), model),
  }));
  const worthOf = (threshold: number) => {
    const judged = scored.map(({ one, scores }) => ({
      one,
      scores,
      ended: scores.flatMap((score, index) => (score.odds > threshold ? [index] : [])),
    }));
    const { f1, falseSupersession } = figuresOf(judged);
    return f1 - FALSE_PENALTY * Math.max(0, falseSupersession - FALSE_PERCENT_MAX);
  };
  const best = THRESHOLDS.reduce((kept, next) => (worthOf(next) > worthOf(kept) ? next : kept), 0);
  return withThreshold(model, Math.round(best * 100) / 100);
}

/** Every case judged by a model that saw none of its group. */
function heldOut({ replacements, additions }: EvolutionData): readonly Judged[] {
  const cases = [...replacements, ...additions];
  return Array.from({ length: FOLDS }, (_, fold) => {
    const isTest = ({ group }: EvolutionCase) => group % FOLDS === fold;
    const model = fitAll(cases.filter((one) => !isTest(one)));
    return judge(cases.filter(isTest), model);
  }).flat();
}

function bestOf(scores: readonly ReplacementScore[]): number {
  return scores.reduce((best, { evidence }, index) => (evidence > (scores[best]?.evidence ?? 0) ? index : best), 0);
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}

function showErrors(judged: readonly Judged[]): void {
  for (const { one, scores, ended } of judged) {
    const isWrong = scores.some((_, index) => ended.includes(index) !== one.replaced.includes(index));
    if (!isWrong) continue;
    console.log(`\nnew ${one.fresh}`);
    for (const [index, { evidence, odds }] of scores.entries()) {
      if (!ended.includes(index) && !one.replaced.includes(index)) continue;
      const mark = one.replaced.includes(index) ? "replaced " : "untouched";
      console.log(`  ${mark} ${evidence.toFixed(2)} ${odds.toFixed(2)} ${one.known[index]}`);
    }
  }
}

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    json: { type: "string" },
    fit: { type: "boolean", default: false },
    errors: { type: "boolean", default: false },
  },
});
if (values.data === undefined) throw new Error("Name the rows with --data FILE");
const data = readEvolutionData(values.data);
const cases = [...data.replacements, ...data.additions];
if (values.fit) console.log(JSON.stringify(fitAll(cases), null, 2));
const held = heldOut(data);
const figures = { heldOut: figuresOf(held), shipped: figuresOf(judge(cases, SHIPPED_MODEL)) };
console.table(figures);
const { rankedFirst, f1, falseSupersession } = figures.heldOut;
console.log(`ranked first >= ${GOALS.rankedFirst}: ${rankedFirst >= GOALS.rankedFirst ? "met" : "not met"}`);
console.log(`decision F1 >= ${GOALS.f1}: ${f1 >= GOALS.f1 ? "met" : "not met"}`);
console.log(
  `false supersession <= ${GOALS.falseSupersession}: ${falseSupersession <= GOALS.falseSupersession ? "met" : "not met"}`,
);
if (values.errors) showErrors(held);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ goals: GOALS, ...figures }, null, 2)}\n`);
