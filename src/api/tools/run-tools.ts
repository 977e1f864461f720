import { Hono } from "hono";
import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import { pythonRepr } from "../../core/python-repr.ts";
import { type HandAnswer, type HandOptions, runSource, runToolOf } from "../../run/calls/call-tool.ts";
import type { ApiEnv } from "../http/env.ts";
import { pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { toWireSeconds } from "../wire/time.ts";
import { RunSourceBody } from "../wire/tool-body.ts";

const RunBody = z.object({ args: z.record(z.string(), z.json()).nullish() });
/** Letta's id of a message that is none, and of its call. */
const NONE = "null";

/** Routes that run a tool by hand. */
export function runToolRoutes(options: HandOptions): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post(
      "/tools/run",
      takes({ body: RunSourceBody }, async (c, asked) => {
        const wish = await asked.body();
        const answer = await runSource(options, c.var.caller, { ...wish, signal: c.req.raw.signal });
        return c.json(toWireReturn(answer, { name: wish.name, date: toWireSeconds(options.clock.now()) }));
      }),
    )

    .post(
      "/agents/:agent_id/tools/:tool_name/run",
      takes({ body: RunBody }, async (c, asked) => {
        const agentId = pathId(c, "agent", "agent_id");
        const { args } = await asked.body();
        const call = { agentId, name: pathText(c, "tool_name"), args: args ?? {}, signal: c.req.raw.signal };
        return c.json(toWireResult(await runToolOf(options, c.var.caller, call)));
      }),
    );
}

function toWireReturn(
  { status, message, stdout, stderr }: HandAnswer,
  { name, date }: { readonly name: string | null; readonly date: string },
): JsonObject {
  const told = typeof message === "string" ? message : pythonRepr(message);
  const answer = { tool_return: told, status, tool_call_id: NONE, stdout, stderr };
  return {
    id: NONE,
    date,
    name,
    message_type: "tool_return_message",
    otid: null,
    sender_id: null,
    step_id: null,
    is_err: null,
    seq_id: null,
    run_id: null,
    ...answer,
    tool_returns: [{ type: "tool", ...answer }],
  };
}

/** What of a failed call Letta tells stands in its stderr. */
function toWireResult({ status, value, stdout, stderr }: HandAnswer): JsonObject {
  return {
    status,
    func_return: status === "success" ? value : null,
    agent_state: null,
    stdout,
    stderr,
    sandbox_config_fingerprint: null,
  };
}
