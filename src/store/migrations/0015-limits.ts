/** What may be spent, and what is. */
export const LIMITS = "";
