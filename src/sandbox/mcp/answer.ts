import type { CallToolResult } from "@modelcontextprotocol/client";
import type { McpAnswer } from "../../agent/mcp/connections.ts";
import { departureFrom } from "../../agent/mcp/output-schema.ts";
import type { ImageBytes } from "../../core/image.ts";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import { IMAGES_MAX, TEXT_CHARS_MAX } from "./limits.ts";

/** What a model is told where a tool says nothing. */
const EMPTY = "Empty response from tool";

type Content = CallToolResult["content"][number];

/**
 * What a tool's result comes to: its one text as it is, several as a JSON list. Structured content stands behind it where
 * the texts do not say the same. Resources are shown by their text, or their address; sound by its type alone. An answer
 * that departs from its schema is an error, which says how, and what was answered: the tool has run.
 */
export function answerOf(result: CallToolResult, outputSchema: JsonObject | undefined): McpAnswer {
  const texts: string[] = [];
  const images: ImageBytes[] = [];
  for (const content of result.content) {
    if (content.type === "image") images.push({ mediaType: content.mimeType, data: content.data });
    else texts.push(textOf(content));
  }
  const structured = result.structuredContent;
  if (structured !== undefined && !texts.some((text) => says(text, structured))) texts.push(JSON.stringify(structured));
  const [only = images.length > 0 ? "" : EMPTY] = texts;
  const text = texts.length > 1 ? JSON.stringify(texts) : only;
  const departure = result.isError === true ? undefined : departs(outputSchema, structured);
  const told = departure === undefined ? text : `${departure}. It answered: ${text}`;
  const ok = result.isError !== true && departure === undefined;
  return { ok, text: cut(told, TEXT_CHARS_MAX), images: images.slice(0, IMAGES_MAX) };
}

/** How a structured answer departs from its schema, in words for the model; undefined where it does not. */
function departs(outputSchema: JsonObject | undefined, structured: unknown): string | undefined {
  if (outputSchema === undefined) return undefined;
  const departure =
    structured === undefined
      ? "there is no structured answer"
      : departureFrom(outputSchema, JSON.parse(JSON.stringify(structured)));
  return departure && `The tool has run, but its answer is not what its output schema says: ${departure}`;
}

function textOf(content: Exclude<Content, { type: "image" }>): string {
  if (content.type === "text") return content.text;
  if (content.type === "audio") return `[${content.mimeType} that cannot be shown]`;
  if (content.type === "resource_link") return `[${content.name}](${content.uri})`;
  const { resource } = content;
  return "text" in resource ? resource.text : `[${resource.uri}, ${resource.mimeType ?? "data"} that cannot be shown]`;
}

/** Whether a text holds what is structured: as JSON, or, as many servers have it, as its only field. */
function says(text: string, structured: unknown): boolean {
  const written = JSON.stringify(structured);
  if (text === written || JSON.stringify(parseJson(text)) === written) return true;
  const values = isRecord(structured) ? Object.values(structured) : [];
  return values.length === 1 && (values[0] === text || JSON.stringify(values[0]) === text);
}
