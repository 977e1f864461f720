/** What each step showed its model, and what blocks held before. */
export const MANIFESTS = "";
