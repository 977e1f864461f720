import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { TrieRouter } from "hono/router/trie-router";
import { getPathNoStrict } from "hono/utils/url";
import { createRequestRates } from "../access/request-rate.ts";
import type { OrganizationOptions } from "../agent/people/organizations.ts";
import type { SignInOptions } from "../agent/people/sessions.ts";
import type { PluginDesk } from "../agent/plugins/keep.ts";
import type { ProviderDesk } from "../agent/providers/keep-providers.ts";
import type { Refusals } from "../agent/record/refusals.ts";
import type { SealingOptions } from "../agent/secrets/rotate.ts";
import { once } from "../core/once.ts";
import type { DueWork } from "../run/chores/due-work.ts";
import type { ErasingOptions } from "../run/erase-identity.ts";
import type { ChangeHub } from "../run/feed/change-hub.ts";
import { agentBlockRoutes } from "./agents/agent-blocks.ts";
import { agentTransferRoutes } from "./agents/agent-files.ts";
import { agentToolRoutes } from "./agents/agent-tools.ts";
import { type AgentRoutesOptions, agentRoutes } from "./agents/agents.ts";
import { blockRoutes } from "./agents/blocks.ts";
import { contextRoutes } from "./agents/context.ts";
import { embeddingRoutes } from "./agents/embeddings.ts";
import { groupRoutes } from "./agents/groups.ts";
import { identityRoutes } from "./agents/identities.ts";
import { identityLinkRoutes } from "./agents/identity-links.ts";
import { modelRoutes } from "./agents/models.ts";
import { tagRoutes } from "./agents/tags.ts";
import { auditRoutes } from "./feed/audit.ts";
import { changeRoutes } from "./feed/changes.ts";
import { retentionRoutes } from "./feed/retention.ts";
import { webhookRoutes } from "./feed/webhooks.ts";
import { agentFileRoutes } from "./files/agent-files.ts";
import { folderRoutes } from "./files/folders.ts";
import { type AuthOptions, authenticate, isAllowedOrigin } from "./http/auth.ts";
import type { ApiEnv } from "./http/env.ts";
import { answerFailure } from "./http/errors.ts";
import { healthRoutes } from "./http/health.ts";
import { notBuiltRoutes } from "./http/not-built.ts";
import { noteRefusal } from "./http/note-refusal.ts";
import type { OpenStreams } from "./http/open-streams.ts";
import { openApiOf } from "./http/openapi.ts";
import { internalRoutes } from "./internal/internal.ts";
import { internalTemplateRoutes } from "./internal/templates.ts";
import { countRequests } from "./limits/count-requests.ts";
import { limitRoutes } from "./limits/limits.ts";
import { usageRoutes } from "./limits/usage.ts";
import { type McpRouteOptions, mcpServerRoutes } from "./mcp/mcp-servers.ts";
import { olderMcpRoutes } from "./mcp/older-servers.ts";
import { archivalMemoryRoutes } from "./memory/archival-memory.ts";
import { archiveRoutes } from "./memory/archives.ts";
import { memoryRoutes } from "./memory/memory.ts";
import { passageRoutes } from "./memory/passages.ts";
import { forOpenAi } from "./openai/openai-errors.ts";
import { adminRoutes } from "./people/admin.ts";
import { clientTokenRoutes } from "./people/client-tokens.ts";
import { keyRoutes } from "./people/keys.ts";
import { meRoutes } from "./people/me.ts";
import { organizationRoutes } from "./people/organizations.ts";
import { type ProviderSignInOptions, providerSignInRoutes } from "./people/provider-sign-in.ts";
import { sessionRoutes } from "./people/sessions.ts";
import { userRoutes } from "./people/users.ts";
import { pluginRoutes } from "./plugins/plugins.ts";
import { providerRoutes } from "./providers/providers.ts";
import { runRoutes } from "./runs/runs.ts";
import { stepRoutes } from "./runs/steps.ts";
import { siteRoutes } from "./site/routes.ts";
import { projectRoutes } from "./templates/projects.ts";
import { templateSearchRoutes } from "./templates/search.ts";
import { templateRoutes } from "./templates/templates.ts";
import { runToolRoutes } from "./tools/run-tools.ts";
import { sandboxRoutes } from "./tools/sandboxes.ts";
import { secretRoutes } from "./tools/secrets.ts";
import { toolRoutes } from "./tools/tools.ts";

