import type { Instant } from "../../core/clock.ts";
import type { Id } from "../../core/id.ts";
import { placeholders } from "./placeholders.ts";
import { fromJson } from "./rows.ts";

/**
 * How a field stands in its column: as it is (`text`, `number`, `id`, `instant`, in epoch milliseconds), as 0 or 1
 * (`flag`), as JSON (`json`), or as JSON that is null when the list is empty (`list`). Null is null in all but a `list`.
 */
type Kind = "text" | "number" | "id" | "instant" | "flag" | "json" | "list";

/** Field by field how an entity stands in its table, with the name of the column where it is not the field's own. */
export type Columns<E> = {
  readonly [F in keyof E]-?: KindOf<E[F]> | readonly [kind: KindOf<E[F]>, column: string];
};

/** An entity's table. A select names each column as its field, so that reading touches only what stands otherwise. */
export interface EntityTable<E, Name extends string, C extends Columns<E>> {
  readonly name: Name;
  /** The columns, for a select that is built. */
  readonly selection: readonly Selected<Name, C>[];
  /** The columns, for a select that is written out; an expression stands in for a field that has one. */
  selected(expressions?: { readonly [F in keyof E]?: string }): string;
  /** The entity that a selected row becomes: it is the caller's own, and changed in place. */
  readonly read: (row: Fields<E, C>) => E;
  /** The entity by its columns. */
  readonly row: (entity: E) => Row<E, C>;
  /** An insert that is written out, of {@link values} and what these columns take besides. */
  inserting(others: readonly string[]): string;
  readonly values: (entity: E) => readonly unknown[];
  /** Columns that hold JSON. */
  readonly json: readonly string[];
}

/** A row of an entity's table, columns named as in SQL. */
export type RowOf<T extends { readonly row: (entity: never) => unknown }> = ReturnType<T["row"]>;

/** What a select of an entity's table gives. */
export type FieldsOf<T extends { readonly read: (row: never) => unknown }> = Parameters<T["read"]>[0];

/** Makes the table of an entity: `entityTable<Agent>()("agents", { id: "id", ... })`. */
export function entityTable<E extends object>() {
  return <const Name extends string, const C extends Columns<E>>(name: Name, columns: C) =>
    tableOf<EntityTable<E, Name, C>>(name, Object.entries<Column>(columns));
}

type Column = Kind | readonly [Kind, string];
type Values = Record<string, unknown>;

function tableOf<Table>(name: string, columns: readonly (readonly [field: string, column: Column])[]): Table {
  const all = columns.map(([field, given]) => {
    const [kind, column] = typeof given === "string" ? [given, snakeCase(field)] : given;
    return { field, column, read: READ[kind], write: WRITE[kind], isJson: kind === "json" || kind === "list" };
  });
  const decoded = all.flatMap(({ field, read }) => (read === undefined ? [] : [{ field, read }]));
  const storedIn = (entity: Values, { field, write }: (typeof all)[number]) =>
    write === undefined ? entity[field] : write(entity[field]);
  const table = {
    name,
    selection: all.map(({ field, column }) => `${name}.${column} as ${field}`),
    selected: (expressions: Readonly<Record<string, string>> = {}) =>
      all.map(({ field, column }) => `${expressions[field] ?? `${name}.${column}`} as "${field}"`).join(", "),
    read: (row: Values) => {
      for (const { field, read } of decoded) row[field] = read(row[field]);
      return row;
    },
    row: (entity: Values) => Object.fromEntries(all.map((each) => [each.column, storedIn(entity, each)])),
    inserting: (others: readonly string[]) => {
      const names = [...all.map(({ column }) => column), ...others];
      return `insert into ${name} (${names.join(", ")}) values (${placeholders(1, names.length)})`;
    },
    values: (entity: Values) => all.map((each) => storedIn(entity, each)),
    json: all.filter(({ isJson }) => isJson).map(({ column }) => column),
  };
  return table as Table;
}

const READ: Readonly<Partial<Record<Kind, (stored: unknown) => unknown>>> = {
  flag: (stored) => (stored === null ? null : stored !== 0),
  json: (stored) => (stored === null ? null : fromJson(String(stored))),
  list: (stored) => (stored === null ? [] : fromJson(String(stored))),
};

const WRITE: Readonly<Partial<Record<Kind, (value: unknown) => unknown>>> = {
  flag: (value) => (value === null ? null : Number(value)),
  json: toJsonOrNull,
  list: (value) => (Array.isArray(value) && value.length === 0 ? null : toJsonOrNull(value)),
};

function toJsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function snakeCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The kinds that a value of this type can be of. */
type KindOf<V> = [V] extends [Instant | null]
  ? "instant"
  : [V] extends [number | null]
    ? "number"
    : [V] extends [boolean | null]
      ? "flag"
      : [V] extends [Id<string> | null]
        ? "id"
        : [V] extends [string | null]
          ? "text"
          : [V] extends [readonly unknown[]]
            ? "json" | "list"
            : "json";

type Stored<V, K> = K extends "list"
  ? string | null
  : K extends "json"
    ? string | (null extends V ? null : never)
    : K extends "flag"
      ? number | (null extends V ? null : never)
      : V;

type SnakeCase<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Tail>}`
  : "";

type KindIn<Column> = Column extends readonly [infer K, string] ? K : Column;
type NameIn<Field extends string, Column> = Column extends readonly [unknown, infer Name extends string]
  ? Name
  : SnakeCase<Field>;

type Row<E, C extends Columns<E>> = {
  [F in keyof E & string as NameIn<F, C[F]>]: Stored<E[F], KindIn<C[F]>>;
};
type Fields<E, C extends Columns<E>> = { readonly [F in keyof E]: Stored<E[F], KindIn<C[F]>> };
type Selected<Name extends string, C> = {
  [F in keyof C & string]: `${Name}.${NameIn<F, C[F]>} as ${F}`;
}[keyof C & string];
