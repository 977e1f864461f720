import { z } from "zod";
import { requireId } from "../../core/id.ts";

/** Things that one request may list. */
const LISTED_MAX = 1_000;

/** A list of ids of one kind in a body. */
export function idList<K extends string>(kind: K) {
  return z
    .array(z.string())
    .max(LISTED_MAX)
    .transform((ids) => ids.map((id) => requireId(kind, id)));
}

/** What a field is called here that clients write in snake_case: `read_only` is `readOnly`. */
type Renamed<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Renamed<Tail>>}` : Name;

const names = new Map<string, string>();

/** The fields of a checked body under the names that they have here. Only its own are renamed, not those within them. */
export function renamed<T extends object>(body: T): { [K in keyof T as Renamed<K> & PropertyKey]: T[K] } {
  const fields = Object.entries(body).map(([name, value]) => [nameOf(name), value]);
  return Object.fromEntries(fields) as { [K in keyof T as Renamed<K> & PropertyKey]: T[K] };
}

/** Schemas have so many names and no more, so that each is made once. */
function nameOf(field: string): string {
  const known = names.get(field);
  if (known !== undefined) return known;
  const name = field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  names.set(field, name);
  return name;
}
