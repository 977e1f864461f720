import { Hono } from "hono";
import { z } from "zod";
import { CHANGE_KINDS } from "../../agent/ports/changes.ts";
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  findWebhook,
  listWebhooks,
  type WebhookWorkshop,
} from "../../agent/record/webhooks.ts";
import type { Webhook } from "../../agent/webhook.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list, time } from "../wire/answers/answer.ts";
import { isoTime, isoTimeOrNull } from "../wire/time.ts";

const URL_CHARS_MAX = 4_096;

const fields = {
  kinds: z.array(z.enum(CHANGE_KINDS)).max(CHANGE_KINDS.length).optional(),
  enabled: z.boolean().optional(),
};
const CreateBody = z.strictObject({ url: z.string().min(1).max(URL_CHARS_MAX), ...fields });
const ChangeBody = z.strictObject({
  url: z.string().min(1).max(URL_CHARS_MAX).optional(),
  ...fields,
  rotate_secret: z.boolean().optional(),
});

/** Routes of `/webhooks`: addresses that are told of changes. */
export function webhookRoutes(options: WebhookWorkshop): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get(
      "/",
      takes({ answer: list(WireWebhook) }, async (c) =>
        c.json((await listWebhooks(options, c.var.caller)).map(toWireWebhook)),
      ),
    )

    .post(
      "/",
      takes({ body: CreateBody, answer: WireOpenWebhook }, async (c, asked) => {
        const { enabled, ...body } = await asked.body();
        const draft = { url: body.url, ...given({ kinds: body.kinds, isEnabled: enabled }) };
        const { webhook, secret } = await createWebhook(options, c.var.caller, draft);
        return c.json({ ...toWireWebhook(webhook), secret });
      }),
    )

    .get(
      "/:webhook_id",
      takes({ answer: WireWebhook }, async (c) =>
        c.json(toWireWebhook(await findWebhook(options, c.var.caller, pathId(c, "webhook", "webhook_id")))),
      ),
    )

    .patch(
      "/:webhook_id",
      takes({ body: ChangeBody, answer: WireOpenWebhook }, async (c, asked) => {
        const { url, kinds, enabled, rotate_secret: rotatesSecret = false } = await asked.body();
        const change = given({ url, kinds, isEnabled: enabled });
        const wish = { id: pathId(c, "webhook", "webhook_id"), change, rotatesSecret };
        const { webhook, secret } = await changeWebhook(options, c.var.caller, wish);
        return c.json({ ...toWireWebhook(webhook), ...(secret === null ? {} : { secret }) });
      }),
    )

    .delete(
      "/:webhook_id",
      takes({ answer: z.null() }, async (c) => {
        await deleteWebhook(options, c.var.caller, pathId(c, "webhook", "webhook_id"));
        return c.json(null);
      }),
    );
}

const WireWebhook = answer("Webhook", {
  id: z.string(),
  url: z.string(),
  kinds: list(z.enum(CHANGE_KINDS)),
  enabled: z.boolean(),
  stopped_at: time.nullable(),
  missed: z.number(),
  last_sent_at: time.nullable(),
  last_status: z.number().nullable(),
  last_error: z.string().nullable(),
  created_at: time,
  updated_at: time,
});

const WireOpenWebhook = answer("OpenWebhook", { ...WireWebhook.shape, secret: z.string().exactOptional() });

/** A webhook as clients see it: its secret is not among that. */
function toWireWebhook(webhook: Webhook): z.output<typeof WireWebhook> {
  return {
    id: webhook.id,
    url: webhook.url,
    kinds: webhook.kinds,
    enabled: webhook.isEnabled,
    stopped_at: isoTimeOrNull(webhook.parkedAt),
    missed: webhook.missed,
    last_sent_at: isoTimeOrNull(webhook.lastSentAt),
    last_status: webhook.lastStatus,
    last_error: webhook.lastError,
    created_at: isoTime(webhook.createdAt),
    updated_at: isoTime(webhook.updatedAt),
  };
}
