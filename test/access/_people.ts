import { expect } from "bun:test";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import type { Answer } from "../_harness/server.ts";

/** The key of the settings. */
export const ROOT = "the root key, with spaces";

/** The header in which a key or token is sent. */
export function bearer(key: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${key}` };
}

/** A server with a key of its own, and short ways to ask it. */
export interface People extends HttpServer {
  /** The body of what must be answered with 200, asked with a key; with the key of the settings where none is named. */
  ok(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** Only the status. */
  status(method: string, path: string, body?: unknown, key?: string): Promise<number>;
  /** Makes a key of a service account of a role, and returns what opens. */
  key(role: string, extra?: object): Promise<string>;
}

/** Starts a {@link People}. */
export async function startPeople(environment: Readonly<Record<string, string>> = {}): Promise<People> {
  const server = await startHttpServer({ SELKIE_API_KEY: ROOT, ...environment });
  const send = (method: string, path: string, body?: unknown, key = ROOT) =>
    server.call(method, path, body, key === "" ? {} : bearer(key));
  const ok: People["ok"] = async (method, path, body, key) => {
    const answer = await send(method, path, body, key);
    expect([method, path, answer.status, answer.body]).toEqual([method, path, 200, answer.body]);
    return answer.body;
  };
  return {
    ...server,
    ok,
    status: async (method, path, body, key) => (await send(method, path, body, key)).status,
    key: async (role, extra = {}) => (await ok("POST", "/v1/keys", { role, ...extra })).key,
  };
}
