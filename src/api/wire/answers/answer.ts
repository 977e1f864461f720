import { z } from "zod";
import { isRecord, type Json, type JsonObject } from "../../../core/json.ts";

/** An object that the API answers, under the name that its description has for it. */
export function answer<S extends z.core.$ZodLooseShape>(name: string, shape: S) {
  return z.strictObject(shape).meta({ id: name });
}

/** A list in an answer. */
export function list<S extends z.ZodType>(item: S) {
  return z.array(item).readonly();
}

/** A time in an answer, as ISO 8601 has it. */
export const time = z.string().meta({ format: "date-time" });

/** An object whose fields are whoever's made it. */
export const jsonObject = z.custom<JsonObject>(isRecord).meta({ type: "object" });

/** Any value at all. */
export const json = z.custom<Json>((value) => value !== undefined).meta({});

/** What is said of a thing that was done, where there is nothing else to show. */
export const said = answer("Said", { message: z.string() });

/** An answer without a body. */
export const nothing = z.undefined();

/** Events of a run, as they happen: a stream, whose frames each hold one as JSON. */
export const events = z.string().meta({ id: "Events" });
