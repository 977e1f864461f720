import { expect, test } from "bun:test";
import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { type Answer, eventsOf, type TestServer } from "../_harness/server.ts";
import { startMcpWorld } from "./_world.ts";

/** An MCP server that lets nobody in without a token, and the authorization server beside it. */
function startGuarded() {
  const handler = createMcpHandler(() => {
    const server = new Server({ name: "guarded", version: "1" }, { capabilities: { tools: {} } });
    server.setRequestHandler("tools/list", () => ({ tools: [{ name: "secret", inputSchema: { type: "object" } }] }));
    return server;
  });
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, origin } = new URL(request.url);
      if (pathname === "/.well-known/oauth-protected-resource")
        return Response.json({ resource: `${origin}/mcp`, authorization_servers: [origin] });
      if (pathname === "/.well-known/oauth-authorization-server")
        return Response.json({
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          response_types_supported: ["code"],
          code_challenge_methods_supported: ["S256"],
          authorization_response_iss_parameter_supported: true,
        });
      if (pathname === "/register")
        return Response.json({ ...Object(await request.json()), client_id: "c" }, { status: 201 });
      if (pathname === "/token") return Response.json({ access_token: "tok", token_type: "Bearer" });
      if (pathname !== "/mcp") return new Response("", { status: 404 });
      if (request.headers.get("authorization") === "Bearer tok") return handler.fetch(request);
      const at = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource"`;
      return new Response("", { status: 401, headers: { "www-authenticate": at } });
    },
  });
  return { origin: `http://127.0.0.1:${http.port}`, stop: () => http.stop(true) };
}

/** Connects, and gives the address that a person must visit and what the stream says in all. */
async function connecting(world: TestServer, id: string): Promise<{ url: URL; rest: Promise<readonly Answer[]> }> {
  const response = await world.server.api.request(`http://localhost/v1/mcp-servers/connect/${id}`);
  const [watched, whole] = response.body?.tee() ?? [];
  const rest = eventsOf(new Response(whole));
  let text = "";
  for await (const chunk of watched?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const url = /"url":"([^"]+)"/.exec(text)?.[1];
    if (url !== undefined) return { url: new URL(url), rest };
  }
  throw new Error(`No address came: ${text}`);
}

test("somebody signs in by their browser: the state serves once, and the answer must come from who was asked", async () => {
  const world = await startMcpWorld();
  const guarded = startGuarded();
  const config = { mcp_server_type: "streamable_http", server_url: `${guarded.origin}/mcp` };
  const { id } = await world.ok("POST", "/v1/mcp-servers/", { server_name: "guarded", config });
  const back = (fields: Readonly<Record<string, string>>) =>
    world.request("GET", `/v1/tools/mcp/oauth/callback?${new URLSearchParams(fields)}`);

  const first = await connecting(world, id);
  const state = first.url.searchParams.get("state") ?? "";
  expect(first.url.searchParams.get("redirect_uri")).toBe("http://localhost/v1/tools/mcp/oauth/callback");
  expect(first.url.searchParams.get("code_challenge_method")).toBe("S256");
  expect((await back({ code: "x", state: "guessed", iss: guarded.origin })).status).toBe(400);
  const mixed = await back({ code: "x", state, iss: "https://evil.example" });
  expect([mixed.status, JSON.stringify(mixed.body).includes("tok")]).toEqual([400, false]);
  expect((await back({ code: "x", state, iss: guarded.origin })).status).toBe(400);
  expect((await first.rest).map(({ event }) => event)).toEqual([
    "connection_attempt",
    "oauth_required",
    "authorization_url",
    "waiting_for_auth",
    "error",
  ]);

  const second = await connecting(world, id);
  const fresh = second.url.searchParams.get("state") ?? "";
  expect(fresh).not.toBe(state);
  const done = { code: "x", state: fresh, iss: guarded.origin };
  const both = await Promise.all([back(done), back(done)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400]);
  expect((await second.rest).at(-1)).toMatchObject({ event: "success", tools: [{ name: "secret" }] });
  expect((await back(done)).status).toBe(400);
  expect((await world.ok("GET", `/v1/mcp-servers/${id}/tools`)).map(({ name }: Answer) => name)).toEqual(["secret"]);
  const { rows } = await world.database.writer.execute("select * from secrets union all select * from secrets", []);
  expect(JSON.stringify(rows)).not.toContain('"tok"');
  await world.request("DELETE", `/v1/mcp-servers/${id}`);
  const left = await world.database.writer.execute("select count(*) as n from mcp_sign_ins", []);
  expect(Number(left.rows[0]?.["n"])).toBe(0);
  await guarded.stop();
  await world.close();
});
