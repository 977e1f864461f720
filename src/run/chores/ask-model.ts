import { Failure } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import { ModelFailure } from "../../llm/failure.ts";
import type { LanguageModel, ModelReply, ModelRequest } from "../../llm/model.ts";
import type { Ask } from "../../umi/facts/reading/ask.ts";
import type { AskedModels } from "../budget/paid-models.ts";
import { objectIn } from "./answer-json.ts";

/** One question that stands for itself. */
export interface Question {
  readonly system: string;
  readonly prompt: string;
  /** A JSON Schema that the answer must follow; null for plain words. */
  readonly schema: JsonObject | null;
}

/** Asks a model once, without tools and without a history. Throws what the model throws. */
export async function askOnce(
  model: LanguageModel,
  { system, prompt, schema }: Question,
  signal: AbortSignal,
): Promise<ModelReply> {
  const request: ModelRequest = {
    system,
    messages: [{ role: "user", parts: [{ type: "text", text: prompt }] }],
    tools: [],
    toolChoice: "none",
    parallelToolCalls: false,
    stream: false,
    ...(schema === null ? {} : { responseFormat: { type: "json_schema", jsonSchema: { name: "answer", schema } } }),
  };
  return (await model.call(request, signal)).reply;
}

/** The words of an answer. */
export function wordsOf({ parts }: ModelReply): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}

/** How memory asks the model of this handle: the object in its answer, if there is one. Throws a `not_found` Failure when nobody offers it. */
export async function askOf(models: AskedModels, handle: string, signal: AbortSignal): Promise<Ask> {
  const info = await models.find(handle);
  if (info === undefined) throw new Failure("not_found", `No configured provider offers the model ${handle}`);
  const model = await models.open(info.config);
  return async (prompt, schema) => {
    try {
      return objectIn(wordsOf(await askOnce(model, { system: "", prompt, schema }, signal)));
    } catch (cause) {
      const isPassing = cause instanceof ModelFailure || (cause instanceof Failure && cause.kind === "too_many");
      if (!isPassing) throw cause;
      throw new Failure("unavailable", cause.message, { cause });
    }
  };
}
