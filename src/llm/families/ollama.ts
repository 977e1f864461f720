import { isRecord, type Json, type JsonObject, parseJson } from "../../core/json.ts";
import type { Fetch } from "../../core/world.ts";
import type { Family } from "../family.ts";
import { runningOf } from "../ollama-windows.ts";
import { baseUrlOf, type ProviderSettings, requestHeadersOf } from "../provider.ts";
import { openaiCompatible } from "./openai-compatible.ts";

/**
 * Ollama. Its imitation of OpenAI's protocol takes no window, and cuts longer prompts from the front without a word, so
 * what the package writes is sent in Ollama's own protocol, with the agent's window. A server that does not know that
 * protocol is spoken to as any other.
 */
export const ollama: Family = {
  ...openaiCompatible,
  open: (settings, config, fetch) =>
    openaiCompatible.open(settings, config, nativeFetch(settings, config.contextWindow, fetch)),
};

/** Where Ollama's own API is. */
export function ollamaRootOf(settings: ProviderSettings): string {
  return baseUrlOf(settings).replace(/\/v1$/, "");
}

function nativeFetch(settings: ProviderSettings, window: number, fetch: Fetch): Fetch {
  const root = ollamaRootOf(settings);
  let isNative: boolean | undefined;

  /** Whether Ollama itself answers. What cannot be known now is asked for again by the next call. */
  async function asksNatively(signal: AbortSignal | undefined): Promise<boolean> {
    if (isNative !== undefined) return isNative;
    try {
      // A signal of its own: this is not the answer that waits under the call's.
      const own = signal === undefined ? {} : { signal: AbortSignal.any([signal]) };
      const response = await fetch(`${root}/api/ps`, { headers: requestHeadersOf(settings), ...own });
      const running = runningOf(parseJson(await response.text()));
      if (response.status < 500) isNative = response.ok && running !== undefined;
      return isNative ?? false;
    } catch {
      return false;
    }
  }

  return async (input, init) => {
    const body = typeof init?.body === "string" ? parseJson(init.body) : undefined;
    const signal = init?.signal ?? undefined;
    if (!isRecord(body) || !(await asksNatively(signal))) return fetch(input, init);
    return fetch(`${root}/api/chat`, { ...init, body: JSON.stringify(nativeBody(body, window)) });
  };
}

/** A chat completion's request in Ollama's own words. A prompt that is too long is refused rather than cut. */
function nativeBody(body: JsonObject, window: number): JsonObject {
  const { model, messages, tools, tool_choice: choice, max_tokens, temperature, frequency_penalty } = body;
  const format = formatOf(body["response_format"]);
  const effort = body["reasoning_effort"];
  return {
    model: model ?? "",
    messages: messagesOf(listOf(messages)),
    stream: body["stream"] === true,
    truncate: false,
    shift: false,
    ...(tools !== undefined && choice !== "none" && { tools }),
    ...(format !== undefined && { format }),
    ...(typeof effort === "string" && { think: effort === "none" ? false : effort }),
    options: {
      num_ctx: window,
      ...(temperature !== undefined && { temperature }),
      ...(max_tokens !== undefined && { num_predict: max_tokens }),
      ...(frequency_penalty !== undefined && { frequency_penalty }),
    },
  };
}

function formatOf(format: Json | undefined): Json | undefined {
  if (!isRecord(format)) return undefined;
  if (format["type"] === "json_object") return "json";
  const schema = isRecord(format["json_schema"]) ? format["json_schema"]["schema"] : undefined;
  return format["type"] === "json_schema" ? schema : undefined;
}

function messagesOf(messages: readonly JsonObject[]): readonly JsonObject[] {
  /** Names of the tools that calls were made of, which their answers must tell. */
  const names = new Map<Json | undefined, Json>();
  return messages.map((message) => {
    const { role, content, tool_calls, tool_call_id: id } = message;
    const parts = listOf(content);
    const texts = parts.filter(({ type }) => type === "text").map(({ text }) => String(text));
    const images = parts.flatMap(imageOf);
    const calls = listOf(tool_calls).map((call) => {
      const called = isRecord(call["function"]) ? call["function"] : {};
      const { name = "" } = called;
      if (call["id"] !== undefined) names.set(call["id"], name);
      const args = parseJson(String(called["arguments"] ?? ""));
      return { ...call, function: { name, arguments: isRecord(args) ? args : {} } };
    });
    const name = names.get(id);
    return {
      role: role ?? "user",
      content: typeof content === "string" ? content : texts.join("\n"),
      ...(images.length > 0 && { images }),
      ...(calls.length > 0 && { tool_calls: calls }),
      ...(id !== undefined && { tool_call_id: id }),
      ...(id !== undefined && name !== undefined && { tool_name: name }),
    };
  });
}

/** The data of an image, which Ollama takes without its type. */
function imageOf({ image_url: image }: JsonObject): readonly string[] {
  const url = isRecord(image) ? image["url"] : undefined;
  const data = typeof url === "string" ? /^data:[^,]*;base64,(.*)$/s.exec(url)?.[1] : undefined;
  return data === undefined ? [] : [data];
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.flatMap((item: Json) => (isRecord(item) ? [item] : [])) : [];
}
