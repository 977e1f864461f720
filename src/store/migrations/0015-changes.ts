/** What happened, for whoever listens, and who did it, for whoever checks. */
export const CHANGES = "";
