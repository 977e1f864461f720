import type { Connection } from "../terminal/connection.ts";
import type { DeclaredFile } from "./read-declaration.ts";

/** Something that is to become another. */
export interface Change {
  readonly sign: "+" | "~" | "-";
  /** What it is about, such as "agent support". */
  readonly what: string;
  /** What of it, in words. */
  readonly details: readonly string[];
  make(): Promise<void>;
}

/** What is compared and changed. */
export interface Fleet {
  readonly connection: Connection;
  readonly file: DeclaredFile;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether what an earlier apply gave, and the file does not name any more, is taken away. */
  readonly prunes: boolean;
  /** Whether secrets are set that are there. */
  readonly renewsSecrets: boolean;
  /** Ids of tools, blocks and folders by kind and name, as "tool weather"; those that are made come in time. */
  readonly ids: Map<string, string>;
}

/** Characters of a value that a change shows. */
const SHOWN_CHARS = 60;

/** Names an id of {@link Fleet.ids}; there is one by the time that it is asked for. */
export function idOf({ ids }: Pick<Fleet, "ids">, kind: string, name: string): string {
  const id = ids.get(`${kind} ${name}`);
  if (id === undefined) throw new Error(`the ${kind} ${name} was not made`);
  return id;
}

/** A value as a change shows it. */
export function shown(value: unknown): string {
  const text = (typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing")).replaceAll(/\s+/g, " ");
  return text.length > SHOWN_CHARS ? `"${text.slice(0, SHOWN_CHARS)}..."` : `"${text}"`;
}

/** Whether all that is wanted is there: of objects what they name, of all else the same. */
export function holds(current: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return current === wanted;
  if (typeof current !== "object" || current === null) return false;
  if (Array.isArray(wanted))
    return (
      Array.isArray(current) && current.length === wanted.length && wanted.every((one, at) => holds(current[at], one))
    );
  return Object.entries(wanted).every(([key, value]) => holds(Reflect.get(current, key), value));
}

/** Fields that are wanted and not there, and what a change of them shows. */
export function differences(current: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>) {
  const changed = Object.entries(wanted).filter(([key, value]) => value !== undefined && !holds(current[key], value));
  return {
    fields: Object.fromEntries(changed),
    details: changed.map(([key, value]) => `${key} ${shown(current[key] ?? "")} -> ${shown(value)}`),
  };
}
