/** Added to every rank, so that the first few places do not decide alone (Cormack, Clarke and Buettcher, 2009). */
const RANK_OFFSET = 60;

/**
 * Fuses ranked lists of ids by reciprocal ranks, each list counting its own ranks from 1: ids with scores in 0..1 (1
 * is the first place of every list), best first, ties by id.
 */
export function fuseRanks(
  lists: readonly (readonly string[])[],
): readonly { readonly id: string; readonly score: number }[] {
  const scores = new Map<string, number>();
  for (const list of lists) {
    list.forEach((id, i) => {
      scores.set(id, (scores.get(id) ?? 0) + 1 / (RANK_OFFSET + i + 1));
    });
  }
  const best = lists.length / (RANK_OFFSET + 1);
  return [...scores]
    .map(([id, score]) => ({ id, score: score / best }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}
