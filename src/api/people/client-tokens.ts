import { Hono } from "hono";
import { z } from "zod";
import type { AccessKey } from "../../access/people.ts";
import type { Scope } from "../../access/role.ts";
import { createKey, findKeyByText, listKeys, revokeKey } from "../../agent/people/keys.ts";
import type { PeopleOptions } from "../../agent/people/people.ts";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { ApiEnv } from "../http/env.ts";
import { intParam, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, json, list, nothing } from "../wire/answers/answer.ts";
import { idField, timeOrNull } from "../wire/people/key.ts";
import { timeField } from "../wire/time.ts";

/** How long a token lasts of which nobody says it. */
const TOKEN_MS = 5 * 60 * 1000;
const AGENTS_MAX = 100;
const PAGE_MAX = 100;
const PAGE_DEFAULT = 10;
/** Tokens that are looked through for those of one agent. */
const LISTED_MAX = 1_000;

/** What Letta's words of a policy come to. */
const ACCESS = {
  read_messages: ["agents:read", "runs:read"],
  write_messages: ["agents:talk", "approvals:answer", "runs:cancel"],
  read_agent: ["agents:read", "memory:read"],
  write_agent: ["agents:write", "memory:write"],
} as const satisfies Record<string, readonly Scope[]>;
const WORDS = ["read_messages", "write_messages", "read_agent", "write_agent"] as const;

const PolicyItem = z.object({
  type: z.literal("agent"),
  id: idField("agent"),
  access: z.array(z.enum(WORDS)).min(1).max(WORDS.length),
});
const CreateBody = z.object({
  policy: z.array(PolicyItem).min(1).max(AGENTS_MAX),
  hostname: z.url({ protocol: /^https?$/ }),
  expires_at: timeField().nullish(),
});
const ListQuery = z.object({
  agentId: z.string().optional(),
  offset: intParam(0, LISTED_MAX).optional(),
  limit: intParam(1, PAGE_MAX).optional(),
});

/** Letta's tokens for web pages: keys that are narrowed to agents, and to the pages of one origin. */
export function clientTokenRoutes(options: PeopleOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/",
    takes({ body: CreateBody, answer: WireToken, status: 201 }, async (c, asked) => {
      const { policy, hostname, expires_at } = await asked.body();
      const access = [...new Set(policy.flatMap((item) => item.access))];
      if (policy.some((item) => new Set(item.access).size !== access.length))
        throw new Failure("refused", "The agents of a token have the same access; make a token for each access");
      const { key, text } = await createKey(options, c.var.caller, {
        name: "client token",
        narrowing: { scopes: [...new Set(access.flatMap((word) => ACCESS[word]))], agents: policy.map(({ id }) => id) },
        origin: new URL(hostname).origin,
        metadata: { hostname, policy },
        expiresAt: expires_at ?? instantOf(options.clock.now() + TOKEN_MS),
      });
      return c.json(toWireToken(key, text), 201);
    }),
  );

  routes.get(
    "/",
    takes({ query: ListQuery, answer: WireTokens }, async (c, asked) => {
      const { agentId, offset = 0, limit = PAGE_DEFAULT } = asked.query();
      const page = { limit: LISTED_MAX, order: "desc" } as const;
      const filter = { page, openAt: options.clock.now(), hasOrigin: true };
      const keys = await listKeys(options, c.var.caller, filter);
      const found = agentId === undefined ? keys : keys.filter(({ agents }) => agents?.includes(agentId));
      const tokens = found.slice(offset, offset + limit).map((key) => toWireToken(key, key.id));
      return c.json({ tokens, hasNextPage: found.length > offset + limit });
    }),
  );

  routes.delete(
    "/:token",
    takes({ answer: nothing }, async (c) => {
      const key = await findKeyByText(options, c.var.caller, pathText(c, "token"));
      await revokeKey(options, c.var.caller, key);
      return c.body(null, 204);
    }),
  );

  return routes;
}

const WireToken = answer("ClientToken", {
  policy: json,
  token: z.string(),
  hostname: json,
  expiresAt: z.string(),
});

const WireTokens = answer("ClientTokens", { tokens: list(WireToken), hasNextPage: z.boolean() });

/** As Letta shows it. What opens is not stored: a list names the key's id, by which it can be deleted, too. */
function toWireToken({ metadata, expiresAt }: AccessKey, token: string): z.output<typeof WireToken> {
  return {
    policy: { version: "1", data: metadata["policy"] ?? [] },
    token,
    hostname: metadata["hostname"] ?? "",
    expiresAt: timeOrNull(expiresAt) ?? "",
  };
}
