#!/usr/bin/env bash
# The official MCP client over the older SSE transport, and a server that is started anew on the same port: the client
# comes back to it by itself, and does not know that its session is gone.
#
# Versions: @modelcontextprotocol/client 2.4.0 as the client, @modelcontextprotocol/sdk 1.32.2 as the server, node 20.
# Behaviour: when the stream breaks, the event source inside the transport connects again, takes the new address for
# messages, and goes on. `onclose` is not called, only `onerror`. The new server never saw `initialize`. One that keeps to
# the protocol refuses what comes before that; one of this package answers, as if it had been initialized, with none of
# what was agreed before (protocol version, capabilities, log level, subscriptions). Nothing tells the program that uses
# the client, so what it has to do again after a start, it does not.
# Seen: closed 0, errors 1 or more, requests of the new server: tools/call alone, answered
# Way out: close the client on an `SseError` and connect anew.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/sdk@1.32.2 zod@4.6.7 >/dev/null
cat >look.mjs <<'JS'
import { createServer } from "node:http";
import { Client, SSEClientTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";

/** A server with one tool, which notes the methods that it is asked for. */
async function serve(port) {
  const asked = [];
  const sessions = new Map();
  const http = createServer(async (request, response) => {
    const url = new URL(request.url, "http://here");
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      const server = new McpServer({ name: "clock", version: "1" });
      server.registerTool("tick", {}, async () => ({ content: [{ type: "text", text: "tock" }] }));
      sessions.set(transport.sessionId, transport);
      return server.connect(transport);
    }
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    asked.push(body.method);
    const session = sessions.get(url.searchParams.get("sessionId"));
    return session === undefined ? response.writeHead(404).end() : session.handlePostMessage(request, response, body);
  });
  await new Promise((resolve) => http.listen(port, "127.0.0.1", resolve));
  const stop = () => {
    const gone = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    return gone;
  };
  return { port: http.address().port, asked, stop };
}

const first = await serve(0);
const told = { closed: 0, errors: 0 };
const client = new Client({ name: "looker", version: "1" });
await client.connect(new SSEClientTransport(new URL(`http://127.0.0.1:${first.port}/sse`)));
client.onclose = () => told.closed++;
client.onerror = () => told.errors++;
await client.callTool({ name: "tick", arguments: {} });
await first.stop();
const second = await serve(first.port);
// The event source waits a few seconds before it connects again.
let answer;
for (let tries = 0; tries < 40 && answer === undefined; tries++) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  answer = await client.callTool({ name: "tick", arguments: {} }, { timeout: 1_000 }).catch(() => undefined);
}
const heard = [...new Set(second.asked)];
console.log("before the restart", JSON.stringify(first.asked));
console.log("closed", told.closed, "errors", told.errors, "answer", JSON.stringify(answer?.content));
console.log("asked of the new server", JSON.stringify(heard));
const isAsSeen = told.closed === 0 && told.errors > 0 && answer !== undefined && !heard.includes("initialize");
if (!isAsSeen) console.error("The client behaves otherwise now");
process.exit(isAsSeen ? 0 : 1);
JS
node look.mjs
