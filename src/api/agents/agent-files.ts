import { type Context, Hono } from "hono";
import { z } from "zod";
import { exportAgents } from "../../agent/transfer/export-agents.ts";
import { importAgents } from "../../agent/transfer/import-agents.ts";
import type { ImportWish } from "../../agent/transfer/import-session.ts";
import { Failure } from "../../core/failure.ts";
import { parseId } from "../../core/id.ts";
import { parseJson } from "../../core/json.ts";
import { createUploadReader, type UploadedForm } from "../files/upload.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { check, flagParam, given, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { projectLabel } from "../templates/template-paths.ts";
import { readAgentFile } from "../wire/agent-file/read-agent-file.ts";
import { toAgentFile } from "../wire/agent-file/write-agent-file.ts";
import { answer, jsonObject, list } from "../wire/answers/answer.ts";

const ExportQuery = z.object({
  conversation_id: z.string().optional(),
  scrub_messages: flagParam().optional(),
  use_legacy_format: flagParam().optional(),
  max_steps: z.string().optional(),
});
/** Skills that a file may carry along. */
const SKILLS_MAX = 1_000;
const ExportBody = z.object({
  conversation_id: z.string().nullish(),
  scrub_messages: z.boolean().nullish(),
  skills: z
    .array(z.looseObject({ name: z.string() }).catchall(z.json()))
    .max(SKILLS_MAX)
    .nullish(),
});
const text = z.string().optional();
const ImportForm = z.object({
  name: text,
  model: text,
  embedding: text,
  project_id: text,
  secrets: text,
  append_copy_suffix: flagParam().optional(),
  override_existing_tools: flagParam().optional(),
  strip_messages: flagParam().optional(),
  override_name: text,
  override_model_handle: text,
  override_embedding_handle: text,
  env_vars_json: text,
});
const Secrets = z.record(z.string(), z.string());
/** An older way to name the embedding model. */
const EMBEDDING_HEADER = "x-override-embedding-model";

const WireImported = answer("ImportedAgents", { agent_ids: list(z.string()), notes: list(z.string()).exactOptional() });

/** An agent file: its form is V1's own, and told there. */
const WireAgentFile = jsonObject;

/** Routes by which agents travel: `/agents/import` and `/agents/{id}/export`. */
export function agentTransferRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const readUpload = createUploadReader();

  routes.post(
    "/import",
    takes({ answer: WireImported }, async (c) => {
      return readUpload(c, async (form) => {
        const label = await projectLabel(readerFor(options, c, "agents:write"), c);
        const wish = { ...given({ projectId: label }), ...wishOf(c, form) };
        const { agentIds, notes } = await importAgents(options, c.var.caller, {
          bundle: readAgentFile(form.bytes),
          wish,
        });
        return c.json({ agent_ids: agentIds, ...(notes.length === 0 ? {} : { notes }) });
      });
    }),
  );

  routes.get(
    "/:agent_id/export",
    takes({ query: ExportQuery, answer: WireAgentFile }, async (c, asked) => {
      const query = asked.query();
      if (query.use_legacy_format === true) throw new Failure("refused", "Legacy format is not supported");
      return c.json(await exported(c, query));
    }),
  );

  routes.post(
    "/:agent_id/export",
    takes({ body: ExportBody, answer: WireAgentFile }, async (c, asked) => {
      const { skills, ...body } = await asked.body();
      return c.json(await exported(c, given(body), skills ?? []));
    }),
  );

  async function exported(
    c: Context<ApiEnv>,
    wish: { readonly conversation_id?: string | undefined; readonly scrub_messages?: boolean | undefined },
    skills: Parameters<typeof toAgentFile>[2] = [],
  ) {
    const agentId = pathId(c, "agent", "agent_id");
    const { conversation_id: named = "default" } = wish;
    // The agent's own conversation goes by that name, or by the agent's id.
    const conversationId = named === "default" || named === agentId ? undefined : requireConversation(named);
    const agents = await exportAgents(options.store, c.var.caller, {
      agentId,
      scrubsMessages: wish.scrub_messages === true,
      ...(conversationId === undefined ? {} : { conversationId }),
    });
    return toAgentFile(agents, options.clock.now(), skills);
  }

  return routes;
}

function requireConversation(named: string) {
  const id = parseId("conv", named);
  if (id === undefined) throw new Failure("invalid", "conversation_id: 'default', or the id of a conversation");
  return id;
}

function wishOf(c: Context<ApiEnv>, { field }: UploadedForm): ImportWish {
  const names = Object.keys(ImportForm.shape);
  const form = check(
    ImportForm,
    given(Object.fromEntries(names.map((name) => [name, field(name) || undefined]))),
    "form",
  );
  const secrets = form.secrets ?? form.env_vars_json;
  return {
    ...given({
      name: form.name ?? form.override_name,
      model: form.model ?? form.override_model_handle,
      embedding: form.embedding ?? form.override_embedding_handle ?? c.req.header(EMBEDDING_HEADER),
      projectId: form.project_id,
    }),
    marksCopies: form.append_copy_suffix ?? true,
    replacesTools: form.override_existing_tools ?? true,
    stripsMessages: form.strip_messages ?? false,
    secrets: secrets === undefined ? {} : check(Secrets, parseJson(secrets), "form.secrets"),
  };
}
