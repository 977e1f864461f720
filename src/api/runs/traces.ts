import { type Context, Hono } from "hono";
import type { ProviderTrace } from "../../agent/provider-trace.ts";
import { parseId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { toWireTrace, WireTrace } from "../wire/provider-trace.ts";

/** `/telemetry/{step_id}`: the provider trace of a step under its older address. */
export function telemetryRoutes(options: Pick<RouteOptions, "store">): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.get(
    "/telemetry/:step_id",
    takes({ answer: WireTrace.nullable() }, async (c) => c.json(await stepTrace(options, c, pathText(c, "step_id")))),
  );
  return routes;
}

/** The trace of a step as clients see it; null when none is kept. */
export async function stepTrace(
  options: Pick<RouteOptions, "store">,
  c: Context<ApiEnv>,
  text: string,
): Promise<JsonObject | null> {
  const id = parseId("step", text);
  const trace = id === undefined ? undefined : await readerFor(options, c, "runs:read").traces.find(id);
  if (trace === undefined) return null;
  return (await showTraces(options, c, [trace]))[0] ?? null;
}

/** Traces as clients see them, with the tags that their agents have now. */
export async function showTraces(
  options: Pick<RouteOptions, "store">,
  c: Context<ApiEnv>,
  traces: readonly ProviderTrace[],
): Promise<readonly JsonObject[]> {
  const ids = [...new Set(traces.map((trace) => trace.agentId))];
  const tags = await readerFor(options, c, "runs:read").agents.tagsOf(ids);
  return traces.map((trace) => toWireTrace(trace, c.var.caller.organizationId, tags.get(trace.agentId) ?? []));
}
