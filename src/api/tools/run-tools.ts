import { Hono } from "hono";
import { z } from "zod";
import { pythonRepr } from "../../core/python-repr.ts";
import { type HandAnswer, type HandOptions, runSource, runToolOf } from "../../run/calls/call-tool.ts";
import type { ApiEnv } from "../http/env.ts";
import { pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, json, list } from "../wire/answers/answer.ts";
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
      takes({ body: RunSourceBody, answer: WireReturn }, async (c, asked) => {
        const wish = await asked.body();
        const answer = await runSource(options, c.var.caller, { ...wish, signal: c.req.raw.signal });
        return c.json(toWireReturn(answer, { name: wish.name, date: toWireSeconds(options.clock.now()) }));
      }),
    )

    .post(
      "/agents/:agent_id/tools/:tool_name/run",
      takes({ body: RunBody, answer: WireResult }, async (c, asked) => {
        const agentId = pathId(c, "agent", "agent_id");
        const { args } = await asked.body();
        const call = { agentId, name: pathText(c, "tool_name"), args: args ?? {}, signal: c.req.raw.signal };
        return c.json(toWireResult(await runToolOf(options, c.var.caller, call)));
      }),
    );
}

const WireReturn = answer("ToolReturnMessage", {
  id: z.literal("null"),
  date: z.string(),
  name: z.string().nullable(),
  message_type: z.literal("tool_return_message"),
  otid: z.null(),
  sender_id: z.null(),
  step_id: z.null(),
  is_err: z.null(),
  seq_id: z.null(),
  run_id: z.null(),
  tool_return: z.string(),
  status: z.enum(["error", "success"]),
  tool_call_id: z.string(),
  stdout: list(z.string()),
  stderr: list(z.string()),
  tool_returns: list(
    z.strictObject({
      tool_return: z.string(),
      status: z.enum(["error", "success"]),
      tool_call_id: z.string(),
      stdout: list(z.string()),
      stderr: list(z.string()),
      type: z.string(),
    }),
  ),
});

const WireResult = answer("ToolResult", {
  status: z.enum(["error", "success"]),
  func_return: json,
  agent_state: z.null(),
  stdout: list(z.string()),
  stderr: list(z.string()),
  sandbox_config_fingerprint: z.null(),
});

function toWireReturn(
  { status, message, stdout, stderr }: HandAnswer,
  { name, date }: { readonly name: string | null; readonly date: string },
): z.output<typeof WireReturn> {
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
function toWireResult({ status, value, stdout, stderr }: HandAnswer): z.output<typeof WireResult> {
  return {
    status,
    func_return: status === "success" ? value : null,
    agent_state: null,
    stdout,
    stderr,
    sandbox_config_fingerprint: null,
  };
}