const MOUNT = "/v1";
/** Letta's alias of it. */
const ALIAS = /^\/latest(?=\/|$)/;
/** An agent as a model, at the address that Letta had for it before. */
const OLDER_COMPLETIONS = /^\/openai\/v1\/([^/]+)\/chat\/completions$/;
/** How long a browser may remember what it was told about an origin. */
const PREFLIGHT_SECONDS = 600;

/** What the API is made of. */
export interface ApiOptions
  extends AgentRoutesOptions,
    AuthOptions,
    OrganizationOptions,
    SignInOptions,
    ProviderSignInOptions,
    SealingOptions,
    Pick<ProviderDesk, "serverNames" | "askForModels">,
    Pick<McpRouteOptions, "mcp" | "publicUrl">,
    PluginDesk {
  readonly runner: ErasingOptions["runner"];
  /** Routes that send and show messages, with paths from the root of the API. */
  readonly messageRoutes: Hono<ApiEnv>;
  /** Throws a `refused` Failure for an address that must not be called. */
  readonly checkOutsideUrl: (url: string) => void;
  /** Sends what changes to webhooks. */
  readonly webhooks: DueWork;
  /** Removes what is too old. */
  readonly retention: DueWork;
  /** Writes down who was refused what. */
  readonly refusals: Refusals;
  /** Who listens to what changes. */
  readonly hub: ChangeHub;
  /** See `RequestCounter`. */
  readonly requestsPerMinute: number | null;
  /** Every stream that is open. */
  readonly streams: OpenStreams;
  /** The server's own version. */
  readonly version: string;
}

/** The whole API as one request handler. Every path answers with and without a slash at its end. */
export function createApi(options: ApiOptions): Hono {
  // The router that Hono falls back to for paths like these, after it has tried a faster one at the first request.
  const app = new Hono({ getPath: routedPath, router: new TrieRouter() });
  // Before anything else is said, whether a path exists included.
  const door = authenticate(options);
  const shared = cors({
    origin: async (origin) => ((await isShared(origin, options)) ? origin : null),
    maxAge: PREFLIGHT_SECONDS,
  });
  // A page without the key may read that it needs one; one that may not come at all is not even told what it may send.
  const [open, closed] = [after(door, shared), after(shared, door)];
  app.use("*", (c, next) => (options.door.isOpen() ? open : closed)(c, next));
  app.use("*", countRequests({ ...options, rates: createRequestRates(options.clock) }));
  app.route(MOUNT, routesOf(options));
  const described = once(() => openApiOf(app));
  app.route("/", siteRoutes({ ...options, needsKey: () => !options.door.isOpen(), described }));
  app.onError(async (error, c) => {
    await noteRefusal(options.refusals, error, c);
    return forOpenAi(c.req.path, answerFailure(error, c, options.log));
  });
  const isKnownPath = pathCheck(app);
  app.notFound((c) =>
    isKnownPath(c.req.path) ? c.json({ detail: "Method Not Allowed" }, 405) : c.json({ detail: "Not Found" }, 404),
  );
  return app;
}

/** One step, and what it lets through another. */
function after(first: MiddlewareHandler, second: MiddlewareHandler): MiddlewareHandler {
  return (c, next) =>
    first(c, async () => {
      const response = await second(c, next);
      if (response !== undefined) c.res = response;
    });
}

/** Whether a web page may read answers: as listed, or by a key of its own, which says no page may have it that it is not for. */
async function isShared(origin: string, options: ApiOptions): Promise<boolean> {
  return isAllowedOrigin(origin, options) || (!options.door.isOpen() && (await options.door.hasPage(origin)));
}

