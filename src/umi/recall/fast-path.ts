import type { EntryColumns } from "../index/columns.ts";
import { splitTerms } from "../index/entry.ts";
import type { EntryReader, EntryTerms } from "../index/entry-store.ts";
import { TopNumbers } from "../top-numbers.ts";
import type { NearEntry, VectorReader } from "../vectors/vector-store.ts";
import { bestCandidates, type SignScores, signScores } from "./candidates.ts";
import { type DenseScores, denseScores } from "./dense.ts";
import { type EntryFilter, entryFilter } from "./entry-filter.ts";
import { narrowed, QUESTION_TERMS_MAX, type Question, readQuestion } from "./question.ts";
import type { RecallHit, RecallOptions } from "./recall-options.ts";
import type { BufferPool } from "./score-buffers.ts";
import { alikeTerms, SpellingScorer } from "./spelling.ts";
import { type Weights, weightsFor } from "./weights.ts";
import { rarity, scoreWords, type WeighedList } from "./word-scores.ts";

/** Postings that one recall reads: of words so common that there are more, the newest. */
const POSTINGS_MAX = 40_000;
/** Entries that words bring in: as many as this, or four for each hit that is wanted. */
const CANDIDATES_MIN = 100;
const CANDIDATES_PER_HIT = 4;
/** The best of what words and vectors brought in, whose terms are read. */
const READ_MIN = 64;
const READ_PER_HIT = 3;
/** Entries found by rare words, for each of those, from which on common words bring in no others. */
const TOUCHED_PER_CANDIDATE = 40;
/** Entries that vectors bring in. */
const DENSE_CANDIDATES_MAX = 60;
/** Terms the space lacks for which it is asked for similar ones, and how they must begin. */
const UNKNOWN_TERMS_MAX = 8;
const PREFIX_CHARS = 2;
/** Pairs of neighbouring terms that count. */
const PHRASES_MAX = 2;
/** A score of this is shown as one half. */
const HALF_SCORE = 8;

/** What the fast path reads from. */
export interface RecallSources {
  readonly entries: EntryReader;
  readonly vectors?: VectorReader;
  readonly buffers: BufferPool;
}

/** What one look found. */
export interface Found {
  readonly hits: readonly RecallHit[];
  readonly isHybrid: boolean;
  readonly coverage: number;
}

interface Look {
  readonly question: Question;
  readonly columns: EntryColumns;
  readonly lists: readonly WeighedList[];
  readonly weights: Weights;
  readonly scores: SignScores;
  readonly dense: DenseScores | undefined;
}

/** Ranks the entries of a space for one question, by words, signs and (where there are any) vectors, without a model. */
export async function lookUp(
  sources: RecallSources,
  { text, limit }: { readonly text: string; readonly limit: number },
  options: RecallOptions,
): Promise<Found> {
  const { entries, buffers: pool } = sources;
  const asked = readQuestion(text, options.at);
  const columns = await entries.columns(options.space);
  const { size } = columns;
  const weights = weightsFor(columns);
  const accept = await entryFilter(entries, columns, options);
  const lists = await listsFor(entries, options.space, asked.terms);
  const isLong = asked.terms.length > QUESTION_TERMS_MAX;
  const question = isLong ? narrowed(asked, new Set(lists.map(({ list }) => list.term))) : asked;
  const buffers = pool.take();
  const candidates = Math.max(CANDIDATES_MIN, CANDIDATES_PER_HIT * limit);
  const enough = candidates * TOUCHED_PER_CANDIDATE;
  const words = scoreWords(columns, lists, { size, isWide: weights.near > 0, enough, buffers });
  try {
    const scores = signScores({ columns, question, words, weights });
    const lexical = bestCandidates({ scores, words }, accept, candidates);
    const near = await nearEntries(sources, options, (number) => number < size && accept(number));
    const dense = near && denseScores(near, lexical, scores.words);
    const look: Look = { question, columns, lists, weights, scores, dense };
    const numbers = promising(look, [...lexical, ...(near ?? []).map((each) => each.number)], limit);
    const ranked = rank(await entries.terms(options.space, numbers), look).slice(0, limit);
    return {
      hits: await hitsOf(entries, options, ranked, look),
      isHybrid: dense !== undefined,
      coverage: coverageOf(look, ranked[0]?.candidate),
    };
  } finally {
    buffers.clear(words.touched);
    pool.giveBack(buffers);
  }
}

/** Those of the candidates that may still become hits when their terms are read. */
function promising({ scores, weights, dense }: Look, candidates: readonly number[], limit: number): readonly number[] {
  const top = new TopNumbers(Math.max(READ_MIN, READ_PER_HIT * limit));
  for (const number of new Set(candidates))
    top.offer(number, scores.all(number) + weights.dense * (dense?.of(number) ?? 0));
  return top.best().map(({ number }) => number);
}

