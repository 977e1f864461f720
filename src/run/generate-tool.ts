import { type Caller, mayEverywhere, requireModels } from "../access/may.ts";
import { proposedTool } from "../agent/life/custom-tool.ts";
import type { Store } from "../agent/ports/ports.ts";
import { Failure } from "../core/failure.ts";
import { isRecord, type JsonObject, parseJson } from "../core/json.ts";
import { cut } from "../core/text.ts";
import type { World } from "../core/world.ts";
import { askedHandle } from "../llm/catalog.ts";
import type { ModelReply, ModelRequest } from "../llm/model.ts";
import type { Models } from "../llm/models.ts";
import { objectSchema } from "../tools/builtin.ts";
import type { Tool } from "../tools/tool.ts";
import { type Purse, paidModels } from "./budget/paid-models.ts";
import { objectIn } from "./chores/answer-json.ts";
import { wordsOf } from "./chores/ask-model.ts";

/** A tool that a model is asked to write. */
export interface ToolWish {
  readonly name: string;
  readonly prompt: string;
  /** The model's handle. */
  readonly handle: string;
  /** A source to begin with. */
  readonly starterCode: string | null;
  /** What was wrong with an earlier try. */
  readonly mistakes: readonly string[];
  readonly signal: AbortSignal;
}

/** What the model wrote. It is neither kept nor run. */
export interface WrittenTool {
  readonly tool: Tool;
  /** Arguments to try it with. */
  readonly sampleArgs: JsonObject;
  /** What the model said beside it. */
  readonly words: string;
}

/** What asking needs. */
export interface ToolWritingMeans extends Pick<Purse, "budget">, Pick<World, "clock" | "random"> {
  readonly store: Store;
  readonly models: Models;
}

const ANSWER = "generate_tool";
const PACKAGES = {
  type: "string",
  description: 'Packages of pip that the source imports, as a JSON object: {"requests": "2.32.3"}, or "{}".',
};
const ANSWER_SCHEMA = objectSchema(
  {
    raw_source_code: { type: "string", description: "The whole Python source." },
    sample_args_json: {
      type: "string",
      description: "Arguments for a first try, as a JSON object whose keys are the function's parameters.",
    },
    pip_requirements_json: PACKAGES,
  },
  ["raw_source_code", "sample_args_json", "pip_requirements_json"],
);

const SYSTEM = `You write tools for agents, in Python.

A tool is one function. A model reads its name, its docstring and its parameters, and calls it.
- Every parameter and the result have a type. A parameter that may be left out has a default.
- The docstring is in Google's style: what the function does, then "Args:" with a line for each parameter, then "Returns:".
- Imports stand inside the function.
- It returns what the model should read. What goes wrong is raised.
- Variables of the environment hold keys; a source never does.

Answer by calling ${ANSWER}.`;

/**
 * Has a model write a tool. Throws what the model throws, an `unavailable` Failure where its answer holds no source, and
 * a `not_found` one for a model that nobody offers. A source that cannot be described comes back without a schema.
 */
export async function generateTool(means: ToolWritingMeans, caller: Caller, wish: ToolWish): Promise<WrittenTool> {
  const actor = mayEverywhere(caller, "tools:write");
  requireModels(caller, [wish.handle]);
  const info = await means.models.of(actor).find(wish.handle);
  if (info === undefined) throw new Failure("not_found", `NOT_FOUND: Handle ${cut(wish.handle, 100)} not found`);
  // A handle may be a short name of another one.
  requireModels(caller, [askedHandle(info.config)]);
  const paid = paidModels(means, { actor, agentId: null, isBackground: false });
  const { reply } = await (await paid.open(info.config)).call(requestFor(wish), wish.signal);
  const written = answerIn(reply);
  const sourceCode = written?.["raw_source_code"];
  if (written === undefined || typeof sourceCode !== "string" || sourceCode.trim() === "")
    throw new Failure("unavailable", `The model ${cut(wish.handle, 100)} answered without a source; ask again`);
  const packages = Object.entries(objectOf(written["pip_requirements_json"]));
  const pipRequirements = packages.map(([name, version]) => ({
    name,
    version: typeof version === "string" && version !== "" ? version : null,
  }));
  return {
    tool: proposedTool(means, actor, {
      name: wish.name,
      sourceCode,
      sourceType: "python",
      ...(pipRequirements.length === 0 ? {} : { pipRequirements }),
    }),
    sampleArgs: objectOf(written["sample_args_json"]),
    words: wordsOf(reply),
  };
}

function requestFor({ name, prompt, starterCode, mistakes }: ToolWish): ModelRequest {
  const text = [
    `Write a Python function called ${name}.`,
    ...(starterCode === null ? [] : [`Begin with this source:\n\`\`\`python\n${starterCode}\n\`\`\``]),
    ...(mistakes.length === 0 ? [] : [`An earlier try had these mistakes:\n${mistakes.join("\n")}`]),
    `What it should do: ${prompt}`,
  ].join("\n\n");
  return {
    system: SYSTEM,
    messages: [{ role: "user", parts: [{ type: "text", text }] }],
    tools: [{ name: ANSWER, description: "Hands over the tool.", parameters: ANSWER_SCHEMA }],
    toolChoice: { tool: ANSWER },
    parallelToolCalls: false,
    stream: false,
  };
}

/** What the model was asked for: as a call, or in its words, where it cannot be made to call. */
function answerIn(reply: ModelReply): Readonly<Record<string, unknown>> | undefined {
  const called = reply.toolCalls.find(({ name }) => name === ANSWER);
  const given = called === undefined ? objectIn(wordsOf(reply)) : parseJson(called.arguments);
  return isRecord(given) ? given : undefined;
}

/** Models write an object as it is as often as its text. */
function objectOf(said: unknown): JsonObject {
  const given = parseJson(typeof said === "string" ? said : JSON.stringify(said ?? null));
  return isRecord(given) ? given : {};
}
