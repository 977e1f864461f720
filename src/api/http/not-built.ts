import { type Context, Hono } from "hono";
import { mustFind } from "../../agent/find.ts";
import type { Json } from "../../core/json.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "./env.ts";
import { notImplemented } from "./errors.ts";
import { pathId } from "./request.ts";

/** A part of Letta's API that is not built. Whoever builds it takes its line away. */
export interface Gap {
  /** What is missing, as the subject of a sentence. */
  readonly missing: string;
  /** Whether the sentence goes on with "is" rather than "are". */
  readonly isOne?: boolean;
  /** What is asked for by programs that never use it, and what they are told: there is none. */
  readonly empty?: Readonly<Record<string, Json>>;
  /** What cannot be done: a path, whatever the method, or a method and a path. */
  readonly refused: readonly string[];
}

/** Every part of Letta's API that is not built. */
export const GAPS: readonly Gap[] = [
  {
    missing: "Sandboxes at other services",
    empty: {
      "/sandboxes": { sandboxes: [] },
    },
    refused: ["/sandboxes/*"],
  },
  {
    missing: "Templates",
    empty: {
      "/templates": { templates: [], has_next_page: false },
      "/agents/:agent_id/core-memory/variables": { variables: {} },
    },
    refused: ["/templates/*", "/legacy-templates/*", "/_internal_templates/*"],
  },
  {
    missing: "Projects, balances and what else a hosted account has",
    empty: { "/projects": { projects: [], hasNextPage: false } },
    refused: [
      "/projects/*",
      "/metadata/balance",
      "/metadata/feedback",
      "/metadata/status",
      "/metadata/telemetry",
      "/device-storage-key",
    ],
  },
  {
    missing: "Feeds and pipelines",
    empty: {
      "/feeds": { feeds: [], has_next_page: false },
      "/pipelines": { pipelines: [], hasNextPage: false },
      "/pipelines/count": { count: 0 },
    },
    refused: ["/feeds/*", "/pipelines/*"],
  },
  {
    missing: "Remote environments and files of memory",
    empty: { "/environments": { connections: [], hasNextPage: false } },
    refused: ["/environments/*", "/agents/:agent_id/memory-files/*", "/git/*"],
  },
  { missing: "The proxies of Anthropic's and Z.ai's API", refused: ["/anthropic/*", "/zai/*"] },
  { missing: "Transactions of steps, as a hosted account bills them,", refused: ["/steps/:step_id/transaction/*"] },
  {
    missing: "The search for agents that were made from templates",
    isOne: true,
    refused: ["POST /agents/search", "GET /agents/search/count"],
  },
];

/**
 * Routes of Letta's that are not built: a list that nothing can be in is empty, and everything else answers 501 and says
 * what is missing. They are tried first, as some of their paths look like ids, and pass on what is not theirs.
 */
export function notBuiltRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  for (const gap of GAPS) {
    const sentence = `${gap.missing} ${gap.isOne ? "is" : "are"} not built yet`;
    for (const [path, value] of Object.entries(gap.empty ?? {}))
      onMethod(routes, "GET", path, async (c) => {
        if (path.includes(":agent_id"))
          await mustFind(readerFor(options, c, "agents:read").agents, pathId(c, "agent", "agent_id"));
        return c.json(value);
      });
    for (const refused of gap.refused) {
      const [path = "", method] = refused.split(" ").reverse();
      onMethod(routes, method, path, (c) => notImplemented(c, sentence));
    }
  }
  return routes;
}

/** Takes part as middleware, so that no description of the API counts it as a route. */
function onMethod(
  routes: Hono<ApiEnv>,
  method: string | undefined,
  path: string,
  answer: (c: Context<ApiEnv>) => Response | Promise<Response>,
): void {
  routes.all(path, async (c, next) => (method === undefined || method === c.req.method ? answer(c) : next()));
}
