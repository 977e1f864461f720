import { type FactFrame, frameOf } from "../src/umi/facts/evolution/fact-frame.ts";
import { evidenceOf, replacementPairs } from "../src/umi/facts/evolution/replacement.ts";
import type { ReplacementFeatures } from "../src/umi/facts/evolution/replacement-features.ts";
import { type ReplacementModel, SHIPPED_MODEL } from "../src/umi/facts/evolution/replacement-model.ts";
import { type ReplacementStanding, standingOf } from "../src/umi/facts/evolution/replacement-standing.ts";
import type { EvolutionCase } from "./evolution-data.ts";
import { fitLogistic } from "./logistic.ts";

/** Pulls all weights towards 0; a larger value trusts the data less. */
const PENALTY = 2;
/** All additions of one group count as one round of ten, however many of its rounds are in the data. */
const ADDITIONS_WEIGHT = 0.7;

const FEATURE_NAMES = Object.keys(SHIPPED_MODEL.features) as readonly (keyof ReplacementFeatures)[];
const STANDING_NAMES = Object.keys(SHIPPED_MODEL.standing) as readonly (keyof ReplacementStanding)[];

interface Pair {
  readonly features: ReplacementFeatures;
  readonly isForbidden: boolean;
  readonly label: boolean;
  readonly weight: number;
}

/** Fits both steps of the model; the threshold is 0 still, see {@link withThreshold}. */
export function fitModel(cases: readonly EvolutionCase[]): ReplacementModel {
  const rounds = roundsPerGroup(cases);
  const prepared = cases.map((one) => {
    const known = one.known.map(frame);
    const fresh = frame(one.fresh);
    const weight = one.replaced.length > 0 ? 1 : ADDITIONS_WEIGHT / (rounds.get(one.group) ?? 1);
    const pairs = replacementPairs(known, fresh).map((pair, index) => ({
      ...pair,
      label: one.replaced.includes(index),
      weight,
    }));
    return { known, fresh, pairs };
  });
  const all = prepared.flatMap(({ pairs }) => pairs);
  const first = weightsOf(
    all,
    FEATURE_NAMES,
    all.map((pair) => pair.features),
  );
  const half = { ...SHIPPED_MODEL, features: first.weights, featuresBias: first.bias };
  const standings = prepared.flatMap(({ known, fresh, pairs }) => {
    const evidence = pairs.map((pair) => evidenceOf(pair, half));
    return pairs.map((_, index) => standingOf({ known, evidence }, fresh, index));
  });
  const second = weightsOf(all, STANDING_NAMES, standings);
  return { ...half, standing: second.weights, standingBias: second.bias };
}

/** The model with its threshold moved, so that it decides above 0 where it decided above `threshold`. */
export function withThreshold(model: ReplacementModel, threshold: number): ReplacementModel {
  return { ...model, standingBias: model.standingBias - threshold };
}

const frames = new Map<string, FactFrame>();

/** The frame of a text, read once. */
export function frame(text: string): FactFrame {
  const known = frames.get(text) ?? frameOf(text);
  frames.set(text, known);
  return known;
}

function weightsOf<K extends string>(
  pairs: readonly Pair[],
  names: readonly K[],
  values: readonly Readonly<Record<K, number>>[],
): { readonly weights: Readonly<Record<K, number>>; readonly bias: number } {
  const rows = {
    inputs: values.map((value) => names.map((name) => value[name])),
    labels: pairs.map((pair) => pair.label),
    weights: pairs.map((pair) => pair.weight),
  };
  const { weights, bias } = fitLogistic(rows, PENALTY);
  const named = Object.fromEntries(names.map((name, index) => [name, rounded(weights[index] ?? 0)]));
  return { weights: named as Record<K, number>, bias: rounded(bias) };
}

function roundsPerGroup(cases: readonly EvolutionCase[]): ReadonlyMap<number, number> {
  const rounds = new Map<number, number>();
  for (const { group, known, replaced } of cases) {
    if (replaced.length === 0 && known.length === 0) rounds.set(group, (rounds.get(group) ?? 0) + 1);
  }
  return rounds;
}

/** Two decimals are all that so little data can tell. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
