import type { ServerOptions } from "../../src/app/compose.ts";
import type { ChatRequest, ScriptedReply } from "../_harness/model-server.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

/** What a model says of one agent: told what came last, by its role and text, and how often it was asked before. */
export type Mind = (last: { readonly role: string; readonly text: string }, asked: number) => ScriptedReply;

/** A server whose agents each have a model of their own mind. */
export interface AmongWorld extends TestServer {
  /** Makes an agent of that name. */
  make(name: string, mind: Mind, extra?: object): Promise<string>;
  send(agentId: string, extra?: object): Promise<Answer>;
  /** Runs of an agent, the first of them first. */
  runsOf(agentId: string): Promise<readonly Answer[]>;
}

export const MESSAGING = [
  "send_message_to_agent_and_wait_for_reply",
  "send_message_to_agent_async",
  "send_message_to_agents_matching_tags",
] as const;

/** A call of a tool. */
export function calling(name: string, args: object): ScriptedReply {
  return { calls: [{ name, arguments: args, id: `call_${crypto.randomUUID()}` }] };
}

/** Starts an {@link AmongWorld}. */
export async function startAmong(extra: Partial<ServerOptions> = {}): Promise<AmongWorld> {
  const server = await startTestServer(extra);
  const minds = new Map<string, Mind>();
  const asked = new Map<string, number>();
  server.model.always(() => {
    const { messages } = server.model.requests.at(-1) as ChatRequest;
    const name = /I am (\w+)\./.exec(textOf(messages[0]?.content))?.[1] ?? "";
    const last = messages.at(-1);
    const times = asked.get(name) ?? 0;
    asked.set(name, times + 1);
    return minds.get(name)?.({ role: last?.role ?? "", text: textOf(last?.content) }, times);
  });
  return {
    ...server,
    async make(name, mind, more = {}) {
      minds.set(name, mind);
      const draft = { name, system: `I am ${name}.`, tools: MESSAGING, include_base_tools: false, ...more };
      return server.agent(draft);
    },
    send: (agentId, more = {}) => server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "go", ...more }),
    runsOf: (agentId) => server.ok("GET", `/v1/runs/?agent_id=${agentId}&ascending=true`),
  };
}

function textOf(content: unknown): string {
  return typeof content === "string" ? content : JSON.stringify(content ?? "");
}

/** What the tools of a run answered, in order: status and text. */
export function returnsOf({ messages }: Answer): readonly (readonly [string, string])[] {
  return (messages as readonly Answer[])
    .filter(({ message_type }) => message_type === "tool_return_message")
    .flatMap(({ tool_returns }) => tool_returns)
    .map(({ status, tool_return }: Answer) => [status, tool_return] as const);
}

export async function reachedBy(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(5);
}
