// What Letta's own agent files say of their tools, beside what this server makes of the same sources.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord, type Json, type JsonObject } from "../../src/core/json.ts";
import { pythonSchema, pythonSchemaWithArguments } from "../../src/tools/schema/python-schema.ts";
import type { Answer } from "../_harness/server.ts";

const FILES = join(import.meta.dir, "../../../shared/letta/agent-files");

/** Tools whose schema was written by hand and came with them: the words of another one, or of none that the source has. */
const BY_HAND: Readonly<Record<string, string>> = {
  "deep_research_agent_deep_research_agent.af create_research_plan": "the source has no docstring",
  "deep_research_agent_deep_research_agent.af reset_research": "the source has no docstring",
  "server-tests/deep-thought.af reset_research": "the words of another function",
  "server-tests/knowledge-base.af summarize_pinecone_results": "a number of words that the source had before",
  "server-tests/long_running_kylie.af codify_research": "other words",
  "server-tests/long_running_kylie.af knowledge_base_research_executor": "other words",
  "server-tests/long_running_kylie.af linkedin_activity_search": "other words",
  "server-tests/long_running_kylie.af summarize_research": "other words",
  "server-tests/long_running_kylie.af web_search_custom_beta": "other words",
};
/** A file whose sources are stand-ins without types, for tools of a client. */
const STAND_INS = "server-tests/test_agent.af";

interface Recorded {
  readonly name: string;
  readonly tool: Answer;
}

function recorded(): readonly Recorded[] {
  const files = [...new Bun.Glob("**/*.af").scanSync(FILES)].sort();
  return files.flatMap((file) => {
    const { tools = [] } = JSON.parse(readFileSync(join(FILES, file), "utf8")) as Answer;
    const custom = tools.filter((tool: Answer) => tool.tool_type === "custom" && tool.source_code);
    return custom.map((tool: Answer) => ({ name: `${file} ${tool.name}`, tool }));
  });
}

function derived({ source_code: source, args_json_schema: given }: Answer): JsonObject {
  return given && Object.keys(given).length > 0 ? pythonSchemaWithArguments(source, given) : pythonSchema(source);
}

/**
 * What servers before 0.16 stored besides: the parameter that they told models themselves, the state of the agent as a
 * parameter without a type, and empty fields.
 */
function withoutOldFields({ type: _, required: __, parameters, ...schema }: JsonObject): JsonObject {
  if (!isRecord(parameters)) return schema;
  const { required = [], properties = {}, ...rest } = parameters;
  const own = ([name]: readonly [string, Json]) => name !== "request_heartbeat" && name !== "agent_state";
  return {
    ...schema,
    parameters: {
      ...rest,
      properties: Object.fromEntries(Object.entries(isRecord(properties) ? properties : {}).filter(own)),
      required: Array.isArray(required) ? required.filter((name) => own([String(name), null])) : [],
    },
  };
}

/** Ours, without what lists are of wherever the recorded one does not say it, as those servers did not. */
function asOld(ours: Json | undefined, theirs: Json | undefined): Json | undefined {
  if (!isRecord(ours) || !isRecord(theirs)) return ours;
  const entries = Object.entries(ours).filter(([key]) => key !== "items" || "items" in theirs);
  return Object.fromEntries(entries.map(([key, value]) => [key, asOld(value, theirs[key]) ?? null]));
}

/** Why the two differ; undefined where they do not. */
function difference({ tool }: Recorded): string | undefined {
  try {
    const ours = derived(tool);
    const theirs = withoutOldFields(tool.json_schema);
    return Bun.deepEquals(asOld(ours, theirs), theirs)
      ? undefined
      : `${JSON.stringify(ours)} / ${JSON.stringify(theirs)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe.skipIf(!existsSync(FILES))("agent files (skipped where none lie beside the project)", () => {
  const all = existsSync(FILES) ? recorded() : [];
  const isByHand = ({ name }: Recorded) => name in BY_HAND || name.startsWith(`${STAND_INS} `);

  test("the tools get the schema that their file records", () => {
    const exact = all.filter(({ tool }) => {
      try {
        return Bun.deepEquals(derived(tool), tool.json_schema);
      } catch {
        return false;
      }
    });
    const differing = all
      .filter((one) => !isByHand(one))
      .map((one) => [one.name, difference(one)])
      .filter(([, why]) => why !== undefined);
    expect(differing).toEqual([]);
    const byHand = all.filter(isByHand).length;
    const ofOlderServers = all.length - exact.length - byHand;
    expect({ all: all.length, exact: exact.length, ofOlderServers, byHand }).toEqual({
      all: 70,
      exact: 21,
      ofOlderServers: 28,
      byHand: 21,
    });
  });

  test("those that are named as written by hand are", () => {
    expect(all.filter(isByHand).filter((one) => difference(one) === undefined)).toEqual([]);
    expect(Object.keys(BY_HAND).filter((name) => !all.some((one) => one.name === name))).toEqual([]);
  });
});
