import { type Context, Hono } from "hono";
import { z } from "zod";
import { may } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { parseId, requireId } from "../../core/id.ts";
import {
  type BatchDraft,
  type BatchWorkshop,
  cancelBatch,
  createBatch,
  findBatch,
  listBatches,
  REQUESTS_MAX,
} from "../../run/batches/create-batch.ts";
import { type ApiEnv, readerFor } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list } from "../wire/answers/answer.ts";
import { toWireRow } from "../wire/context.ts";
import { toWireBatch, WireBatch, WireBatchMessages } from "./batch-view.ts";
import { withImages } from "./images.ts";
import { askedOf, checkSend, inputOf, SendBody } from "./messages-body.ts";
import type { SendOptions } from "./send.ts";

/** Batches and messages of a page; Letta's number. */
const LIMIT_DEFAULT = 100;
/** Images of one batch that are fetched. */
const IMAGES_MAX = 20;
const URL_CHARS_MAX = 2_083;

const CreateBody = z.object({
  requests: z.array(SendBody.extend({ agent_id: z.string() })).max(REQUESTS_MAX),
  callback_url: z.string().min(1).max(URL_CHARS_MAX).nullish(),
});
const ListQuery = z.object({ ...pageParams, order_by: z.literal("created_at").optional() });
const MessagesQuery = ListQuery.extend({ agent_id: z.string().optional() });

/** `/v1/messages/batches`: many requests to agents at once. */
export function batchRoutes(options: SendOptions & BatchWorkshop): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post(
      "/messages/batches",
      takes({ body: CreateBody, answer: WireBatch }, async (c, asked) => {
        const { requests, callback_url: callbackUrl } = await asked.body();
        if (callbackUrl != null) options.checkOutsideUrl(callbackUrl);
        const drafts = await draftsOf(options, c, requests);
        const made = await createBatch(options, c.var.caller, { drafts, callbackUrl: callbackUrl ?? null });
        return c.json(toWireBatch(made));
      }),
    )

    .get(
      "/messages/batches",
      takes({ query: ListQuery, answer: list(WireBatch) }, async (c, asked) => {
        const page = pageOf(asked.query(), { limit: LIMIT_DEFAULT, order: "desc" });
        return c.json((await listBatches(options, c.var.caller, page)).map(toWireBatch));
      }),
    )

    .get(
      "/messages/batches/:batch_id",
      takes({ answer: WireBatch }, async (c) =>
        c.json(toWireBatch(await findBatch(options, c.var.caller, pathId(c, "job", "batch_id")))),
      ),
    )

    .get(
      "/messages/batches/:batch_id/messages",
      takes({ query: MessagesQuery, answer: WireBatchMessages }, async (c, asked) => {
        const { batch } = await findBatch(options, c.var.caller, pathId(c, "job", "batch_id"));
        const { agent_id: agentId, ...query } = asked.query();
        const named = agentId === undefined ? undefined : requireId("agent", agentId);
        const filter = { batchId: batch.id, ...given({ agentId: named }) };
        const page = pageOf(query, { limit: LIMIT_DEFAULT, order: "desc" });
        const found = await readerFor(options, c, "runs:read").messages.list(filter, page);
        return c.json({ messages: found.map(toWireRow) });
      }),
    )

    .patch(
      "/messages/batches/:batch_id/cancel",
      takes({ answer: z.null() }, async (c) => {
        await cancelBatch(options, c.var.caller, pathId(c, "job", "batch_id"));
        return c.json(null);
      }),
    );
}

/** What each request of a body asks for. Images that they name by their addresses are fetched now. */
async function draftsOf(
  options: SendOptions,
  c: Context<ApiEnv>,
  requests: z.output<typeof CreateBody>["requests"],
): Promise<readonly BatchDraft[]> {
  const { caller } = c.var;
  const urls = requests.flatMap(({ messages, input }) => [input, ...(messages ?? []).map(contentOf)].flatMap(urlsIn));
  if (urls.length > IMAGES_MAX)
    throw new Failure("refused", `A batch may name ${IMAGES_MAX} images by their addresses, got ${urls.length}`);
  const drafts: BatchDraft[] = [];
  for (const [position, { agent_id, ...said }] of requests.entries()) {
    const agentId = parseId("agent", agent_id);
    if (agentId === undefined) throw new Failure("invalid", `requests.${position}.agent_id: it names no agent`);
    may(caller, "agents:talk", { agentId });
    checkSend({ ...said, background: false }, false);
    // Nobody waits who could run a tool of the client.
    const body = { ...said, client_tools: null, client_skills: null, background: true };
    const input = inputOf(await withImages(body, { ...options, agentId, caller }));
    drafts.push({ agentId, input, options: askedOf(body, false).options });
  }
  return drafts;
}

type Content = z.output<typeof SendBody>["input"];
type Item = NonNullable<z.output<typeof SendBody>["messages"]>[number];

function contentOf(item: Item): Content {
  return "role" in item ? item.content : null;
}

function urlsIn(content: Content): readonly string[] {
  if (content == null || typeof content === "string") return [];
  return content.flatMap((part) => (part.type === "image" && part.source.type === "url" ? [part.source.url] : []));
}
