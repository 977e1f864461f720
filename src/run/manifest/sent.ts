import type { SentContext } from "../../agent/manifest.ts";
import { messageSize } from "../../agent/prompt/tokens.ts";
import type { ModelRequest, ToolSchema } from "../../llm/model.ts";
import { firstIndex } from "../compaction/cut.ts";
import { triesOf } from "../fallback/answering.ts";
import { recalledBy, recalledItems } from "../step/recalled-memory.ts";
import type { SentRequest, Turn, TurnState } from "../step/turn-state.ts";

/** Schemas as they were written out, by their parameters: those are one object as long as their tool is at hand. */
const written = new WeakMap<object, { readonly schema: ToolSchema; readonly text: string }>();

/** As `JSON.stringify`, which takes as long for the tools of an agent as for all the rest of its request. */
function writtenTools(tools: readonly ToolSchema[]): string {
  const texts = tools.map((schema) => {
    const known = written.get(schema.parameters);
    if (known?.schema.name === schema.name && known.schema.description === schema.description) return known.text;
    const text = JSON.stringify(schema);
    written.set(schema.parameters, { schema, text });
    return text;
  });
  return `[${texts.join()}]`;
}

/** What is to be remembered of a request while it is on its way. */
export function sentRequest(turn: Turn, { context, aside }: TurnState, request: ModelRequest): SentRequest {
  const isShown = request.messages.some(({ role }) => role === "user");
  const recalled = isShown ? recalledItems(turn) : null;
  return { request, context, aside, recalled, recalledChars: recalled === null ? 0 : recalledBy(turn).length };
}

/** What is kept of a request with its step. */
export function sentContext(
  turn: Turn,
  state: Pick<TurnState, "hooked" | "tries" | "passedOver">,
  { request, context, aside, recalled, recalledChars }: SentRequest,
): SentContext {
  const [head] = context;
  const from = firstIndex(context);
  const summary = context[from]?.role === "summary" ? context[from] : undefined;
  const said = context.slice(summary === undefined ? from : from + 1);
  const tools = writtenTools(request.tools);
  return {
    threadId: turn.threadId,
    system: request.system,
    ownPrompt: turn.agent.system,
    // A prompt that came with the request shows none.
    blocksShown: turn.options.overrideSystem === null && head?.role === "system" ? head.blocksShown : [],
    tools,
    recalled,
    messages: {
      summary: summary?.id ?? null,
      first: said[0]?.id ?? null,
      last: said.at(-1)?.id ?? null,
      count: context.length - from,
    },
    aside: aside.refused,
    hooks: state.hooked,
    tried: triesOf(state),
    chars: {
      system: request.system.length,
      tools: tools.length,
      recalled: recalledChars,
      summary: summary === undefined ? 0 : messageSize(summary),
      messages: said.reduce((sum, message) => sum + messageSize(message), 0),
    },
  };
}
