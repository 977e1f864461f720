import type { FactStore } from "./facts/kept/fact-store.ts";
import { memoryFactStore } from "./facts/kept/memory-fact-store.ts";
import type { EntryStore } from "./index/entry-store.ts";
import { memoryEntryStore } from "./index/memory-entry-store.ts";
import { memoryVectorStore } from "./vectors/memory-vector-store.ts";
import type { VectorStore } from "./vectors/vector-store.ts";

/** Where memories are kept: three ports of one database, or of one process. */
export interface MemoryStores {
  readonly entries: EntryStore;
  readonly vectors: VectorStore;
  readonly facts: FactStore;
}

/** Stores that keep everything in this process, and nothing beyond it. */
export function createMemoryStores(): MemoryStores {
  const vectors: VectorStore = memoryVectorStore(() => entries);
  const entries: EntryStore = memoryEntryStore((space, ids) => void vectors.remove(space, ids));
  return { entries, vectors, facts: memoryFactStore() };
}
