import { z } from "zod";
import { civilOf } from "../../core/civil.ts";
import type { Clock, Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type JsonObject, parseJson } from "../../core/json.ts";
import type { FetchOutside } from "../../core/outside.ts";
import { cut } from "../../core/text.ts";
import { webSearch } from "../builtin/web.ts";
import { type OutsideWork, outsideWork } from "../outside-builtin.ts";
import type { OutsideCall } from "../runtime.ts";
import { brave } from "./brave.ts";
import { exa } from "./exa.ts";
import { ARGUMENTS, type SearchEngine, type SearchWish } from "./search-engine.ts";
import { searxng } from "./searxng.ts";
import { tavily } from "./tavily.ts";

/** How long a service may take, and bytes of its answer that are read. */
const SEARCH_MS_MAX = 30_000;
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** Hits that a call gets when it does not say, and at most. */
const HITS_DEFAULT = 10;
const HITS_MAX = 100;
/** Characters of what a service says of its failure. */
const COMPLAINT_CHARS_MAX = 300;

const SERVICES = { EXA_API_KEY: exa, TAVILY_API_KEY: tavily, BRAVE_API_KEY: brave } as const;

/** Keys of search services, by the names of their variables. */
export type SearchKeys = { readonly [K in keyof typeof SERVICES]?: string | undefined };

/** What searching the web needs. */
export interface WebSearchOptions {
  /** Reaches services on the public internet. */
  readonly fetchOutside: FetchOutside;
  /** Reaches the address that whoever runs the server named, wherever that is. */
  readonly fetchAnywhere: FetchOutside;
  readonly clock: Pick<Clock, "now">;
  /** Keys of the server's own; an agent's secret of the same name goes first. */
  readonly keys: SearchKeys;
  /** The address of a SearXNG; null where there is none. */
  readonly searxngUrl: string | null;
}

const nullable = <T>(schema: z.ZodType<T>) => schema.nullish();
const Arguments = z.object({
  query: z.string(),
  num_results: nullable(z.number()),
  category: nullable(z.string()),
  include_text: nullable(z.boolean()),
  include_domains: nullable(z.array(z.string())),
  exclude_domains: nullable(z.array(z.string())),
  start_published_date: nullable(z.string()),
  end_published_date: nullable(z.string()),
  user_location: nullable(z.string()),
});

/** How `web_search` does its work. A search that fails is told in the answer, as Letta tells it, and is no failed call. */
export function webSearchWork(options: WebSearchOptions): OutsideWork {
  return outsideWork(webSearch, Arguments, async (args, call) => {
    const wish = wishOf(args, dayOf(options.clock.now()));
    const found = await searched(options, wish, call).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      return { query: wish.query, error: error.message };
    });
    return JSON.stringify(found, null, 2);
  });
}

/** The day of an instant, as an ISO date. */
function dayOf(now: Instant): string {
  const { year, month, day } = civilOf(Math.floor(now / 1000));
  const two = (number: number) => String(number).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}`;
}

function wishOf(args: z.infer<typeof Arguments>, today: string): SearchWish {
  const count = Math.trunc(args.num_results ?? HITS_DEFAULT);
  return {
    query: args.query,
    count: Math.min(Math.max(count, 1), HITS_MAX),
    category: args.category ?? null,
    wholeText: args.include_text ?? false,
    includeDomains: args.include_domains ?? [],
    excludeDomains: args.exclude_domains ?? [],
    publishedFrom: args.start_published_date ?? null,
    publishedTo: args.end_published_date ?? null,
    country: args.user_location ?? null,
    today,
  };
}

async function searched(options: WebSearchOptions, wish: SearchWish, call: OutsideCall): Promise<JsonObject> {
  const { service, access, fetch } = engineFor(options, call);
  const { url, ...request } = service.request(wish, access);
  const limits = { timeoutMs: SEARCH_MS_MAX, bytesMax: ANSWER_BYTES_MAX, redirectsMax: 0, signal: call.signal };
  const { status, body } = await fetch(url, { ...request, ...limits });
  const text = new TextDecoder().decode(body);
  if (status !== 200) {
    const complaint = cut(text.replaceAll(access, "[key]"), COMPLAINT_CHARS_MAX);
    throw new Failure("unavailable", `${service.name} answered with status ${status}: ${complaint}`);
  }
  const answer = parseJson(text);
  if (answer === undefined) throw new Failure("unavailable", `${service.name} answered with no JSON`);
  const ignored = service.ignores.filter((name) => ARGUMENTS[name](wish));
  const results = service.read(answer, wish).map((hit): JsonObject => ({ ...hit }));
  return { query: wish.query, ...(ignored.length === 0 ? {} : { ignored }), results };
}

/** The service to ask, and by which key: the agent's own where it has one. */
function engineFor(
  options: WebSearchOptions,
  { environment }: OutsideCall,
): { readonly service: SearchEngine; readonly access: string; readonly fetch: FetchOutside } {
  for (const keys of [environment, options.keys] as readonly SearchKeys[])
    for (const name of ["EXA_API_KEY", "TAVILY_API_KEY", "BRAVE_API_KEY"] as const) {
      const access = keys[name];
      if (access !== undefined && access !== "")
        return { service: SERVICES[name], access, fetch: options.fetchOutside };
    }
  if (options.searxngUrl !== null)
    return { service: searxng, access: options.searxngUrl, fetch: options.fetchAnywhere };
  throw new Failure(
    "unavailable",
    `There is no search service: set one of ${Object.keys(SERVICES).join(", ")} in the agent's secrets or the server's environment, or SELKIE_SEARXNG_URL in the latter`,
  );
}
