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
  /** Why there is no place for it on a server of one's own, as the end of a sentence; what has none is not built yet. */
  readonly why?: string;
  /** What is asked for by programs that never use it, and what they are told: there is none. */
  readonly empty?: Readonly<Record<string, Json>>;
  /** What cannot be done: a path, whatever the method, or a method and a path. */
  readonly refused: readonly string[];
}

/** Every part of Letta's API that is not built. */
export const GAPS: readonly Gap[] = [
  {
    missing: "Sandboxes at other services",
    why: "tools run on this machine",
    empty: {
      "/sandboxes": { sandboxes: [] },
    },
    refused: ["/sandboxes/*"],
  },
  {
    missing: "A balance",
    isOne: true,
    why: "nothing is sold here, and GET /v1/usage tells what was used",
    refused: ["/metadata/balance"],
  },
  {
    missing: "Feedback and telemetry",
    why: "nobody here takes them, and nothing of them was kept or sent on",
    refused: ["/metadata/feedback", "/metadata/telemetry"],
  },
  {
    missing: "A key for what a browser keeps",
    isOne: true,
    why: "no page of this server keeps anything in one",
    refused: ["/device-storage-key"],
  },
  {
    missing: "Projects from before templates had versions",
    why: "there never were any here, and POST /v1/templates makes a template",
    refused: ["/legacy-templates/*"],
  },
  {
    missing: "Feeds and pipelines",
    why: "webhooks and GET /v1/changes tell what happens here, and plugins fill folders",
    empty: {
      "/feeds": { feeds: [], has_next_page: false },
      "/pipelines": { pipelines: [], hasNextPage: false },
      "/pipelines/count": { count: 0 },
    },
    refused: ["/feeds/*", "/pipelines/*"],
  },
  {
    missing: "Remote environments and files of memory",
    why: "agents work on this machine, and their memory is in blocks and archives",
    empty: { "/environments": { connections: [], hasNextPage: false } },
    refused: ["/environments/*", "/agents/:agent_id/memory-files/*", "/git/*"],
  },
  { missing: "The proxies of Anthropic's and Z.ai's API", refused: ["/anthropic/*", "/zai/*"] },
];

/**
 * Routes of Letta's that are not built: a list that nothing can be in is empty, and everything else answers 501 and says
 * what is missing. They are tried first, as some of their paths look like ids, and pass on what is not theirs.
 */
export function notBuiltRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  for (const gap of GAPS) {
    const sentence = sentenceOf(gap);
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

/** What whoever asks for it is told. */
function sentenceOf({ missing, isOne, why }: Gap): string {
  const verb = isOne ? "is" : "are";
  return why === undefined
    ? `${missing} ${verb} not built yet`
    : `${missing} ${verb} part of Letta's hosted product alone: ${why}. See docs/compatibility.md`;
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
