import { Hono } from "hono";
import { z } from "zod";
import { answer } from "../wire/answers/answer.ts";
import type { ApiEnv } from "./env.ts";
import { takes } from "./takes.ts";

/** The version of the API that is spoken here: clients compare it to decide what they may ask. */
export const API_VERSION = "0.16.7";

const WireHealth = answer("Health", { version: z.string(), status: z.literal("ok") });

/** Routes of `/health` and `/ready`. Once the process answers at all, it is both. */
export function healthRoutes(): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const healthy = takes({ answer: WireHealth }, (c) => c.json({ version: API_VERSION, status: "ok" }));
  routes.on("GET", ["/health", "/ready"], healthy);
  return routes;
}
