import type { Instant } from "../../core/clock.ts";
import type { Page } from "../../core/page.ts";

/** What can be paged: it has an id and a time. */
interface Pageable {
  readonly id: string;
  readonly createdAt: Instant;
}

/** Cuts a page from a short list that is at hand whole. An unknown cursor is as good as none. */
export function pageFrom<T extends Pageable>(items: readonly T[], page: Page): readonly T[] {
  const direction = page.order === "asc" ? 1 : -1;
  const sorted = [...items].sort((a, b) => direction * compare(a, b));
  const start = sorted.findIndex((item) => item.id === page.after) + 1;
  const end = sorted.findIndex((item) => item.id === page.before);
  return sorted.slice(start, end < 0 ? undefined : end).slice(0, page.limit);
}

/** By time, and by id within one moment: so that no page shows a thing again or leaves one out. */
function compare(a: Pageable, b: Pageable): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.id < b.id ? -1 : 1;
}
