import { Hono } from "hono";
import { z } from "zod";
import { rotateSecrets, type Sealing, type SealingOptions, sealingOf } from "../../agent/secrets/rotate.ts";
import type { ApiEnv } from "../http/env.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";

/** Routes of `/secrets`: how secrets are sealed, and another key for them. What they hold is shown nowhere. */
export function secretRoutes(options: SealingOptions): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get(
      "/",
      takes({ answer: WireSealing }, async (c) => c.json(toWireSealing(await sealingOf(options, c.var.caller)))),
    )

    .post(
      "/rotate",
      takes({ answer: WireRotation }, async (c) => {
        const { resealed, broken, dropped, ...sealing } = await rotateSecrets(options, c.var.caller);
        return c.json({ ...toWireSealing(sealing), resealed, broken, dropped_key_ids: dropped });
      }),
    );
}

const WireSealing = answer("Sealing", {
  key_ids: list(z.string()),
  total: z.number(),
  older: z.number(),
  unreadable: list(z.strictObject({ organization_id: z.string(), owner_id: z.string(), name: z.string() })),
});

const WireRotation = answer("Rotation", {
  ...WireSealing.shape,
  resealed: z.number(),
  broken: z.number(),
  dropped_key_ids: list(z.string()),
});

function toWireSealing({ keyIds, total, older, lost }: Sealing): z.output<typeof WireSealing> {
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
