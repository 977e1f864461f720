import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { DEFAULT_ACTOR } from "../core/id.ts";
import { isRecord } from "../core/json.ts";
import { countingRandom, testContext } from "./_test-context.ts";
import { BUILTIN_TOOLS, builtinRows, jsonSchemaOf } from "./catalog.ts";

const RECORDED = join(import.meta.dir, "../../../shared/letta/conformance/golden/029_tools_add_base.json");

function rows() {
  const actor = DEFAULT_ACTOR;
  return builtinRows({ actor, clock: testContext().clock, random: countingRandom() });
}

/** The schema without its prose, which is our own. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([key, item]) => key !== "description" || typeof item !== "string");
  return Object.fromEntries(entries.map(([key, item]) => [key, shape(item)]));
}

test("builtinRows() gives one row per tool, each with its own id", () => {
  const tools = rows();
  expect(tools).toHaveLength(26);
  expect(new Set(tools.map(({ id }) => id)).size).toBe(26);
  expect(tools.map(({ name }) => name)).toEqual([...BUILTIN_TOOLS.keys()]);
  expect(tools[0]).toMatchObject({ name: "archival_memory_insert", sourceType: "python", returnCharLimit: 50_000 });
});

test("BUILTIN_TOOLS describe themselves and every argument, in valid schemas", () => {
  const ajv = new Ajv({ strict: true });
  for (const tool of BUILTIN_TOOLS.values()) {
    expect(ajv.validateSchema(tool.parameters)).toBe(true);
    expect(tool.description.split("\n")[0]).toMatch(/\.$/);
    expect(Object.keys(jsonSchemaOf(tool))).toEqual(["name", "description", "parameters"]);
    const { properties, required } = tool.parameters;
    for (const property of Object.values(properties as object)) expect(property.description.length).toBeGreaterThan(10);
    for (const name of required as string[]) expect(Object.keys(properties as object)).toContain(name);
  }
});

test.skipIf(!existsSync(RECORDED))("builtinRows() match the tools that clients of the original saw", () => {
  const recorded = JSON.parse(readFileSync(RECORDED, "utf8")).response.body;
  const ours = rows().map((tool) => ({
    name: tool.name,
    tool_type: tool.toolType,
    source_type: tool.sourceType,
    source_code: tool.sourceCode,
    tags: tool.tags,
    return_char_limit: tool.returnCharLimit,
    enable_parallel_execution: tool.enableParallelExecution,
    created_by_id: tool.createdById,
    last_updated_by_id: tool.lastUpdatedById,
    json_schema: shape(tool.jsonSchema),
  }));
  const theirs = recorded.map((tool: Record<string, unknown> & { json_schema: unknown }) => ({
    ...Object.fromEntries(Object.keys(ours[0] ?? {}).map((key) => [key, tool[key]])),
    json_schema: shape(tool.json_schema),
  }));
  expect(ours).toEqual(theirs);
  expect(JSON.stringify(ours.map((tool) => tool.json_schema))).toBe(
    JSON.stringify(theirs.map((tool: { json_schema: unknown }) => tool.json_schema)),
  );
});

test.skipIf(!existsSync(RECORDED))("BUILTIN_TOOLS share no sentence with the original's descriptions", () => {
  const sentences = (text: string) =>
    text
      .split(/[.\n]/)
      .map((part) => part.trim().toLowerCase())
      .filter((part) => part.split(/\s+/).length >= 5);
  const prose = (value: unknown): string[] =>
    isRecord(value) || Array.isArray(value)
      ? Object.values(value).flatMap(prose)
      : typeof value === "string"
        ? sentences(value)
        : [];
  const recorded = JSON.parse(readFileSync(RECORDED, "utf8")).response.body;
  const theirs = new Set(prose(recorded.map((tool: { json_schema: unknown }) => tool.json_schema)));
  expect(prose([...BUILTIN_TOOLS.values()].map(jsonSchemaOf)).filter((sentence) => theirs.has(sentence))).toEqual([]);
});
