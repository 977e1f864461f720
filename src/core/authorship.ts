import type { Instant } from "./clock.ts";

/** Who made something and who changed it last, and when. */
export interface Authorship {
  readonly createdById: string | null;
  readonly lastUpdatedById: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** The authorship of what somebody makes at an instant. */
export function madeBy({ userId }: { readonly userId: string }, at: Instant): Authorship {
  return { createdById: userId, lastUpdatedById: userId, createdAt: at, updatedAt: at };
}

/** What becomes of the authorship of what somebody changes at an instant. */
export function changedBy(
  { userId }: { readonly userId: string },
  at: Instant,
): Pick<Authorship, "lastUpdatedById" | "updatedAt"> {
  return { lastUpdatedById: userId, updatedAt: at };
}
