import { Hono } from "hono";
import { rotateSecrets, type Sealing, type SealingOptions, sealingOf } from "../../agent/secrets/rotate.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ApiEnv } from "../http/env.ts";

/** Routes of `/secrets`: how secrets are sealed, and another key for them. What they hold is shown nowhere. */
export function secretRoutes(options: SealingOptions): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get("/", async (c) => c.json(toWireSealing(await sealingOf(options, c.var.caller))))

    .post("/rotate", async (c) => {
      const { resealed, broken, dropped, ...sealing } = await rotateSecrets(options, c.var.caller);
      return c.json({ ...toWireSealing(sealing), resealed, broken, dropped_key_ids: dropped });
    });
}

function toWireSealing({ keyIds, total, older, lost }: Sealing): JsonObject {
  return {
    key_ids: keyIds,
    total,
    older,
    unreadable: lost.map(({ organizationId, ownerId, name }) => ({
      organization_id: organizationId,
      owner_id: ownerId,
      name,
    })),
  };
}
