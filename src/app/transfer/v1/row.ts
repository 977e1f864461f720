import type { z } from "zod";
import { parseTime } from "../../../api/wire/time.ts";
import type { Instant } from "../../../core/clock.ts";
import { type Id, parseId } from "../../../core/id.ts";
import { isRecord, type Json, type JsonObject, parseJson } from "../../../core/json.ts";
import { wellFormed } from "../../../core/text.ts";
import type { StagedRow } from "../staging.ts";
import { UnusableRow } from "../unusable-row.ts";

/** Reads the columns of one row of a V1 database. A column that this version of it has not reads as null. */
export interface Row {
  readonly id: string;
  text(column: string): string | null;
  /** As `text`, with what stands for null. */
  string(column: string, otherwise?: string): string;
  flag(column: string): boolean | null;
  number(column: string): number | null;
  time(column: string): Instant | null;
  json(column: string): Json | null;
  object(column: string): JsonObject | null;
  texts(column: string): readonly string[];
  /** A JSON column that must be what the schema says; null where it is null. */
  checked<S extends z.ZodType>(column: string, schema: S): z.output<S> | null;
  /** An id of a kind, null where there is none. Throws an {@link UnusableRow} for what is no id. */
  idOf<K extends string>(kind: K, column: string): Id<K> | null;
  /** As `idOf`, of what must be there. */
  needId<K extends string>(kind: K, column: string): Id<K>;
  /** Who made it and when, and who changed it last. */
  authorship(): {
    readonly createdById: string | null;
    readonly lastUpdatedById: string | null;
    readonly createdAt: Instant;
    readonly updatedAt: Instant;
  };
  readonly isDeleted: boolean;
}

/** See {@link Row}. `now` stands for times that the database does not have. */
export function rowOf(values: StagedRow, now: Instant): Row {
  const text = (column: string) => {
    const value = values[column];
    return value === null || value === undefined ? null : wellFormed(value);
  };
  const json = (column: string): Json | null => {
    const value = text(column);
    if (value === null) return null;
    const parsed = parseJson(value);
    // What is no JSON was never written by V1.
    return parsed === undefined ? null : (parsed as Json);
  };
  const time = (column: string): Instant | null => parseTime(values[column] ?? "") ?? null;
  const number = (column: string) => {
    const value = values[column];
    const parsed = value === null || value === undefined || value === "" ? Number.NaN : Number(value);
    return Number.isFinite(parsed) ? parsed : null;
  };
  const idOf = <K extends string>(kind: K, column: string): Id<K> | null => {
    const value = values[column];
    if (value === null || value === undefined || value === "") return null;
    const id = parseId(kind, value);
    if (id === undefined) throw new UnusableRow(`${column} is no id of a ${kind}`);
    return id;
  };
  return {
    id: values["id"] ?? "",
    text,
    string: (column, otherwise = "") => text(column) ?? otherwise,
    flag: (column) => (values[column] === null || values[column] === undefined ? null : values[column] === "t"),
    number,
    time,
    json,
    object: (column) => {
      const value = json(column);
      return isRecord(value) ? (value as JsonObject) : null;
    },
    texts: (column) => {
      const value = json(column);
      return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
    },
    checked: (column, schema) => {
      const value = json(column);
      if (value === null) return null;
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      throw new UnusableRow(`${column} is not of the shape that V1 gives it`);
    },
    idOf,
    needId: (kind, column) => {
      const id = idOf(kind, column);
      if (id === null) throw new UnusableRow(`${column} is empty`);
      return id;
    },
    authorship: () => {
      const createdAt = time("created_at") ?? time("updated_at") ?? now;
      return {
        createdById: text("_created_by_id"),
        lastUpdatedById: text("_last_updated_by_id"),
        createdAt,
        updatedAt: time("updated_at") ?? createdAt,
      };
    },
    isDeleted: values["is_deleted"] === "t",
  };
}
