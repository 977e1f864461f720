import { z } from "zod";
import { SOURCE_TYPES, type ToolChange, type ToolDraft } from "../../agent/life/custom-tool.ts";
import type { JsonObject } from "../../core/json.ts";
import { given } from "../http/request.ts";
import { renamed } from "./fields.ts";

/** The longest text that a tool may be allowed to return. */
const RETURN_CHARS_MAX = 1_000_000;
/** Tags or packages that one tool may list. */
const LISTED_MAX = 1_000;

const object = z.record(z.string(), z.json()).nullish();
const packages = z
  .array(z.strictObject({ name: z.string().min(1), version: z.string().nullable().default(null) }))
  .max(LISTED_MAX)
  .nullish();

const fields = {
  description: z.string().nullish(),
  tags: z.array(z.string()).max(LISTED_MAX).nullish(),
  source_type: z.enum(SOURCE_TYPES).nullish(),
  json_schema: object,
  args_json_schema: object,
  return_char_limit: z.int().min(1).max(RETURN_CHARS_MAX).nullish(),
  pip_requirements: packages,
  npm_requirements: packages,
  default_requires_approval: z.boolean().nullish(),
  enable_parallel_execution: z.boolean().nullish(),
};

/** A tool to be stored. */
export const CreateToolBody = z
  .strictObject({ ...fields, source_code: z.string() })
  .transform((body): ToolDraft => given({ ...renamed(body), jsonSchema: unlessEmpty(body.json_schema) }));

/** A change of a tool; null means unchanged. */
export const UpdateToolBody = z
  .object({ ...fields, source_code: z.string().nullish(), metadata_: object })
  .transform(({ metadata_: metadata, ...body }): ToolChange => {
    return given({ ...renamed(body), metadata, jsonSchema: unlessEmpty(body.json_schema) });
  });

/** A source that is run and not kept. */
export const RunSourceBody = z
  .object({
    source_code: z.string(),
    args: z.record(z.string(), z.json()),
    env_vars: z.record(z.string(), z.string()).nullish(),
    name: z.string().nullish(),
    source_type: z.enum(SOURCE_TYPES).nullish(),
    json_schema: object,
    args_json_schema: object,
    pip_requirements: packages,
    npm_requirements: packages,
  })
  .transform(({ args, env_vars: variables, name, ...body }) => {
    const draft: ToolDraft = given({ ...renamed(body), jsonSchema: unlessEmpty(body.json_schema) });
    return { draft, args, name: name ?? null, variables: variables ?? {} };
  });

/** A source that a client wants to see described. */
export const GenerateSchemaBody = z.object({ code: z.string(), source_type: z.enum(SOURCE_TYPES).nullish() });

/** A schema that says nothing is as good as none. */
function unlessEmpty(schema: JsonObject | null | undefined): JsonObject | null | undefined {
  return Object.keys(schema ?? {}).length === 0 ? undefined : schema;
}
