import type { FactReader, FactStore } from "./facts/kept/fact-store.ts";
import { inMemoryFactStore } from "./facts/kept/in-memory-fact-store.ts";
import type { EntryReader, EntryStore } from "./index/entry-store.ts";
import { inMemoryEntryStore } from "./index/in-memory-entry-store.ts";
import { inMemoryVectorStore } from "./vectors/in-memory-vector-store.ts";
import type { VectorReader, VectorStore } from "./vectors/vector-store.ts";

/** Where memories are kept: three ports of one database, or of one process. */
export interface MemoryStores {
  readonly entries: EntryStore;
  readonly vectors: VectorStore;
  readonly facts: FactStore;
}

/** What can be read of them. */
export interface MemoryReaders {
  readonly entries: EntryReader;
  readonly vectors: VectorReader;
  readonly facts: FactReader;
}

/** Stores that keep everything in this process, and nothing beyond it. */
export function createInMemoryStores(): MemoryStores {
  const vectors: VectorStore = inMemoryVectorStore(() => entries);
  const entries: EntryStore = inMemoryEntryStore((space, ids) => void vectors.remove(space, ids));
  return { entries, vectors, facts: inMemoryFactStore() };
}
