export { type Clock, type Instant, instantOf } from "../core/clock.ts";
export { Failure } from "../core/failure.ts";
export type { Random } from "../core/random.ts";
export type { BlockWish, CoreMemory } from "./core/core-blocks.ts";
export { coreMemoryMarkdown, coreMemoryXml, type ShownBlock } from "./core/core-memory-text.ts";
export { type Evolution, evolutionOf } from "./facts/evolution/evolution.ts";
export { judgeNext, type Settlement, settle } from "./facts/evolution/settling.ts";
export { factHistory, learnFact, relationsOf } from "./facts/fact-memory.ts";
export type { Entity, EntityId, EntityMerge, EntityType, Mention } from "./facts/kept/entity.ts";
export type { Fact, FactId } from "./facts/kept/fact.ts";
export type { FactLink, Relation } from "./facts/kept/fact-link.ts";
export type { FactQuery, FactReader, FactStore } from "./facts/kept/fact-store.ts";
export { forgetEntity, forgetFact, forgetTurn } from "./facts/kept/forgetting.ts";
export { inMemoryFactStore } from "./facts/kept/in-memory-fact-store.ts";
export type { FactHit } from "./facts/kept/recall-facts.ts";
export type { Ask } from "./facts/reading/ask.ts";
export { createEntityExtractor, type EntityExtractor } from "./facts/reading/entity-extractor.ts";
export type { ExtractedFact, Extraction, SourceTurn } from "./facts/reading/extracted-fact.ts";
export type { Entry, EntryRole, NewEntry } from "./index/entry.ts";
export type { EntryReader, EntryStore } from "./index/entry-store.ts";
export { inMemoryEntryStore } from "./index/in-memory-entry-store.ts";
export {
  type About,
  type Found,
  Memory,
  type MemoryOptions,
  type Recalled,
  type RecallWish,
  type Remembered,
} from "./memory.ts";
export { createDualRetriever, type DualRetriever, type Rewrite } from "./recall/dual-retriever.ts";
export type { RecallHit, RecallOptions, RecallResult } from "./recall/recall-options.ts";
export type { Scope } from "./scope.ts";
export { createInMemoryStores, type MemoryReaders, type MemoryStores } from "./stores.ts";
export { inMemoryVectorStore } from "./vectors/in-memory-vector-store.ts";
export type { VectorReader, VectorStore } from "./vectors/vector-store.ts";
export { createWorkingMemory, type WorkingMemory } from "./working-memory.ts";