/** What decides on the route: the path without a slash at its end, and under its own name. */
function routedPath(request: Request): string {
  return getPathNoStrict(request)
    .replace(ALIAS, MOUNT)
    .replace(OLDER_COMPLETIONS, `${MOUNT}/agents/$1/chat/completions`);
}

function routesOf(options: ApiOptions): Hono<ApiEnv> {
  const api = new Hono<ApiEnv>({ strict: false });
  // What an answer tells must be on disk before it leaves. A stream sees to that itself, event by event.
  api.use("*", async (c, next) => {
    await next();
    if (c.res.headers.get("content-type")?.startsWith("text/event-stream") !== true) await options.store.durable();
    else options.streams.watch(c.var, c.res);
  });
  api.route("/", notBuiltRoutes(options));
  api.route("/", healthRoutes());
  api.route("/", options.messageRoutes);
  api.route("/models", modelRoutes(options));
  api.route("/embeddings", embeddingRoutes(options));
  api.route("/agents", templateSearchRoutes(options));
  api.route("/agents", agentTransferRoutes(options));
  api.route("/agents", agentRoutes(options));
  api.route("/agents", agentBlockRoutes(options));
  api.route("/agents", agentToolRoutes(options));
  api.route("/agents", archivalMemoryRoutes(options));
  api.route("/", archiveRoutes(options));
  api.route("/", folderRoutes(options));
  api.route("/agents", agentFileRoutes(options));
  api.route("/", groupRoutes(options));
  api.route("/", memoryRoutes(options));
  api.route("/blocks", blockRoutes(options));
  api.route("/", internalRoutes(options));
  api.route("/_internal_templates", internalTemplateRoutes(options));
  api.route("/templates", templateRoutes(options));
  api.route("/", projectRoutes(options));
  api.route("/identities", identityRoutes(options));
  api.route("/", identityLinkRoutes(options));
  // Before tools: its paths look like those of one.
  api.route("/tools/mcp", olderMcpRoutes(options));
  api.route("/mcp-servers", mcpServerRoutes(options));
  api.route("/", runToolRoutes(options));
  api.route("/tools", toolRoutes(options));
  api.route("/keys", keyRoutes(options));
  api.route("/users", userRoutes(options));
  api.route("/organizations", organizationRoutes(options));
  api.route("/sessions", sessionRoutes(options));
  api.route("/sessions", providerSignInRoutes(options));
  api.route("/", meRoutes(options));
  api.route("/admin", adminRoutes(options));
  api.route("/client-side-access-tokens", clientTokenRoutes(options));
  api.route("/passages", passageRoutes(options));
  api.route("/runs", runRoutes(options));
  api.route("/steps", stepRoutes(options));
  api.route("/tags", tagRoutes(options));
  api.route("/limits", limitRoutes(options));
  api.route("/usage", usageRoutes(options));
  api.route("/", contextRoutes(options));
  api.route("/changes", changeRoutes(options));
  api.route("/webhooks", webhookRoutes(options));
  api.route("/audit", auditRoutes(options));
  api.route("/retention", retentionRoutes(options));
  api.route("/secrets", secretRoutes(options));
  api.route("/sandbox-config", sandboxRoutes(options));
  api.route("/plugins", pluginRoutes(options));
  api.route("/providers", providerRoutes(options));
  return api;
}

/** Whether a path exists, whatever the method: the router itself only knows pairs of both. */
function pathCheck(app: Hono): (path: string) => boolean {
  const patterns = once(() => {
    const paths = new Set(app.routes.filter((route) => route.method !== "ALL").map((route) => route.path));
    return [...paths].map((path) => new RegExp(`^${path.replace(/(?<=.)\/$/, "").replace(/:[a-z_]+/g, "[^/]+")}$`));
  });
  return (path) => patterns().some((pattern) => pattern.test(path));
}
