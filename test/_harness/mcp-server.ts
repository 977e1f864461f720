import { createServer } from "node:http";
import { Server as OlderServer } from "@modelcontextprotocol/sdk/server/index.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { createMcpHandler, InMemoryServerEventBus, Server as NewerServer } from "@modelcontextprotocol/server";

/** What a call of a tool of an {@link McpTestServer} sees. */
export interface McpTestCall {
  readonly args: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
  /** Aborts when the client says that nobody wants the answer. */
  readonly signal: AbortSignal;
  /** Tells the client how far it is. */
  progress(done: number, total?: number): Promise<void>;
}

/** A tool of an {@link McpTestServer}, and what a call of it answers. */
export interface McpTestTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema?: object;
  readonly outputSchema?: object;
  // biome-ignore lint/suspicious/noExplicitAny: tests answer what the protocol allows, and what it does not
  run(call: McpTestCall): any;
}

/** Which revision a server speaks, and over what: `newest` is 2026-07-28, the others 2025-11-25. */
export type McpTestKind = "newest" | "sessions" | "sse";

/** A real MCP server of the official packages, on a port of its own. */
export interface McpTestServer {
  readonly url: string;
  readonly port: number;
  /** Its tools, which may be changed. */
  readonly tools: McpTestTool[];
  /** Headers of all requests so far. */
  readonly seen: Headers[];
  /** Tells all who listen that the tools have changed. */
  changed(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an {@link McpTestServer}. */
export async function startMcpServer(
  kind: McpTestKind,
  tools: readonly McpTestTool[],
  port = 0,
): Promise<McpTestServer> {
  const state: State = { tools: [...tools], seen: [], listeners: [] };
  const stops = kind === "sse" ? await startSse(state, port) : startHttp(kind, state, port);
  const path = kind === "sse" ? "/sse" : "/mcp";
  const changed = async () => {
    for (const tell of state.listeners) await tell();
  };
  return { ...state, changed, port: stops.port, url: `http://127.0.0.1:${stops.port}${path}`, stop: stops.stop };
}

/** An echo that every test understands. */
export const ECHO: McpTestTool = {
  name: "echo",
  description: "Says it again",
  inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
  run: ({ args }) => text(`Echo: ${args["message"]}`),
};

/** A result that is one text. */
export function text(said: string): object {
  return { content: [{ type: "text", text: said }] };
}

interface State {
  readonly tools: McpTestTool[];
  /** Tell one or more clients that the tools have changed. */
  readonly listeners: (() => Promise<void>)[];
  readonly seen: Headers[];
}

function listed({ tools }: State) {
  return {
    tools: tools.map(({ run: _, inputSchema = { type: "object", properties: {} }, ...tool }) => ({
      ...tool,
      inputSchema,
    })),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: two versions of one package, whose types differ
async function called({ tools }: State, request: any, extra: any, headers: Headers) {
  const tool = tools.find(({ name }) => name === request.params.name);
  if (tool === undefined) return { ...text(`No tool ${request.params.name}`), isError: true };
  const progressToken = request.params._meta?.progressToken ?? extra.mcpReq?._meta?.progressToken;
  const notify = extra.sendNotification ?? extra.mcpReq?.notify;
  return tool.run({
    args: request.params.arguments ?? {},
    headers,
    signal: extra.signal ?? extra.mcpReq.signal,
    progress: (progress, total) =>
      notify({ method: "notifications/progress", params: { progressToken, progress, total } }),
  });
}

/** A server of the older revision. */
function older(state: State): OlderServer {
  const server = new OlderServer({ name: "older", version: "1" }, { capabilities: { tools: { listChanged: true } } });
  state.listeners.push(() => server.sendToolListChanged().catch(() => {}));
  server.setRequestHandler(ListToolsRequestSchema, () => listed(state) as never);
  server.setRequestHandler(
    CallToolRequestSchema,
    (request, extra) =>
      called(state, request, extra, new Headers(extra.requestInfo?.headers as Record<string, string>)) as never,
  );
  return server;
}

function startHttp(kind: McpTestKind, state: State, port: number) {
  const handle = kind === "newest" ? newest(state) : sessions(state);
  const http = Bun.serve({
    port,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch(request) {
      state.seen.push(request.headers);
      return handle(request);
    },
  });
  return { port: http.port ?? 0, stop: () => http.stop(true) };
}

function newest(state: State): (request: Request) => Promise<Response> {
  const bus = new InMemoryServerEventBus();
  state.listeners.push(async () => bus.publish({ kind: "tools_list_changed" }));
  return (request) => {
    const handler = createMcpHandler(
      () => {
        const capabilities = { tools: { listChanged: true } };
        const server = new NewerServer({ name: "newer", version: "1" }, { capabilities });
        server.setRequestHandler("tools/list", () => listed(state) as never);
        server.setRequestHandler("tools/call", (call, extra) => called(state, call, extra, request.headers) as never);
        return server;
      },
      { legacy: "reject", bus },
    );
    return handler.fetch(request);
  };
}

function sessions(state: State): (request: Request) => Promise<Response> {
  const open = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return async (request) => {
    const id = request.headers.get("mcp-session-id");
    const known = id === null ? undefined : open.get(id);
    if (known !== undefined) return known.handleRequest(request);
    if (id !== null) return new Response("Session not found", { status: 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (made) => void open.set(made, transport),
    });
    await older(state).connect(transport);
    return transport.handleRequest(request);
  };
}

async function startSse(state: State, port: number) {
  const open = new Map<string, SSEServerTransport>();
  const http = createServer(async (request, response) => {
    const headers = new Headers(request.headers as Record<string, string>);
    state.seen.push(headers);
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      open.set(transport.sessionId, transport);
      await older(state).connect(transport);
      return;
    }
    const id = new URL(request.url ?? "", "http://localhost").searchParams.get("sessionId") ?? "";
    const transport = open.get(id);
    if (transport === undefined) response.writeHead(404).end("Session not found");
    else await transport.handlePostMessage(request, response);
  });
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  const address = http.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    stop: () => {
      http.closeAllConnections();
      return new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
