export type { Entry, EntryRole, NewEntry } from "./index/entry.ts";
export type { EntryStore } from "./index/entry-store.ts";
export { memoryEntryStore } from "./index/memory-entry-store.ts";
export { createDualRetriever, type DualRetriever, type Rewrite } from "./recall/dual-retriever.ts";
export type { RecallHit, RecallOptions, RecallResult } from "./recall/recall-options.ts";
export { memoryVectorStore } from "./vectors/memory-vector-store.ts";
export type { VectorStore } from "./vectors/vector-store.ts";
