import { type Caller, mayEverywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import type { McpToolDefinition } from "./connections.ts";
import { McpUnauthorized } from "./mcp-failure.ts";
import type { McpServer } from "./mcp-server.ts";
import { askForTools, findMcpServer, type McpDraft, refreshMcpServer, tryMcpServer } from "./mcp-servers.ts";
import { type BegunSignIn, beginSignIn, type SignInWorkshop, signInState } from "./sign-in.ts";

/** How often it is looked whether a person has come back. */
const LOOK_MS = 1_000;

/** What somebody who connects to a server is told, in Letta's words. */
export type ConnectEvent =
  | { readonly event: "connection_attempt"; readonly server_name: string }
  | { readonly event: "success"; readonly tools: readonly McpToolDefinition[] }
  | { readonly event: "error"; readonly message: string }
  | { readonly event: "oauth_required"; readonly message: string }
  | { readonly event: "authorization_url"; readonly url: string; readonly session_id: string }
  | { readonly event: "waiting_for_auth"; readonly session_id: string; readonly message: string };

/** To what, and where a person comes back to who has to sign in. */
export interface ConnectWish {
  /** A server that is kept, by its id, or one as somebody brings it. */
  readonly to: { readonly id: string } | { readonly draft: McpDraft };
  readonly redirectUrl: string;
  /** Aborts when nobody listens any more. */
  readonly signal: AbortSignal;
}

/**
 * Connects to a server, and has a person sign in where it wants that. A server that is kept gets its tools. Throws where
 * the caller may not, or there is none; what goes wrong later is an event.
 */
export async function connectToServer(
  workshop: SignInWorkshop,
  caller: Caller,
  wish: ConnectWish,
): Promise<AsyncGenerator<ConnectEvent>> {
  mayEverywhere(caller, "tools:write");
  const { name, url } =
    "draft" in wish.to ? wish.to.draft : (await findMcpServer(workshop, caller, { id: wish.to.id })).server;
  return connecting(workshop, caller, { ...wish, name, url });
}

/** What is connected to, and what it is called. */
type Connecting = ConnectWish & Pick<McpServer, "name" | "url">;

async function* connecting(workshop: SignInWorkshop, caller: Caller, wish: Connecting): AsyncGenerator<ConnectEvent> {
  const { name, url } = wish;
  yield { event: "connection_attempt", server_name: name };
  try {
    const first = await toolsUnlessUnauthorized(workshop, caller, wish);
    if (first.tools !== null) {
      yield { event: "success", tools: first.tools };
      return;
    }
    if (url === null) throw new Failure("refused", "A command has nobody sign in");
    yield { event: "oauth_required", message: "OAuth authentication required" };
    const begun = await beginSignIn(workshop, caller, {
      url,
      redirectUrl: wish.redirectUrl,
      challenge: first.challenge,
    });
    if (begun.url !== null) {
      yield { event: "authorization_url", url: begun.url, session_id: begun.id };
      yield { event: "waiting_for_auth", session_id: begun.id, message: "Waiting for OAuth authorization" };
      await untilSignedIn(workshop, caller, { url, begun, signal: wish.signal });
    }
    yield { event: "success", tools: await toolsOf(workshop, caller, wish) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    yield { event: "error", message: error.message };
  }
}

/** What the server offers, or what it says of how to sign in. */
async function toolsUnlessUnauthorized(workshop: SignInWorkshop, caller: Caller, wish: ConnectWish) {
  try {
    return { tools: await toolsOf(workshop, caller, wish), challenge: {} };
  } catch (error) {
    if (error instanceof McpUnauthorized) return { tools: null, challenge: error.challenge };
    throw error;
  }
}

async function toolsOf(workshop: SignInWorkshop, caller: Caller, { to }: ConnectWish) {
  if ("draft" in to) return tryMcpServer(workshop, caller, to.draft);
  await refreshMcpServer(workshop, caller, { naming: to, agentId: null });
  return askForTools(workshop, caller, to);
}

async function untilSignedIn(
  workshop: SignInWorkshop,
  caller: Caller,
  { url, begun, signal }: { readonly url: string; readonly begun: BegunSignIn; readonly signal: AbortSignal },
): Promise<void> {
  const { clock } = workshop;
  while (!signal.aborted) {
    const { status, error } = await signInState(workshop, caller, url);
    if (status === "authorized") return;
    if (status === "failed") throw new Failure("refused", error ?? "Nobody was let in");
    if (clock.now() > begun.dueAt) throw new Failure("timeout", "Nobody came back in time");
    await clock.sleep(LOOK_MS, signal);
  }
  throw new Failure("refused", "Nobody listens any more");
}
