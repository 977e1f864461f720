import { Hono } from "hono";
import { z } from "zod";
import type { Readers } from "../../agent/ports/ports.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pageOf, pageParams } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list } from "../wire/answers/answer.ts";

const TAGS_DEFAULT = 50;
/** Pages of agents and of blocks that are looked through for tags. */
const PAGES_MAX = 1_000;

const ListQuery = z.object({ ...pageParams, query_text: z.string().optional(), name: z.string().optional() });

/** Routes of `/tags`: what agents and blocks are tagged with. The cursor is the tag itself. */
export function tagRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(z.string()) }, async (c, asked) => {
      const query = asked.query();
      const { order, limit, after, before } = pageOf(query, { limit: TAGS_DEFAULT, order: "asc" });
      const sought = (query.name ?? query.query_text ?? "").toLowerCase();
      const follows = (tag: string, cursor: string) => (order === "asc" ? tag > cursor : tag < cursor);
      const found = [...(await allTags(readerFor(options, c, "agents:read")))]
        .filter((tag) => tag.toLowerCase().includes(sought))
        .filter((tag) => after === undefined || follows(tag, after))
        .filter((tag) => before === undefined || follows(before, tag))
        .sort((a, b) => (follows(a, b) ? 1 : -1));
      return c.json(found.slice(0, limit));
    }),
  );

  return routes;
}

/** Every tag in use. There is no table of tags: they are gathered from agents and blocks at each request. */
async function allTags({ agents, blocks }: Readers): Promise<ReadonlySet<string>> {
  const tags = new Set<string>();
  await eachPage(async (cursor) => {
    const page = await agents.list({ showHidden: true }, { ...cursor, orderBy: "created_at" });
    const found = await agents.tagsOf(page.map((agent) => agent.id));
    for (const list of found.values()) for (const tag of list) tags.add(tag);
    return page;
  });
  await eachPage(async (cursor) => {
    const page = await blocks.list({ showHidden: true }, cursor);
    for (const block of page) for (const tag of block.tags) tags.add(tag);
    return page;
  });
  return tags;
}

interface Cursor {
  readonly limit: number;
  readonly order: "asc";
  readonly after?: string;
}

/** Reads page after page, each behind the last row of the one before, until one is not full. */
async function eachPage(read: (cursor: Cursor) => Promise<readonly { readonly id: string }[]>): Promise<void> {
  let after: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await read({ limit: PAGE_ITEMS_MAX, order: "asc", ...(after === undefined ? {} : { after }) });
    after = page.at(-1)?.id;
    if (page.length < PAGE_ITEMS_MAX) return;
  }
}
