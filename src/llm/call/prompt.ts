import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultOutput,
  LanguageModelV4ToolResultPart,
  SharedV4ProviderOptions,
} from "@ai-sdk/provider";
import { isRecord, parseJson } from "../../core/json.ts";
import type { Dialect } from "../family.ts";
import type {
  InputPart,
  ModelMessage,
  ModelRequest,
  OutputPart,
  ResponseFormat,
  ToolAnswer,
  ToolCall,
  ToolChoice,
} from "../model.ts";
import { strictSchemaOf } from "./strict-schema.ts";

type AssistantPart = Extract<LanguageModelV4Message, { role: "assistant" }>["content"][number];
type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;

// Several providers refuse a text of blanks, a reply that is only thought, and a conversation that ends with a reply.

/** What stands for words that a person did not say. */
const EMPTY_MESSAGE = "[an empty message]";
/** What stands for the answer of a tool that gave none. */
const EMPTY_ANSWER = "[no output]";
/** What a model is told when it spoke last. */
const GO_ON = "[go on]";

/** The conversation of `request` as the provider packages take it: it ends with what a person or a tool says. */
export function promptOf(request: ModelRequest, dialect: Dialect): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = [];
  if (!isBlank(request.system)) prompt.push({ role: "system", content: request.system });
  for (const message of request.messages) append(prompt, message, dialect);
  if (prompt.at(-1)?.role === "assistant" || prompt.every(({ role }) => role === "system"))
    prompt.push({ role: "user", content: [{ type: "text", text: GO_ON }] });
  return prompt;
}

function append(prompt: LanguageModelV4Prompt, message: ModelMessage, dialect: Dialect): void {
  switch (message.role) {
    case "system":
      appendSystem(prompt, message.text, dialect);
      break;
    case "user": {
      const content = userParts(message.parts);
      const said: UserPart[] = content.length > 0 ? content : [{ type: "text", text: EMPTY_MESSAGE }];
      prompt.push({ role: "user", content: said });
      break;
    }
    case "assistant": {
      const content = assistantParts(message.parts, message.toolCalls, dialect);
      if (content.some(({ type }) => type !== "reasoning")) prompt.push({ role: "assistant", content });
      break;
    }
    case "tool":
      appendAnswers(prompt, message.answers, dialect);
      break;
  }
}

function appendSystem(prompt: LanguageModelV4Prompt, text: string, dialect: Dialect): void {
  if (isBlank(text)) return;
  const leading = prompt.every((earlier) => earlier.role === "system");
  if (leading || dialect.systemAnywhere) prompt.push({ role: "system", content: text });
  else prompt.push({ role: "user", content: [{ type: "text", text: `<system>\n${text}\n</system>` }] });
}

function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

function userParts(parts: readonly InputPart[]): UserPart[] {
  const content: UserPart[] = [];
  for (const part of parts) {
    if (part.type === "image") content.push(imagePart(part));
    else if (!isBlank(part.text)) content.push({ type: "text", text: part.text });
  }
  return content;
}

function imagePart(part: Extract<InputPart, { type: "image" }>): LanguageModelV4FilePart {
  return { type: "file", mediaType: part.mediaType, data: { type: "data", data: part.data } };
}

function assistantParts(
  parts: readonly OutputPart[],
  toolCalls: readonly ToolCall[],
  dialect: Dialect,
): AssistantPart[] {
  const content: AssistantPart[] = [];
  let signature: SharedV4ProviderOptions | undefined;
  for (const part of parts) {
    if (part.type === "text") {
      if (!isBlank(part.text)) content.push({ type: "text", text: part.text });
      continue;
    }
    const providerOptions = dialect.writeMarks(part);
    if (providerOptions === undefined) continue;
    if (dialect.signsToolCalls) signature ??= providerOptions;
    else content.push({ type: "reasoning", text: part.text, providerOptions });
  }
  for (const call of toolCalls) {
    content.push(toolCallPart(call, dialect, signature));
    signature = undefined;
  }
  return content;
}

