import { createInterface, type Interface } from "node:readline/promises";
import { z } from "zod";
import { Failure } from "../core/failure.ts";
import { isRecord, parseJson } from "../core/json.ts";
import { openServer } from "./serve.ts";
import { type Settings, urlOf } from "./settings.ts";
import { type Paint, painter } from "./terminal-color.ts";

/** The agent a newcomer talks to: who it is, and what it should keep in mind about the person. */
const FIRST_AGENT = {
  name: "selkie",
  memory_blocks: [
    {
      label: "persona",
      value: "I am Selkie. I am curious, brief and warm, and I remember what people tell me about themselves.",
    },
    { label: "human", value: "" },
  ],
  memory_settings: { learn: true, recall: true },
};
/** How long a server that may be running gets to answer. */
const PROBE_MS = 1_000;

/** What the command line says of a chat. */
export interface ChatOptions {
  /** An agent's id or name; the most recent one when absent. */
  readonly agent: string | undefined;
  readonly model: string | undefined;
}

/** How the chat reaches the server's API: over HTTP when one runs, else inside this process. */
interface Connection {
  readonly where: string;
  call(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

const AgentView = z.object({ id: z.string(), name: z.string(), model: z.string().nullish() });
type AgentView = z.infer<typeof AgentView>;

/** `selkie chat`: a conversation in the terminal, reply by reply as it is written. */
export async function chat(settings: Settings, options: ChatOptions): Promise<number> {
  const connection = await connect(settings);
  try {
    const agent = await findOrMakeAgent(connection, options);
    const paint = painter();
    process.stdout.write(
      `${paint(1, agent.name)} (${agent.model ?? "no model"}) ${paint(2, `on ${connection.where}; /exit or Ctrl-D to leave, Ctrl-C to stop a reply`)}\n`,
    );
    await converse(connection, agent, paint);
    return 0;
  } finally {
    await connection.close();
  }
}

async function connect(settings: Settings): Promise<Connection> {
  const url = urlOf(settings.host, settings.port);
  const headers: Record<string, string> =
    settings.apiKey === null ? {} : { authorization: `Bearer ${settings.apiKey}` };
  const withHeaders = (init?: RequestInit): RequestInit => ({
    ...init,
    headers: { "content-type": "application/json", ...headers },
  });
  if (await answers(url)) {
    return { where: url, call: (path, init) => fetch(`${url}${path}`, withHeaders(init)), close: async () => {} };
  }
  const { server, close } = await openServer(settings);
  await server.runner.recover();
  return {
    where: settings.dataDirectory,
    call: async (path, init) => server.api.request(`http://localhost${path}`, withHeaders(init)),
    async close() {
      await server.runner.drain(1_000);
      await close();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v1/health/`, { signal: AbortSignal.timeout(PROBE_MS) });
    const body: unknown = await response.json();
    return isRecord(body) && body["status"] === "ok";
  } catch {
    return false;
  }
}

async function findOrMakeAgent(connection: Connection, options: ChatOptions): Promise<AgentView> {
  const wanted = options.agent;
  if (wanted?.startsWith("agent-") === true)
    return AgentView.parse(await json(connection, `/v1/agents/${encodeURIComponent(wanted)}`));
  const query = wanted === undefined ? "limit=1" : `limit=1&name=${encodeURIComponent(wanted)}`;
  const [found] = z.array(AgentView).parse(await json(connection, `/v1/agents/?${query}`));
  if (found !== undefined) return found;
  if (wanted !== undefined && options.model === undefined)
    process.stdout.write(`There is no agent called '${wanted}' yet; making it.\n`);
  const model = options.model ?? (await bestModel(connection));
  const body = { ...FIRST_AGENT, name: wanted ?? FIRST_AGENT.name, model };
  return AgentView.parse(await json(connection, "/v1/agents/", { method: "POST", body: JSON.stringify(body) }));
}

/** The first model of a configured provider, else the built-in one. */
async function bestModel(connection: Connection): Promise<string> {
  const models = z.array(z.object({ handle: z.string() })).parse(await json(connection, "/v1/models/"));
  const handles = models.map((model) => model.handle);
  return handles.find((handle) => !handle.startsWith("selkie/")) ?? handles[0] ?? "selkie/rehearsal";
}

async function json(connection: Connection, path: string, init?: RequestInit): Promise<unknown> {
  const response = await connection.call(path, init);
  const text = await response.text();
  if (!response.ok) throw new Failure("refused", explain(response.status, text));
  return JSON.parse(text);
}

function explain(status: number, text: string): string {
  const body = parseJson(text);
  const detail = isRecord(body) ? (body["detail"] ?? body["error"]) : text;
  const hint = status === 401 ? ". Set SELKIE_API_KEY to the key of the server that runs here" : "";
  return `The server answered ${status}: ${typeof detail === "string" ? detail : JSON.stringify(detail)}${hint}`;
}

async function converse(connection: Connection, agent: AgentView, paint: Paint): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: process.stdin.isTTY });
  // Lines that come while an agent speaks wait here, so that a file of questions can be piped in.
  const lines = terminal[Symbol.asyncIterator]();
  const prompt = paint(36, "you> ");
  terminal.setPrompt(prompt);
  let isOpen = process.stdin.isTTY;
  terminal.once("close", () => {
    isOpen = false;
  });
  for (;;) {
    if (isOpen) terminal.prompt();
    else process.stdout.write(prompt);
    const { done, value: line = "" } = await lines.next();
    if (done === true || process.stdin.isTTY !== true) process.stdout.write(`${line}\n`);
    if (done === true || line === "/exit" || line === "/quit") break;
    if (line.trim() !== "") await reply(connection, agent, line, { terminal, paint });
  }
  terminal.close();
}

async function reply(
  connection: Connection,
  agent: AgentView,
  text: string,
  { terminal, paint }: { terminal: Interface; paint: Paint },
): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  terminal.once("SIGINT", stop);
  const body = JSON.stringify({
    messages: [{ role: "user", content: text }],
    streaming: true,
    stream_tokens: true,
    include_pings: true,
  });
  const show = printer(paint);
  try {
    const response = await connection.call(`/v1/agents/${agent.id}/messages`, {
      method: "POST",
      body,
      signal: stopping.signal,
    });
    if (!response.ok) process.stdout.write(`${paint(31, explain(response.status, await response.text()))}\n`);
    else for await (const chunk of events(response, stopping.signal)) show(chunk);
    process.stdout.write("\n");
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    await connection.call(`/v1/agents/${agent.id}/messages/cancel`, { method: "POST", body: "{}" });
    process.stdout.write(paint(2, "\n(stopped)\n"));
  } finally {
    terminal.off("SIGINT", stop);
  }
}

/** Prints each kind of message on lines of its own, its pieces as they come. */
function printer(paint: Paint): (chunk: Record<string, unknown>) => void {
  let current = "";
  const start = (kind: string, label: string) => {
    if (current !== kind) process.stdout.write(`${current === "" ? "" : "\n"}${label}`);
    current = kind;
  };
  return (chunk) => {
    switch (chunk["message_type"]) {
      case "assistant_message":
        start("assistant", paint(35, "agent> "));
        process.stdout.write(String(chunk["content"]));
        break;
      case "reasoning_message":
        start("reasoning", paint(2, "thinks> "));
        process.stdout.write(paint(2, String(chunk["reasoning"])));
        break;
      case "tool_call_message":
        start("tool", paint(33, "uses> "));
        process.stdout.write(paint(2, callText(chunk["tool_call"])));
        break;
      case "error_message":
        start("error", "");
        process.stdout.write(paint(31, `${String(chunk["message"])} ${String(chunk["detail"] ?? "")}`));
        break;
    }
  };
}

function callText(call: unknown): string {
  if (!isRecord(call)) return "";
  const name = typeof call["name"] === "string" ? `${call["name"]} ` : "";
  return name + (typeof call["arguments"] === "string" ? call["arguments"] : "");
}

/** The JSON bodies of a server-sent event stream. */
async function* events(response: Response, signal: AbortSignal): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body ?? []) {
    if (signal.aborted) throw new Failure("conflict", "Stopped");
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const body = line.startsWith("data: {") ? parseJson(line.slice(6)) : undefined;
      if (isRecord(body)) yield body;
    }
  }
}
