import { connect } from "node:net";
import { readSettings } from "../../src/app/command/settings.ts";
import { type ListeningServer, listen } from "../../src/app/serving/serve.ts";
import { isRecord, parseJson } from "../../src/core/json.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { mustBeDescribed } from "./own-document.ts";
import type { Answer } from "./server.ts";
import { temporaryDirectory } from "./server-process.ts";

/** How long a raw connection gets to say all it has to say. */
const RAW_MS_MAX = 10_000;

/** The whole server in this process, listening on a port of its own, with a scripted model server. */
export interface HttpServer {
  readonly url: string;
  readonly model: ModelServer;
  readonly listening: ListeningServer;
  /** Where the data is. */
  readonly directory: string;
  /** Sends one request; bytes and text go as they are, everything else as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  /** Writes bytes to a connection of their own, and returns all that came back before it was closed. */
  raw(...parts: readonly (string | Uint8Array)[]): Promise<string>;
  /** Makes an agent with a human block, and returns it. */
  agent(extra?: object): Promise<Answer>;
  close(): Promise<void>;
}

/** An answer, its body parsed when it is JSON. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Answer;
  readonly headers: Headers;
}

/** Starts a {@link HttpServer} with these variables in its environment. */
export async function startHttpServer(environment: Readonly<Record<string, string>> = {}): Promise<HttpServer> {
  const directory = temporaryDirectory();
  const model = startModelServer();
  const variables = { SELKIE_LOG_LEVEL: "error", ...model.environment, ...environment };
  const settings = readSettings({ port: "0", data: directory.path }, variables);
  const listening = await listen(settings);
  const { url } = listening;
  const call: HttpServer["call"] = async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: encoded(body) }),
    });
    const text = await response.text();
    const parsed = parseJson(text);
    const { status, headers: told } = response;
    const answered = { method, path, status, body: parsed === undefined ? text : parsed, headers: told, sent: body };
    await mustBeDescribed(async () => (await fetch(`${url}/openapi.json`)).json(), answered);
    return { status: response.status, body: parsed === undefined ? text : parsed, headers: response.headers };
  };
  return {
    url,
    model,
    listening,
    directory: directory.path,
    call,
    raw: (...parts) => exchange(Number(new URL(url).port), parts),
    async agent(extra = {}) {
      const draft = { model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "Ada" }], ...extra };
      const { status, body } = await call("POST", "/v1/agents/", draft);
      if (status !== 200 || !isRecord(body)) throw new Error(`${status}: ${JSON.stringify(body)}`);
      return body;
    },
    async close() {
      await listening.stop();
      await model.stop();
      directory.remove();
    },
  };
}

function encoded(body: unknown): string | Blob {
  if (body instanceof Uint8Array) return new Blob([new Uint8Array(body)]);
  return typeof body === "string" ? body : JSON.stringify(body);
}

function exchange(port: number, parts: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => {
      for (const part of parts) socket.write(part);
    });
    const timer = setTimeout(() => socket.destroy(), RAW_MS_MAX);
    socket.on("data", (bytes) => chunks.push(Buffer.from(bytes)));
    // A server that hangs up says so by closing, which is what is waited for.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString("latin1"));
    });
  });
}