function toolCallPart(
  call: ToolCall,
  dialect: Dialect,
  providerOptions: SharedV4ProviderOptions | undefined,
): AssistantPart {
  return {
    type: "tool-call",
    toolCallId: dialect.toolCallId(call.id),
    toolName: call.name,
    input: dialect.rawArguments ? call.arguments : argumentsOf(call.arguments),
    ...(providerOptions !== undefined && { providerOptions }),
  };
}

/** The object that a model's arguments mean; an empty one when they do not parse, as no provider takes less. */
function argumentsOf(text: string): Record<string, unknown> {
  const value = parseJson(text);
  return isRecord(value) ? value : {};
}

function appendAnswers(prompt: LanguageModelV4Prompt, answers: readonly ToolAnswer[], dialect: Dialect): void {
  const content: LanguageModelV4ToolResultPart[] = [];
  const images: UserPart[] = [];
  for (const answer of answers) {
    content.push({
      type: "tool-result",
      toolCallId: dialect.toolCallId(answer.toolCallId),
      toolName: answer.toolName,
      output: outputOf(answer, dialect),
    });
    if (dialect.imagesInToolAnswers) continue;
    for (const part of answer.parts) if (part.type === "image") images.push(imagePart(part));
  }
  if (content.length > 0) prompt.push({ role: "tool", content });
  if (images.length > 0) prompt.push({ role: "user", content: images });
}

function outputOf(answer: ToolAnswer, dialect: Dialect): LanguageModelV4ToolResultOutput {
  const hasImage = answer.parts.some((part) => part.type === "image");
  if (hasImage && dialect.imagesInToolAnswers) {
    return {
      type: "content",
      value: userParts(answer.parts),
    };
  }
  const texts = answer.parts.map((part) => (part.type === "text" ? part.text : "[image, shown below]"));
  const text = texts.join("\n");
  const value = isBlank(text) ? EMPTY_ANSWER : text;
  return { type: answer.isError && dialect.marksFailures ? "error-text" : "text", value };
}

/** The tools of `request` as the provider packages take them, or undefined when there are none. */
export function toolsOf(request: ModelRequest, strict: boolean | undefined): LanguageModelV4FunctionTool[] | undefined {
  if (request.tools.length === 0) return undefined;
  return request.tools.map((tool) => {
    const binding = strict === true ? strictSchemaOf(tool.parameters) : undefined;
    return {
      type: "function",
      name: tool.name,
      description: tool.description,
      inputSchema: binding ?? tool.parameters,
      ...(strict !== undefined && { strict: binding !== undefined }),
    };
  });
}

/** The tool choice as the provider packages take it. */
export function toolChoiceOf(choice: ToolChoice): NonNullable<LanguageModelV4CallOptions["toolChoice"]> {
  return typeof choice === "string" ? { type: choice } : { type: "tool", toolName: choice.tool };
}

/** The answer's shape as the provider packages take it, or undefined for plain text. */
export function responseFormatOf(
  format: ResponseFormat | undefined,
): LanguageModelV4CallOptions["responseFormat"] | undefined {
  if (format === undefined || format.type === "text") return undefined;
  if (format.type === "json_object") return { type: "json" };
  // OpenAI's form wraps the schema in an object that names it; a bare schema is taken too.
  const { schema, name, description } = format.jsonSchema;
  if (!isRecord(schema)) return { type: "json", schema: format.jsonSchema };
  return {
    type: "json",
    schema,
    ...(typeof name === "string" && { name }),
    ...(typeof description === "string" && { description }),
  };
}

/** What packages call the tool whose arguments they take for an answer, at providers that give it a shape in no other way. */
const ANSWER_TOOL = /^json(_\d+)?$/;

/** Whether a call is none of the request's own tools, but the answer in the shape that was asked for. */
export function isAnswerTool({ responseFormat, tools }: ModelRequest, name: string): boolean {
  return responseFormat !== undefined && ANSWER_TOOL.test(name) && !tools.some((tool) => tool.name === name);
}
