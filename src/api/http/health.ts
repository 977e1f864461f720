import { Hono } from "hono";
import type { ApiEnv } from "./env.ts";

/** The version of the API that is spoken here: clients compare it to decide what they may ask. */
export const API_VERSION = "0.16.7";

/** Routes of `/health` and `/ready`. Once the process answers at all, it is both. */
export function healthRoutes(): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.on("GET", ["/health", "/ready"], (c) => c.json({ version: API_VERSION, status: "ok" }));
  return routes;
}
