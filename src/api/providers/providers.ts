import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  changeProvider,
  checkKeptProvider,
  checkProvider,
  createProvider,
  findProvider,
  listProviders,
  type ProviderDesk,
  refreshProvider,
  removeProvider,
  type ShownProvider,
} from "../../agent/providers/keep-providers.ts";
import { HIDDEN_VALUE } from "../../agent/secrets/owned-secrets.ts";
import { Failure } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list, said, time } from "../wire/answers/answer.ts";
import { isoTime } from "../wire/time.ts";

const PAGE_DEFAULT = { limit: 50, order: "desc" } as const;
const TEXT_CHARS_MAX = 4_096;

const text = z.string().max(TEXT_CHARS_MAX);
/** Clients send an empty text where a person filled nothing in. */
const field = text.nullish().transform((value) => (value === "" ? null : value));
const place = { base_url: field, region: field, api_version: field };
// Looked at by hand, as no answer may repeat them.
const keys = { api_key: z.unknown().optional(), access_key: z.unknown().optional() };
const CreateBody = z.object({ name: text, provider_type: text, ...keys, ...place });
const CheckBody = z.object({ provider_type: text, ...keys, ...place });
const ChangeBody = z.object({ ...keys, base_url: text.nullish(), region: text.nullish(), api_version: text.nullish() });
const ListQuery = z.object({ ...pageParams, name: text.optional(), provider_type: text.optional() });

/** Routes of `/providers`: keys that an organisation brings for its own models. */
export function providerRoutes(options: ProviderDesk): Hono<ApiEnv> {
  const idOf = (c: Context) => pathId(c, "provider", "provider_id");
  const show = (c: Context<ApiEnv>, one: ShownProvider) => c.json(toWireProvider(one, c.var.caller.organizationId));
  return new Hono<ApiEnv>()
    .get(
      "/",
      takes({ query: ListQuery, answer: list(WireProvider) }, async (c, asked) => {
        const { name, provider_type: type, ...query } = asked.query();
        const wanted = { filter: given({ name, type }), page: pageOf(query, PAGE_DEFAULT) };
        const all = await listProviders(options, c.var.caller, wanted);
        return c.json(all.map((one) => toWireProvider(one, c.var.caller.organizationId)));
      }),
    )

    .post(
      "/",
      takes({ body: CreateBody, answer: WireProvider }, async (c, asked) => {
        const { name, ...body } = await asked.body();
        return show(c, await createProvider(options, c.var.caller, { name, ...draftOf(body) }));
      }),
    )

    .post(
      "/check",
      takes({ body: CheckBody, answer: said }, async (c, asked) => {
        const draft = draftOf(await asked.body());
        await checkProvider(options, c.var.caller, draft);
        return c.json(validOf(draft.type));
      }),
    )

    .get(
      "/:provider_id",
      takes({ answer: WireProvider }, async (c) => show(c, await findProvider(options, c.var.caller, idOf(c)))),
    )

    .patch(
      "/:provider_id",
      takes({ body: ChangeBody, answer: WireProvider }, async (c, asked) => {
        const id = idOf(c);
        const change = changeOf(await asked.body());
        return show(c, await changeProvider(options, c.var.caller, { id, change }));
      }),
    )

    .delete(
      "/:provider_id",
      takes({ answer: said }, async (c) => {
        const id = idOf(c);
        await removeProvider(options, c.var.caller, id);
        return c.json({ message: `Provider id=${id} successfully deleted` });
      }),
    )

    .patch(
      "/:provider_id/refresh",
      takes({ answer: WireProvider }, async (c) => show(c, await refreshProvider(options, c.var.caller, idOf(c)))),
    )

    .post(
      "/:provider_id/check",
      takes({ answer: said }, async (c) =>
        c.json(validOf((await checkKeptProvider(options, c.var.caller, idOf(c))).type)),
      ),
    );
}

function validOf(type: string): JsonObject {
  return { message: `Valid api key for provider_type=${type}` };
}

function draftOf({ provider_type, api_key, access_key, ...body }: z.output<typeof CheckBody>) {
  return {
    type: provider_type,
    baseUrl: body.base_url ?? null,
    region: body.region ?? null,
    apiVersion: body.api_version ?? null,
    keys: { apiKey: keyIn("api_key", api_key) ?? null, accessKey: keyIn("access_key", access_key) ?? null },
  };
}

/** What is null or absent stays; an empty text takes away. */
function changeOf({ api_key, access_key, ...body }: z.output<typeof ChangeBody>) {
  const [apiKey, accessKey] = [keyIn("api_key", api_key), keyIn("access_key", access_key)];
  const fields = given({ baseUrl: body.base_url, region: body.region, apiVersion: body.api_version });
  const fresh = {
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(accessKey === undefined ? {} : { accessKey }),
  };
  const emptied = Object.entries(fields).map(([name, value]) => [name, value === "" ? null : value]);
  return { ...Object.fromEntries(emptied), keys: fresh };
}

/** A key as a client sends it: null where it is emptied, undefined where it stays. */
function keyIn(name: string, value: unknown): string | null | undefined {
  if (value === undefined || value === null || value === HIDDEN_VALUE) return undefined;
  if (typeof value !== "string") throw new Failure("invalid", `body.${name}: Input should be a valid string`);
  return value.trim() === "" ? null : value.trim();
}

const WireProvider = answer("Provider", {
  id: z.string(),
  name: z.string(),
  provider_type: z.string(),
  provider_category: z.literal("byok"),
  api_key: z.null(),
  base_url: z.string().nullable(),
  access_key: z.null(),
  region: z.string().nullable(),
  api_version: z.string().nullable(),
  organization_id: z.string(),
  updated_at: time,
  last_synced: z.string().nullable(),
  api_key_enc: z.literal("********").nullable(),
  access_key_enc: z.literal("********").nullable(),
});

function toWireProvider({ provider, holds }: ShownProvider, organizationId: string): z.output<typeof WireProvider> {
  const { id, name, type, baseUrl, region, apiVersion, updatedAt, syncedAt } = provider;
  return {
    id,
    name,
    provider_type: type,
    provider_category: "byok",
    api_key: null,
    base_url: baseUrl,
    access_key: null,
    region,
    api_version: apiVersion,
    organization_id: organizationId,
    updated_at: isoTime(updatedAt),
    last_synced: syncedAt === null ? null : isoTime(syncedAt),
    api_key_enc: holds.apiKey ? HIDDEN_VALUE : null,
    access_key_enc: holds.accessKey ? HIDDEN_VALUE : null,
  };
}
