import type { FactFrame } from "./fact-frame.ts";
import { raritiesOf } from "./rarity.ts";
import { type ReplacementFeatures, replacementFeatures } from "./replacement-features.ts";
import { type ReplacementModel, SHIPPED_MODEL } from "./replacement-model.ts";
import { type ReplacementStanding, standingOf } from "./replacement-standing.ts";
import { common, intersects } from "./sets.ts";

/**
 * Shared content words from which on a fact about somebody else may replace one: "organised the clean-up at the
 * harbour" is one event, while any two people may like tea or live in Berlin.
 */
const APART_CONTENT_MIN = 3;
const FORBIDDEN = -12;

/** How one known fact stands to a new one. */
export interface ReplacementScore {
  readonly features: ReplacementFeatures;
  /** Evidence from the pair alone, in log odds; what facts are ranked by. */
  readonly evidence: number;
  /** Log odds that the new fact replaces this one, its rivals considered, less the model's threshold: decided above 0. */
  readonly odds: number;
}

/** Scores each known fact as the one that `fresh` replaces, in the order given. */
export function replacementScores(
  known: readonly FactFrame[],
  fresh: FactFrame,
  model: ReplacementModel = SHIPPED_MODEL,
): readonly ReplacementScore[] {
  const pairs = replacementPairs(known, fresh);
  const evidence = pairs.map((pair) => evidenceOf(pair, model));
  return pairs.map(({ features }, index) => {
    const standing = standingOf({ known, evidence }, fresh, index);
    return { features, evidence: evidence[index] ?? 0, odds: oddsOf(standing, model) };
  });
}

/** The features of each known fact beside a new one, and whether no evidence may count. */
export interface ReplacementPair {
  readonly features: ReplacementFeatures;
  readonly isForbidden: boolean;
}

/** What the model weighs: exported for fitting it. */
export function replacementPairs(known: readonly FactFrame[], fresh: FactFrame): readonly ReplacementPair[] {
  const rarities = raritiesOf(known);
  return known.map((old) => ({
    features: replacementFeatures(old, fresh, { terms: rarities.terms(old), slots: rarities.slots(old) }),
    isForbidden: isAboutSomebodyElse(old, fresh),
  }));
}

/** The evidence for one pair alone. */
export function evidenceOf({ features, isForbidden }: ReplacementPair, model: ReplacementModel): number {
  return weighted(features, model.features) + model.featuresBias + (isForbidden ? FORBIDDEN : 0);
}

function oddsOf(standing: ReplacementStanding, model: ReplacementModel): number {
  return weighted(standing, model.standing) + model.standingBias;
}

function weighted<K extends string>(values: Readonly<Record<K, number>>, weights: Readonly<Record<K, number>>): number {
  let total = 0;
  for (const key in weights) total += weights[key] * values[key];
  return total;
}

function isAboutSomebodyElse(old: FactFrame, fresh: FactFrame): boolean {
  if (old.subjects.size === 0 || fresh.subjects.size === 0) return false;
  if (intersects(old.subjects, fresh.names) || intersects(fresh.subjects, old.names)) return false;
  return common(old.content, fresh.content).length < APART_CONTENT_MIN;
}
