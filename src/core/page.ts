/** The most items any page may hold. */
export const PAGE_ITEMS_MAX = 1000;

/**
 * A cursor page over items sorted by (`orderBy`, id). `after` and `before` are ids, relative to the order:
 * with `desc`, `after` gives older items.
 */
export interface Page {
  readonly before?: string;
  readonly after?: string;
  readonly limit: number;
  readonly order: "asc" | "desc";
}
