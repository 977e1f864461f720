import { expect } from "bun:test";
import type { Answer, TestServer } from "./server.ts";

/** What providers are told in place of words that nobody said. */
const EMPTY_MESSAGE = "[an empty message]";

/** What a chat completion of a step's context asks: what a model server of OpenAI's kind has to have received. */
export function asChat({ system_prompt, tools, transcript }: Answer) {
  return { messages: [{ role: "system", content: system_prompt }, ...transcript.flatMap(asMessages)], tools };
}

function asMessages({ role, content, tool_calls, tool_returns }: Answer): readonly object[] {
  if (role === "tool")
    return tool_returns.map((answer: Answer) => ({
      role,
      tool_call_id: answer.tool_call_id,
      content: answer.content.map(({ text }: Answer) => text).join(""),
    }));
  return role === "assistant" ? asReply(content, tool_calls) : [{ role, content: asSaid(content) }];
}

/** A reply; one of blanks is none. */
function asReply(content: Answer, calls: Answer): readonly object[] {
  const text = content.map((part: Answer) => (part.type === "text" ? part.text : "")).join("");
  if (calls.length === 0) return text.trim() === "" ? [] : [{ role: "assistant", content: text }];
  return [{ role: "assistant", content: text === "" ? null : text, tool_calls: calls }];
}

function asSaid(content: Answer): unknown {
  const parts = content.map(({ type, text, source }: Answer) =>
    type === "text"
      ? { type, text }
      : { type: "image_url", image_url: { url: `data:${source.media_type};base64,${source.data}` } },
  );
  if (parts.every(({ type, text }: Answer) => type === "text" && text.trim() === "")) return EMPTY_MESSAGE;
  return parts.length === 1 && parts[0].type === "text" ? parts[0].text : parts;
}

/** The part of a chat request that a context tells, however the provider wants tools to be marked. */
export function received({ messages, tools = [] }: Answer) {
  return {
    messages,
    tools: tools.map(({ function: { name, description, parameters } }: Answer) => ({ name, description, parameters })),
  };
}

/** Every step tells a context that the model has received; but for those of which nothing was kept, or something is gone. */
export async function expectContextsAsReceived(server: TestServer): Promise<void> {
  // Some models want schemas in a stricter form, which is their provider's affair.
  const keyOf = ({ messages, tools }: ReturnType<typeof received>) =>
    JSON.stringify([messages, tools.map(({ name, description }: Answer) => [name, description])]);
  const sent = new Set(server.model.requests.map((request) => keyOf(received(request))));
  const { rows } = await server.database.reader.execute("select id from steps where manifest is not null", []);
  for (const { id } of rows) {
    const context = await server.ok("GET", `/v1/steps/${id}/context`);
    if (context.is_complete && !sent.has(keyOf(asChat(context)))) {
      const nearest = server.model.requests.findLast(
        ({ messages }) => messages.length === asChat(context).messages.length,
      );
      expect([id, asChat(context)]).toEqual([
        id,
        nearest === undefined ? "nothing so long" : received(nearest),
      ] as never);
    }
  }
}

/** Closes a server after {@link expectContextsAsReceived}. */
export async function closeChecked(server: TestServer): Promise<void> {
  try {
    await expectContextsAsReceived(server);
  } finally {
    await server.close();
  }
}