/** The entries of what was ranked. Equal scores are told apart by id here, where ids are known. */
async function hitsOf(
  entries: EntryReader,
  { space, explain }: RecallOptions,
  ranked: readonly Ranked[],
  look: Look,
): Promise<readonly RecallHit[]> {
  const totals = new Map(ranked.map((each) => [each.candidate.number, each]));
  const read = await entries.read(
    space,
    ranked.map(({ candidate }) => candidate.number),
  );
  const hits = read.flatMap((entry) => {
    const each = totals.get(entry.number);
    return each === undefined ? [] : [{ entry, each }];
  });
  hits.sort((a, b) => b.each.total - a.each.total || (a.entry.id < b.entry.id ? -1 : 1));
  return hits.map(({ entry, each }) => ({
    entry,
    score: Math.max(0, each.total) / (Math.max(0, each.total) + HALF_SCORE),
    ...(explain === true ? { parts: withoutZeros({ ...look.scores.explain(entry.number), ...each.parts }) } : {}),
  }));
}

/**
 * The postings of the question's terms, of many the rarest; a term that the space lacks gives way to those spelled like
 * it. Of a long question enough is found without that.
 */
async function listsFor(
  entries: EntryReader,
  space: string,
  terms: readonly string[],
): Promise<readonly WeighedList[]> {
  const found = await entries.postings(space, terms, POSTINGS_MAX, QUESTION_TERMS_MAX);
  const known = new Set(found.map(({ term }) => term));
  const weights = new Map<string, number>();
  const isFilled = found.length >= QUESTION_TERMS_MAX;
  const unknown = isFilled
    ? []
    : terms.filter((term) => !known.has(term) && term.length > PREFIX_CHARS).slice(0, UNKNOWN_TERMS_MAX);
  for (const term of unknown) {
    for (const [other, likeness] of alikeTerms(term, await entries.termsFrom(space, term.slice(0, PREFIX_CHARS)))) {
      if (!known.has(other)) weights.set(other, Math.max(weights.get(other) ?? 0, likeness));
    }
  }
  const alike = weights.size === 0 ? [] : await entries.postings(space, [...weights.keys()], POSTINGS_MAX);
  return [
    ...found.map((list) => ({ list, weight: 1 })),
    ...alike.map((list) => ({ list, weight: weights.get(list.term) ?? 0 })),
  ];
}

async function nearEntries(
  { vectors }: RecallSources,
  { space, vector }: RecallOptions,
  accept: EntryFilter,
): Promise<readonly NearEntry[] | undefined> {
  if (vectors === undefined || vector === undefined) return undefined;
  const near = await vectors.nearest(space, { ...vector, limit: DENSE_CANDIDATES_MAX, accept });
  return near.length === 0 ? undefined : near;
}

interface Ranked {
  readonly candidate: EntryTerms;
  readonly total: number;
  /** What was added to the score once the terms were read. */
  readonly parts: Readonly<Record<string, number>>;
}

function rank(candidates: readonly EntryTerms[], look: Look): Ranked[] {
  const { scores, weights, question, dense } = look;
  const spelling = spellingScores(candidates, look);
  const ranked = candidates.map((candidate, i): Ranked => {
    const { number, terms } = candidate;
    const parts = {
      spelling: weights.spelling * (spelling[i] ?? 0),
      phrases: weights.phrase * phrasesIn(terms, question.pairs),
      vector: weights.dense * (dense?.of(number) ?? 0),
    };
    return { candidate, parts, total: scores.all(number) + parts.spelling + parts.phrases + parts.vector };
  });
  return ranked.sort((a, b) => b.total - a.total || a.candidate.number - b.candidate.number);
}

/** How alike the candidates' spelling is to the question's, in standard deviations over the candidates. */
function spellingScores(candidates: readonly EntryTerms[], { lists, columns, question }: Look): readonly number[] {
  const { count } = columns.totals;
  const totals = new Map(lists.map(({ list }) => [list.term, list.total]));
  const scorer = new SpellingScorer(
    question.terms.map((term) => [term, rarity(totals.get(term) ?? 0, count)] as const),
  );
  const raw = candidates.map(({ terms }) => scorer.score(terms));
  const mean = raw.reduce((sum, each) => sum + each, 0) / Math.max(1, raw.length);
  const variance = raw.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, raw.length);
  const deviation = Math.sqrt(variance) || 1;
  return raw.map((each) => each / deviation);
}

function phrasesIn(terms: string, pairs: readonly string[]): number {
  let found = 0;
  for (const pair of pairs) if (terms.includes(pair)) found++;
  return Math.min(found, PHRASES_MAX);
}

/** The share of the question's rarity that the best hit's own terms have. */
function coverageOf({ question, lists, columns }: Look, best: EntryTerms | undefined): number {
  if (best === undefined) return 0;
  const { count } = columns.totals;
  const totals = new Map(lists.map(({ list }) => [list.term, list.total]));
  const has = new Set(splitTerms(best.terms));
  let all = 0;
  let covered = 0;
  for (const term of question.terms) {
    const value = rarity(totals.get(term) ?? 0, count);
    all += value;
    if (has.has(term)) covered += value;
  }
  return all === 0 ? 0 : covered / all;
}

function withoutZeros(parts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== 0));
}
