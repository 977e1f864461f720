import type { Clock, Instant } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { parseId } from "../core/id.ts";
import type { Random } from "../core/random.ts";
import { wellFormed } from "../core/text.ts";
import { type CoreMemory, createCoreMemory } from "./core/core-blocks.ts";
import { factHistory, type Learned, relationsOf } from "./facts/fact-memory.ts";
import type { Entity, EntityId } from "./facts/kept/entity.ts";
import type { Fact } from "./facts/kept/fact.ts";
import type { Relation } from "./facts/kept/fact-link.ts";
import { FACTS_LIMIT_MAX, type FactQuery } from "./facts/kept/fact-store.ts";
import { type FactHit, recallFacts } from "./facts/kept/recall-facts.ts";
import { forget, learn } from "./facts/learning.ts";
import { createEntityExtractor, type EntityExtractor } from "./facts/reading/entity-extractor.ts";
import type { Entry, EntryRole } from "./index/entry.ts";
import { ENTRY_CHARS_MAX } from "./index/entry-store.ts";
import { createDualRetriever, type DualRetriever, type Rewrite } from "./recall/dual-retriever.ts";
import { RECALL_LIMIT_DEFAULT, type RecallOptions, type RecallResult } from "./recall/recall-options.ts";
import { type Scope, spaceOf } from "./scope.ts";
import { createInMemoryStores, type MemoryReaders, type MemoryStores } from "./stores.ts";
import { createWorkingMemory, type WorkingMemory } from "./working-memory.ts";

/** Texts that were recalled lately and are no news when they are said again. */
const RECALLED_TEXTS_MAX = 200;

