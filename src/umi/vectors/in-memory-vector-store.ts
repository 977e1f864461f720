import { Failure } from "../../core/failure.ts";
import type { EntryStore } from "../index/entry-store.ts";
import { unitVector } from "./unit-vector.ts";
import { VectorRows } from "./vector-rows.ts";
import type { VectorStore } from "./vector-store.ts";

interface SpaceVectors {
  readonly model: string;
  readonly rows: VectorRows;
  /** Kept whole, by the number of the entry. */
  readonly vectors: Map<number, { readonly id: string; readonly vector: Float32Array }>;
  readonly numbers: Map<string, number>;
  /** Entries that the model has no vector for. */
  readonly without: Set<number>;
}

/** A {@link VectorStore} in memory; give its `remove` to the entry store, so that vectors go with their entries. */
export function inMemoryVectorStore(entries: () => EntryStore): VectorStore {
  const spaces = new Map<string, SpaceVectors>();
  return {
    async put(name, model, vectors) {
      if (vectors.length === 0) return;
      const space = spaceFor(spaces.get(name), model, vectors[0]?.vector.length ?? 0);
      const units = new Map(vectors.map(({ id, vector }) => [id, unitVector(vector, space.rows.dimension)]));
      spaces.set(name, space);
      for (const { id, number } of await entries().find(name, [...units.keys()])) {
        const vector = units.get(id);
        if (vector === undefined) continue;
        space.without.delete(number);
        space.rows.set(number, vector);
        space.vectors.set(number, { id, vector });
        space.numbers.set(id, number);
      }
    },

    async putNone(name, model, dimension, ids) {
      if (ids.length === 0) return;
      const space = spaceFor(spaces.get(name), model, dimension);
      spaces.set(name, space);
      for (const { id, number } of await entries().find(name, ids)) {
        space.without.add(number);
        drop(space, id, number);
      }
    },

    async of(name, model, ids) {
      const space = spaces.get(name);
      const found = new Map<string, Float32Array>();
      for (const id of ids) {
        const kept = space?.vectors.get(space.numbers.get(id) ?? -1);
        if (space?.model === model && kept !== undefined) found.set(id, kept.vector);
      }
      return found;
    },

    async bytes() {
      const kept = [...spaces.values()].flatMap(({ vectors }) => [...vectors.values()]);
      return kept.reduce((sum, { vector }) => sum + vector.byteLength, 0);
    },

    async remove(name, ids) {
      const space = spaces.get(name);
      for (const id of ids) {
        const number = space?.numbers.get(id);
        if (space !== undefined && number !== undefined) drop(space, id, number);
      }
    },

    async lacking(name, model, limit) {
      const space = spaces.get(name);
      const { size } = await entries().columns(name);
      const numbers = Array.from({ length: size }, (_, number) => number).filter(
        (number) => space?.model !== model || !(space.vectors.has(number) || space.without.has(number)),
      );
      const read = await entries().read(name, numbers);
      return read.slice(0, limit).map(({ id, text }) => ({ id, text }));
    },

    async nearest(name, { model, vector, limit, accept = () => true }) {
      const space = spaces.get(name);
      if (space === undefined || space.model !== model) return [];
      const unit = unitVector(vector, space.rows.dimension);
      return space.rows.nearest(unit, limit, accept, async (numbers) =>
        numbers.flatMap((number) => {
          const kept = space.vectors.get(number);
          return kept === undefined ? [] : [{ number, vector: kept.vector }];
        }),
      );
    },
  };
}

function drop({ numbers, vectors, rows }: SpaceVectors, id: string, number: number): void {
  numbers.delete(id);
  vectors.delete(number);
  rows.remove(number);
}

function spaceFor(known: SpaceVectors | undefined, model: string, dimension: number): SpaceVectors {
  if (known?.model === model) return known;
  if (dimension === 0) throw new Failure("invalid", "A vector has at least one number");
  return { model, rows: new VectorRows(dimension), vectors: new Map(), numbers: new Map(), without: new Set() };
}
