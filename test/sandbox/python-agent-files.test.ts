import { afterAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { realWorld } from "../../src/app/world.ts";
import { newId } from "../../src/core/id.ts";
import { isRecord, type Json, type JsonObject, parseJson } from "../../src/core/json.ts";
import type { OutsideAnswer } from "../../src/tools/runtime.ts";
import { callOf } from "./_calls.ts";
import { describeWithPython } from "./_jail.ts";
import { pythonRuntime } from "./_python-server.ts";

/** Agent files that people have published, read where they lie. */
const FILES = join(import.meta.dir, "../../../shared/letta/agent-files");
/** Modules that come with Python and need no network. */
const OWN_MODULES = ["collections", "concurrent", "datetime", "json", "os", "random", "re", "time", "typing"];
/** Tools that do not end as they should by themselves, and why. */
const OTHERWISE: Readonly<Record<string, RegExp>> = {
  // Waits for a minute before it answers: it is shown to be cut off instead.
  linkedin_activity_search: /had not answered/,
  // Its file has a source that no Python reads: parameters called -A, -B and -C. A client runs it.
  Grep: /SyntaxError/,
};
/** What those of a coding agent say that its client is to run. */
const STUB = /Exception: This is a stub tool/;

interface FiledTool {
  readonly name: string;
  readonly source: string;
  readonly schema: JsonObject | null;
  readonly argsSchema: JsonObject | null;
  readonly needsPackages: boolean;
}

/** Every different custom tool in a file, however deep it lies. */
function toolsIn(value: Json | undefined): readonly FiledTool[] {
  if (Array.isArray(value)) return value.flatMap((item) => toolsIn(item));
  if (!isRecord(value)) return [];
  const { name, source_code: source, tool_type: type = "custom", json_schema, args_json_schema } = value;
  const isTool = typeof name === "string" && typeof source === "string" && (type === "custom" || type === null);
  const own = isTool
    ? [
        {
          name,
          source,
          schema: isRecord(json_schema) ? json_schema : null,
          argsSchema: isRecord(args_json_schema) ? args_json_schema : null,
          needsPackages: Array.isArray(value["pip_requirements"]) && value["pip_requirements"].length > 0,
        },
      ]
    : [];
  return [...own, ...Object.values(value).flatMap((item) => toolsIn(item))];
}

function allTools(): readonly FiledTool[] {
  const paths = [...new Bun.Glob("**/*.{af,json}").scanSync({ cwd: FILES })].sort();
  const tools = paths.flatMap((path) => toolsIn(parseJson(readFileSync(join(FILES, path), "utf8"))));
  return [...new Map(tools.map((tool) => [`${tool.name} ${tool.source}`, tool])).values()];
}

/** Modules that the tool imports and that are no part of Python. */
function foreignModules({ source }: FiledTool): readonly string[] {
  const named = [...source.matchAll(/^\s*(?:from\s+([\w.]+)\s+import|import\s+([\w.]+))/gm)].map(
    ([, from, plain]) => (from ?? plain ?? "").split(".")[0] ?? "",
  );
  return [...new Set(named.filter((name) => !OWN_MODULES.includes(name)))];
}

/** An argument of the kind that a schema wants. */
function made(schema: Json | undefined, definitions: Json | undefined, depth = 0): Json {
  if (!isRecord(schema) || depth > 5) return "text";
  const { $ref: reference } = schema;
  if (typeof reference === "string" && isRecord(definitions))
    return made(definitions[reference.split("/").at(-1) ?? ""], definitions, depth + 1);
  if (Array.isArray(schema["enum"])) return schema["enum"][0] ?? "text";
  const properties = schema["properties"];
  switch (schema["type"]) {
    case "integer":
    case "number":
      return 3;
    case "boolean":
      return true;
    case "array":
      return [made(schema["items"], definitions, depth + 1)];
    case "object":
      return isRecord(properties)
        ? Object.fromEntries(
            Object.entries(properties).map(([key, value]) => [key, made(value, definitions, depth + 1)]),
          )
        : {};
    default:
      return "text";
  }
}

/** Blocks that a tool speaks of, all empty but for one that is read as JSON. */
function blocksOf({ source }: FiledTool) {
  const labels = [...source.matchAll(/(?:label=|get_block\()"(\w+)"/g)].map(([, label = ""]) => label);
  return [...new Set(labels)].map((label) => ({
    label,
    value: label === "pinecone_results" ? "[]" : "",
    limit: 5_000,
  }));
}

describeWithPython("The Python tools of published agent files", () => {
  const runtime = pythonRuntime();
  afterAll(() => runtime.close());

  const tools = existsSync(FILES) ? allTools() : [];
  const runnable = tools.filter((tool) => foreignModules(tool).length === 0 && !tool.needsPackages);

  /** Calls the tool with arguments of the kinds that its schema has, as a turn would. */
  function call(tool: FiledTool): Promise<OutsideAnswer> {
    const { name, source, schema, argsSchema } = tool;
    const parameters = made(
      argsSchema?.["$defs"] === undefined ? schema?.["parameters"] : argsSchema,
      argsSchema?.["$defs"],
    );
    const { request_heartbeat: _, ...args } = isRecord(parameters) ? parameters : {};
    const plain = callOf(source, { args, timeoutMs: name in OTHERWISE ? 500 : 20_000 });
    const agent = { id: newId("agent", realWorld().random), name: "Ada", timezone: "UTC", blocks: blocksOf(tool) };
    return runtime.call({ ...plain, tool: { ...plain.tool, name, argsJsonSchema: argsSchema }, agent });
  }

  function isRight(name: string, answer: OutsideAnswer): boolean {
    const text = answer.status === "unknown" ? answer.reason : answer.text;
    const otherwise = OTHERWISE[name];
    return otherwise === undefined ? answer.status === "success" || STUB.test(text) : otherwise.test(text);
  }

  test.skipIf(tools.length === 0)("that need no network and no package run unchanged", async () => {
    const wrong: string[] = [];
    const changed: string[] = [];
    for (const tool of runnable) {
      const answer = await call(tool);
      if (answer.status === "success" && Object.keys(answer.blocks).length > 0) changed.push(tool.name);
      if (!isRight(tool.name, answer)) wrong.push(`${tool.name}: ${JSON.stringify(answer)}`);
    }
    expect(wrong).toEqual([]);
    expect(runnable.length).toBeGreaterThan(35);
    expect(changed).toContain("create_research_plan");
  });

  test.skipIf(tools.length === 0)("that need a package say which", async () => {
    const wanting = tools.filter((tool) => foreignModules(tool).includes("requests"));
    expect(wanting.length).toBeGreaterThan(5);
    const answer = await runtime.call(callOf("import requests\ndef f():\n    return 1\n"));
    expect(answer).toMatchObject({
      status: "error",
      text: "Error executing function f: ModuleNotFoundError: No module named 'requests'",
    });
  });
});