const FIRST_PERSON = /(?<![\p{L}])(?:I|I['’]m|my|we)(?![\p{L}])/iu;

/** What a {@link Memory} is made of. */
export interface MemoryOptions<Stores extends MemoryReaders = MemoryStores> {
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  /** Whose memories they are; everybody's when absent. */
  readonly scope?: Scope;
  /** A space by its name, instead of a scope. */
  readonly space?: string;
  /** Who "I" is in a text of which nobody says who spoke; the scope's user when absent. */
  readonly owner?: string;
  /** Where they are kept; in this process when absent. What one call writes, they keep whole or not at all. */
  readonly stores?: Stores;
  /** What reads texts for facts; rules when absent. */
  readonly extractor?: EntityExtractor;
  /** Puts a question in other words, for deep recalls. */
  readonly rewrite?: Rewrite;
}

/** What is known of a text that is to be remembered. Absent means now, by nobody in particular. */
export interface About {
  readonly speaker?: string;
  readonly role?: EntryRole;
  /** What was said in one go: neighbours in it explain each other. */
  readonly session?: string;
  readonly at?: Instant;
  readonly tags?: readonly string[];
}

/** What came of remembering. */
export interface Remembered {
  readonly turnId: string;
  readonly learned: readonly Learned[];
  /** Whether nobody could read the text for facts; it is kept and found all the same. */
  readonly isUnread: boolean;
  /** Whether the text speaks of "I" and nobody says who that is: nothing was learned of them. */
  readonly isNameless: boolean;
}

/** What a recall found: what was said, and what is known. */
export interface Recalled extends RecallResult {
  readonly facts: readonly FactHit[];
}

/** How to recall. */
export interface RecallWish extends Omit<RecallOptions, "space" | "at"> {
  /** When the question is asked; now when absent. */
  readonly at?: Instant;
  /** Whether facts that are over count. */
  readonly includesPast?: boolean;
}

/** What one id names. */
export type Found =
  | { readonly kind: "turn"; readonly turn: Entry }
  | { readonly kind: "fact"; readonly fact: Fact }
  | { readonly kind: "entity"; readonly entity: Entity };

/**
 * The memory of one scope in three tiers: `core`, a few labelled blocks that are always in sight; `working`, values that
 * expire; and the archive, which keeps every text as it was said and the facts that were read from it. Over stores that
 * only read it only reads.
 */
export class Memory<Stores extends MemoryReaders = MemoryStores> {
  readonly #space: string;
  readonly #stores: Stores | MemoryStores;
  readonly #options: MemoryOptions<Stores>;
  readonly #extractor: EntityExtractor;
  readonly #retriever: DualRetriever;
  readonly #recalled: string[] = [];
  // Made when they are first asked for: most memories are of a request that looks for what is archived.
  #core: CoreMemory | undefined;
  #working: WorkingMemory | undefined;

  constructor(options: MemoryOptions<Stores>) {
    this.#options = options;
    this.#space = options.space ?? spaceOf(options.scope ?? {});
    this.#stores = options.stores ?? createInMemoryStores();
    this.#extractor = options.extractor ?? createEntityExtractor();
    const { rewrite } = options;
    this.#retriever = createDualRetriever({ ...this.#stores, ...(rewrite === undefined ? {} : { rewrite }) });
  }

  /** A few labelled blocks that are always in sight. */
  get core(): CoreMemory {
    this.#core ??= createCoreMemory(this.#options);
    return this.#core;
  }

  /** Values that expire. */
  get working(): WorkingMemory {
    this.#working ??= createWorkingMemory(this.#options);
    return this.#working;
  }

  /** Keeps a text as it is (without NUL and halves of characters), and the facts that it states. Throws an `invalid` Failure for a blank or endless one. */
  async remember(this: Memory, words: string, about: About = {}): Promise<Remembered> {
    const text = wellFormed(words);
    if (text.trim() === "") throw new Failure("invalid", "There is nothing to remember in a blank text");
    if (text.length > ENTRY_CHARS_MAX)
      throw new Failure("invalid", `A text of up to ${ENTRY_CHARS_MAX} characters is remembered, got ${text.length}`);
    const { clock, random } = this.#options;
    const { speaker = "", role = "none", session = "", at = clock.now(), tags = [] } = about;
    const named = speaker.trim() !== "" || role === "assistant" ? speaker : this.#owner();
    const names = { speaker: wellFormed(speaker), session: wellFormed(session), tags: tags.map(wellFormed) };
    const turn = { id: `turn-${random.uuid()}`, text, role, at, ...names };
    const { facts, left, unreadable } = await this.#extractor.extract([{ ...turn, speaker: named }], this.#recalled);
    await this.#stores.entries.add(this.#space, [turn]);
    const learned = await learn(this.#space, { facts, turns: [turn] }, this.#learning());
    return {
      turnId: turn.id,
      learned,
      isUnread: left.length + unreadable.length > 0,
      isNameless: named === "" && FIRST_PERSON.test(text),
    };
  }

  /** What was said that answers a question, best first, and what is known of it. Blank questions find nothing. */
  async recall(question: string, wish: RecallWish = {}): Promise<Recalled> {
    const { includesPast = false, at = this.#options.clock.now(), ...rest } = wish;
    const result = await this.#retriever.recall(question, { ...rest, space: this.#space, at });
    const { limit = RECALL_LIMIT_DEFAULT, explain = false } = rest;
    const facts = await recallFacts(
      this.#stores,
      { space: this.#space, question },
      { limit, at, explain, includesPast },
    );
    this.#noteRecalled([...result.hits.map(({ entry }) => entry.text), ...facts.map(({ fact }) => fact.text)]);
    return { ...result, facts };
  }

  /** A recall that says of each hit how its score came about. */
  explain(question: string, wish: RecallWish = {}): Promise<Recalled> {
    return this.recall(question, { ...wish, explain: true });
  }

  /**
   * Forgets a turn with what only it says, a fact, or an entity with all that is known of it. No trace stays, in no index.
   * Gives the ids of what is gone; none when nothing has the id.
   */
  async forget(this: Memory, id: string): Promise<readonly string[]> {
    const known = await this.get(id);
    if (known === undefined) return [];
    const { entries } = this.#stores;
    if (known.kind === "turn") await entries.remove(this.#space, [id]);
    const what =
      known.kind === "turn"
        ? { turnId: id }
        : known.kind === "fact"
          ? { factId: known.fact.id }
          : { entityId: known.entity.id };
    const gone = await forget(this.#space, what, this.#learning());
    return [...(known.kind === "turn" ? [id] : []), ...gone.facts, ...gone.entities];
  }

  /** What an id names here. */
  async get(id: string): Promise<Found | undefined> {
    const { entries, facts } = this.#stores;
    const factId = parseId("fact", id);
    const fact = factId === undefined ? undefined : await facts.find(this.#space, factId);
    if (fact !== undefined) return { kind: "fact", fact };
    const entityId = parseId("entity", id);
    const entity = entityId === undefined ? undefined : await facts.findEntity(this.#space, entityId);
    if (entity !== undefined) return { kind: "entity", entity };
    const [turn] = await entries.find(this.#space, [id]);
    return turn && { kind: "turn", turn };
  }

  /** How a fact came to be and what became of it, or all that was ever known of an entity; oldest first. */
  async history(id: string): Promise<readonly Fact[]> {
    const known = await this.get(id);
    if (known?.kind === "fact") return factHistory(this.#stores.facts, this.#space, known.fact.id);
    if (known?.kind !== "entity") return [];
    return this.#stores.facts.list(this.#space, { entityId: known.entity.id, limit: FACTS_LIMIT_MAX });
  }

  /** The facts that held in the world at an instant, as they were known then or are known now. */
  asOf(instant: Instant, query: Omit<FactQuery, "validAt" | "limit"> & { readonly limit?: number } = {}) {
    return this.facts({ ...query, validAt: instant });
  }

  /**
   * Facts in the order in which they were learned, of more than `limit` the last; `before` the first of them come the
   * others. Those that hold now, where the query asks for no time, no turn and not for what is over.
   */
  facts({ limit = FACTS_LIMIT_MAX, ...query }: Partial<FactQuery> = {}): Promise<readonly Fact[]> {
    const isOfNow = [query.isCurrent, query.validAt, query.learnedAt, query.turnId].every((one) => one === undefined);
    return this.#stores.facts.list(this.#space, { ...query, ...(isOfNow ? { isCurrent: true } : {}), limit });
  }

  /** The same with those that are over. */
  allFacts({ limit = FACTS_LIMIT_MAX, ...query }: Partial<FactQuery> = {}): Promise<readonly Fact[]> {
    return this.#stores.facts.list(this.#space, { ...query, limit });
  }

  /** How an entity is related to others, by current facts. */
  relations(id: EntityId): Promise<readonly Relation[]> {
    return relationsOf(this.#stores.facts, this.#space, id);
  }

  /**
   * Takes an entity for another from now on. Throws a `refused` Failure when they are one, and a `conflict` Failure when it
   * counts for another already or that one for it.
   */
  async merge(this: Memory, absorbed: EntityId, kept: EntityId, reason = ""): Promise<void> {
    if (absorbed === kept) throw new Failure("refused", "An entity cannot be merged into itself");
    const { facts } = this.#stores;
    const before = (await facts.findEntity(this.#space, absorbed))?.mergedInto ?? null;
    if (before !== null) throw new Failure("conflict", `${absorbed} is merged into ${before} already`);
    const family = await facts.family(this.#space, absorbed);
    if (family.includes(kept)) throw new Failure("conflict", `${kept} was merged into ${absorbed} before`);
    const mergedAt = this.#options.clock.now();
    await facts.merge(this.#space, { kept, absorbed, reason, mergedAt, undoneAt: null });
  }

  /** Undoes the last merge of an entity. Throws a `not_found` Failure when there is none that stands. */
  unmerge(this: Memory, absorbed: EntityId): Promise<void> {
    return this.#stores.facts.undoMerge(this.#space, absorbed, this.#options.clock.now());
  }

  #owner(): string {
    return wellFormed(this.#options.owner ?? this.#options.scope?.user ?? "");
  }

  #learning(this: Memory) {
    const { clock, random } = this.#options;
    return { clock, random, store: this.#stores.facts, entries: this.#stores.entries };
  }

  #noteRecalled(texts: readonly string[]): void {
    this.#recalled.push(...texts);
    this.#recalled.splice(0, Math.max(0, this.#recalled.length - RECALLED_TEXTS_MAX));
  }
}
