import { Hono } from "hono";
import { z } from "zod";
import { mayEverywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import type { ApiEnv, RouteOptions } from "../http/env.ts";
import { takes } from "../http/takes.ts";

/** Bytes of each unit that a size can be told in. */
const UNITS = new Map([
  ["B", 1],
  ["KB", 1024],
  ["MB", 1024 ** 2],
  ["GB", 1024 ** 3],
  ["TB", 1024 ** 4],
]);

/** Routes of `/embeddings`. */
export function embeddingRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/total_storage_size",
    takes({ answer: z.number() }, async (c) => {
      const name = c.req.header("storage-unit") ?? "GB";
      const unit = UNITS.get(name.toUpperCase());
      if (unit === undefined)
        throw new Failure(
          "invalid",
          `header.storage-unit: one of ${[...UNITS.keys()].join(", ")}, got '${cut(name, 20)}'`,
        );
      const { vectors } = options.store.reader(mayEverywhere(c.var.caller, "agents:read"));
      return c.json((await vectors.bytes()) / unit);
    }),
  );

  return routes;
}
