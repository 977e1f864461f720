import { createHash } from "node:crypto";
import { z } from "zod";

/** Under what key the metadata of a thing holds what apply knows of it. */
const KEY = "selkie_declared";

const Mark = z.object({
  /** The file, by its name, that it was made for; absent where it was there before. */
  fleet: z.string().optional(),
  /** What the file calls it. */
  name: z.string().optional(),
  /** Hashes of what was set last, by what it is: what has changed since was changed by others. */
  set: z.record(z.string(), z.string()).default({}),
  /** What was given to an agent, by kind. */
  given: z.record(z.string(), z.array(z.string())).default({}),
});

/** What apply knows of a thing. */
export type Mark = z.output<typeof Mark>;

/** The mark in the metadata of a thing. */
export function markOf(metadata: unknown): Mark {
  const held = z.looseObject({ [KEY]: Mark.optional() }).safeParse(metadata ?? {});
  const mark = held.success ? Mark.safeParse(held.data[KEY]) : undefined;
  return mark?.success === true ? mark.data : { set: {}, given: {} };
}

/** The metadata of a thing with a mark in it. */
export function withMark(metadata: unknown, mark: Mark): Readonly<Record<string, unknown>> {
  return { ...(typeof metadata === "object" && metadata !== null ? metadata : {}), [KEY]: mark };
}

/** The metadata of a thing without what apply knows of it. */
export function withoutMark(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== KEY));
}

/** What stands for a text in a mark. */
export function hashOf(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
