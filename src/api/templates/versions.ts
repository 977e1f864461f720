import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Folder } from "../../agent/files/folder.ts";
import { mustFind } from "../../agent/find.ts";
import { deployTemplate } from "../../agent/templates/deploy.ts";
import { migrateDeployment } from "../../agent/templates/migrate.ts";
import { isWorking, splitVersion } from "../../agent/templates/named.ts";
import { readVersion, shownTemplate } from "../../agent/templates/shown.ts";
import { forkTemplate, replaceWorking, type TemplateWorkshop } from "../../agent/templates/templates.ts";
import { Failure } from "../../core/failure.ts";
import { requireId } from "../../core/id.ts";
import type { Tool } from "../../tools/tool.ts";
import { type ApiEnv, readerFor } from "../http/env.ts";
import { given, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { FirstMessageBody } from "../wire/agent-body.ts";
import { idList } from "../wire/fields.ts";
import { toSnapshot, WireSnapshot } from "../wire/templates/snapshot.ts";
import { fileOfSnapshot, SnapshotBody } from "../wire/templates/snapshot-body.ts";
import { sentFile } from "../wire/templates/template-file.ts";
import { toWireTemplate, WireDeployed, WireDone, WireTemplate } from "../wire/templates/template-view.ts";
import { templateIn } from "./template-paths.ts";

/** Tags or first messages that one request may list. */
const LISTED_MAX = 1_000;
const NAME = /^[a-zA-Z0-9-_ ]*$/;
const flag = z.boolean().nullish();
const variables = z.record(z.string(), z.string()).nullish();
const AgentsBody = z.object({
  tags: z.array(z.string().regex(NAME)).max(LISTED_MAX).nullish(),
  agent_name: z.string().regex(NAME).nullish(),
  initial_message_sequence: z.array(FirstMessageBody).max(LISTED_MAX).nullish(),
  memory_variables: variables,
  tool_variables: variables,
  identity_ids: idList("identity").nullish(),
});
const ForkBody = z.object({ name: z.string().nullish() });
const MigrateBody = z.object({
  version: z.string(),
  preserve_tool_variables: flag,
  preserve_core_memories: flag,
  preserve_sources: flag,
  memory_variables: variables,
});

/** Routes of one version of a template. */
export function templateVersionRoutes(workshop: TemplateWorkshop & Parameters<typeof readerFor>[0]): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.on("POST", ["/:template_version/agents", "/:project_id/:template_version/agents"], deploying(workshop));

  routes.get(
    "/:project_id/:template_version/snapshot",
    takes({ answer: WireSnapshot }, async (c) =>
      c.json(toSnapshot(await readVersion(workshop, c.var.caller, templateIn(c, "template_version")))),
    ),
  );

  routes.put(
    "/:project_id/:template_version/snapshot",
    takes({ body: SnapshotBody, answer: WireDone }, async (c, asked) => {
      const snapshot = await asked.body();
      const which = templateIn(c, "template_version");
      const { name, version } = splitVersion(which.name);
      if (version === null || !isWorking(version))
        throw new Failure("refused", `Only what is worked on can be changed; name it '${name}:dev'`);
      const { version: before } = await readVersion(workshop, c.var.caller, which);
      const file = fileOfSnapshot(snapshot, before.file, await namedIn(workshop, c, snapshot.agents));
      const sent = { file: sentFile(file), replacesTools: false };
      await replaceWorking(workshop, c.var.caller, { which, sent, keepsBefore: false });
      return c.json({ success: true });
    }),
  );

  routes.post(
    "/:project_id/:template_version/fork",
    takes({ body: ForkBody, answer: WireTemplate }, async (c, asked) => {
      const { name } = await asked.body();
      const which = templateIn(c, "template_version");
      const fork = await forkTemplate(workshop, c.var.caller, { which, ...given({ name }) });
      return c.json(toWireTemplate(fork, (await shownTemplate(workshop.store, c.var.caller, fork)).slug));
    }),
  );

  routes.post("/:project_id/:template_name/deployments/:deployment_id/migrate", migrating(workshop));
  return routes;
}

function deploying(workshop: TemplateWorkshop) {
  return takes({ body: AgentsBody, answer: WireDeployed, status: 201 }, async (c, asked) => {
    const body = await asked.body();
    const made = await deployTemplate(workshop, c.var.caller, {
      which: templateIn(c, "template_version"),
      wish: {
        tags: body.tags ?? [],
        identityIds: body.identity_ids ?? [],
        initialMessages: body.initial_message_sequence ?? null,
        variables: body.memory_variables ?? {},
        secrets: body.tool_variables ?? {},
        ...given({ name: body.agent_name }),
      },
    });
    const answer = {
      agent_ids: made.agentIds,
      group_id: made.groupIds[0] ?? null,
      deployment_id: made.deploymentId,
      ...(made.notes.length === 0 ? {} : { notes: made.notes }),
    };
    return c.json(answer, 201);
  });
}

function migrating(workshop: TemplateWorkshop) {
  return takes({ body: MigrateBody, answer: WireDone }, async (c, asked) => {
    const body = await asked.body();
    const keepsBlocks = body.preserve_core_memories ?? false;
    const notes = await migrateDeployment(workshop, c.var.caller, {
      which: templateIn(c, "template_name"),
      deploymentId: pathText(c, "deployment_id"),
      version: body.version,
      wish: {
        variables: body.memory_variables ?? {},
        keepsBlocks,
        keepsOtherBlocks: keepsBlocks,
        keepsSecrets: body.preserve_tool_variables ?? true,
        keepsFolders: body.preserve_sources ?? true,
      },
    });
    return c.json({ success: true, ...(notes.length === 0 ? {} : { message: notes.join("; ") }) });
  });
}

/** The tools and folders that the agents of a snapshot name, each once; a `not_found` Failure names one that is not there. */
async function namedIn(
  workshop: Parameters<typeof readerFor>[0],
  c: Context<ApiEnv>,
  agents: readonly { readonly toolIds: readonly string[]; readonly sourceIds: readonly string[] }[],
) {
  const readers = readerFor(workshop, c, "agents:write");
  const tools = new Map<string, Tool>();
  for (const id of new Set(agents.flatMap((agent) => agent.toolIds)))
    tools.set(id, await mustFind(readers.tools, requireId("tool", id)));
  const folders = new Map<string, Folder>();
  for (const id of new Set(agents.flatMap((agent) => agent.sourceIds)))
    folders.set(id, await mustFind(readers.folders, requireId("source", id)));
  return { tools, folders };
}
