import { compose, type Server, type ServerOptions } from "../../src/app/compose.ts";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { parseJson } from "../../src/core/json.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { mustBeDescribed } from "./own-document.ts";
import { temporaryDirectory } from "./server-process.ts";

/** The JSON of an answer, loosely typed: tests look at what they expect to find. */
// biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what the test checks
export type Answer = any;

/** The whole server in this process, on a database of its own, with a scripted model server. */
export interface TestServer {
  readonly server: Server;
  readonly database: OpenedSqlite;
  /** Where the database is. */
  readonly directory: string;
  readonly model: ModelServer;
  request(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: Answer; readonly headers: Headers }>;
  /** The body of what must be answered with 200. */
  ok(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends messages and returns the raw stream. */
  stream(path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  /** The server made again on the same database, as after a restart. */
  restarted(): Promise<Server>;
  /** Makes an agent with a human block and returns its id. */
  agent(extra?: object): Promise<string>;
  close(): Promise<void>;
}

/** Starts a {@link TestServer}; `extra` changes what it is composed of. */
export async function startTestServer(extra: Partial<ServerOptions> = {}): Promise<TestServer> {
  const directory = temporaryDirectory();
  const model = startModelServer();
  const database = openSqlite(directory.path);
  const start = () =>
    compose({
      world: realWorld(),
      database,
      providers: model.providers,
      apiKey: null,
      origins: [],
      localOnly: true,
      llmRequestTimeoutMs: 5_000,
      llmStreamTimeoutMs: 10_000,
      log: () => {},
      ...extra,
    });
  const server = await start();
  const call = async (method: string, path: string, body?: unknown, signal?: AbortSignal) =>
    server.api.request(`http://localhost${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  const request: TestServer["request"] = async (method, path, body) => {
    const response = await call(method, path, body);
    const text = await response.text();
    const document = async () => (await call("GET", "/openapi.json")).json();
    const answered = text === "null" ? null : (parseJson(text) ?? text);
    await mustBeDescribed(document, {
      method,
      path,
      status: response.status,
      body: answered,
      headers: response.headers,
    });
    return { status: response.status, body: parseJson(text) ?? text, headers: response.headers };
  };
  const ok: TestServer["ok"] = async (method, path, sent) => {
    const { status, body } = await request(method, path, sent);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  return {
    server,
    database,
    directory: directory.path,
    model,
    restarted: start,
    request,
    ok,
    stream: (path, body, signal) => call("POST", path, body, signal),
    async agent(extra = {}) {
      const draft = { model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "Ada" }], ...extra };
      return (await ok("POST", "/v1/agents/", draft)).id;
    },
    async close() {
      await server.runner.drain(5_000);
      await server.mcp.close();
      await model.stop();
      await database.close();
      directory.remove();
    },
  };
}

/** The JSON events of a stream, `[DONE]` as a text. */
export async function eventsOf(response: Response): Promise<readonly Answer[]> {
  const text = await response.text();
  const bodies = text.split("\n").filter((line) => line.startsWith("data: "));
  return bodies.map((line) => parseJson(line.slice(6)) ?? line.slice(6));
}
