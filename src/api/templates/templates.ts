import { type Context, Hono } from "hono";
import { z } from "zod";
import { migrateAll } from "../../agent/templates/migrate.ts";
import { listTemplates, listTemplateVersions, shownTemplate } from "../../agent/templates/shown.ts";
import type { Template } from "../../agent/templates/template.ts";
import {
  changeTemplate,
  createTemplate,
  deleteTemplate,
  replaceWorking,
  rollBack,
  saveTemplate,
  type TemplateWorkshop,
} from "../../agent/templates/templates.ts";
import { requireId } from "../../core/id.ts";
import type { ApiEnv, RouteOptions } from "../http/env.ts";
import { given } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { sentFile, templateFormat } from "../wire/templates/template-file.ts";
import {
  toWireTemplate,
  toWireVersion,
  WireDone,
  WireTemplate,
  WireVersions,
} from "../wire/templates/template-view.ts";
import { offsetParams, projectIn, templateIn } from "./template-paths.ts";
import { templateVersionRoutes } from "./versions.ts";

/** Characters of what is said of a template or a version. */
const TEXT_CHARS_MAX = 10_000;
const flag = z.boolean().nullish();
const AgentFile = z.record(z.string(), z.json());
const ListQuery = z.object({
  ...offsetParams,
  exact: z.string().optional(),
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "should be the number of a version")
    .transform(Number)
    .optional(),
  template_id: z.string().optional(),
  name: z.string().optional(),
  search: z.string().optional(),
  project_slug: z.string().optional(),
  project_id: z.string().optional(),
  sort_by: z.enum(["updated_at", "created_at"]).default("updated_at"),
});
const WireTemplates = answer("Templates", { templates: list(WireTemplate), has_next_page: z.boolean() });
const VersionsQuery = z.object(offsetParams);
const CreateBody = z.discriminatedUnion("type", [
  z.object({ type: z.literal("agent"), agent_id: z.string(), name: z.string().nullish() }),
  z.object({
    type: z.literal("agent_file"),
    agent_file: AgentFile,
    name: z.string().nullish(),
    update_existing_tools: flag,
  }),
]);
const SaveBody = z.object({
  preserve_environment_variables_on_migration: flag,
  preserve_core_memories_on_migration: flag,
  preserve_sources_on_migration: flag,
  block_reconciliation_strategy: z.enum(["reconcile-all", "preserve-deleted"]).nullish(),
  migrate_agents: flag,
  message: z.string().max(TEXT_CHARS_MAX).nullish(),
});
const FileBody = z.object({ agent_file_json: AgentFile, update_existing_tools: flag, save_existing_changes: flag });
const RollbackBody = z.object({ version: z.string() });
const NameBody = z.object({ new_name: z.string() });
const DescriptionBody = z.object({ description: z.string().max(TEXT_CHARS_MAX).nullish() });

/** Routes of `/templates`. Those without a project in their path come first, as parts of theirs look like names. */
export function templateRoutes(options: RouteOptions): Hono<ApiEnv> {
  const workshop = { ...options, format: templateFormat(options.clock) };
  const routes = new Hono<ApiEnv>();
  const remove = takes({ answer: WireDone }, async (c) => {
    await deleteTemplate(workshop, c.var.caller, templateIn(c, "template_name"));
    return c.json({ success: true });
  });

  routes.get("/", listing(workshop));
  routes.post("/", creating(workshop));
  routes.route("/", templateVersionRoutes(workshop));
  routes.post("/:template_name/save", saving(workshop));
  routes.on("POST", ["/:template_name/rollback", "/:project_id/:template_name/rollback"], rollingBack(workshop));
  routes.post("/:project_id", creating(workshop));
  routes.patch("/:template_name", replacing(workshop));
  routes.put("/:project_id/:template_name/agent-file", replacing(workshop));
  routes.on("DELETE", ["/:template_name", "/:project_id/:template_name"], remove);
  routes.post("/:project_id/:template_name", saving(workshop));

  routes.patch(
    "/:project_id/:template_name/name",
    takes({ body: NameBody, answer: WireDone }, async (c, asked) => {
      const { new_name: name } = await asked.body();
      await changeTemplate(workshop, c.var.caller, { which: templateIn(c, "template_name"), change: { name } });
      return c.json({ success: true });
    }),
  );

  routes.patch(
    "/:project_id/:template_name/description",
    takes({ body: DescriptionBody, answer: WireDone }, async (c, asked) => {
      const change = { description: (await asked.body()).description ?? null };
      await changeTemplate(workshop, c.var.caller, { which: templateIn(c, "template_name"), change });
      return c.json({ success: true });
    }),
  );

  routes.get(
    "/:project_id/:name/versions",
    takes({ query: VersionsQuery, answer: WireVersions }, async (c, asked) => {
      const wish = { which: templateIn(c, "name"), page: asked.query() };
      const found = await listTemplateVersions(workshop.store, c.var.caller, wish);
      return c.json({
        versions: found.items.map((version) => toWireVersion(version, found.template)),
        has_next_page: found.hasNext,
        total_count: found.total,
      });
    }),
  );

  return routes;
}

function listing({ store }: TemplateWorkshop) {
  return takes({ query: ListQuery, answer: WireTemplates }, async (c, asked) => {
    const query = asked.query();
    const isExact = query.exact === "true" || query.exact === "1";
    const filter = given({
      id: query.template_id,
      number: query.version,
      name: isExact ? (query.name ?? query.search) : undefined,
      nameHolds: isExact ? undefined : (query.name ?? query.search),
    });
    const { items, hasNext } = await listTemplates(store, c.var.caller, {
      project: query.project_id ?? query.project_slug ?? projectIn(c),
      filter,
      page: { offset: query.offset, limit: query.limit, orderBy: query.sort_by },
    });
    return c.json({
      templates: items.map(({ template, slug }) => toWireTemplate(template, slug, query.version)),
      has_next_page: hasNext,
    });
  });
}

function creating(workshop: TemplateWorkshop) {
  return takes({ body: CreateBody, answer: WireTemplate, status: 201 }, async (c, asked) => {
    const body = await asked.body();
    const source =
      body.type === "agent"
        ? { agentId: requireId("agent", body.agent_id) }
        : { file: sentFile(body.agent_file), replacesTools: body.update_existing_tools ?? false };
    const draft = { project: projectIn(c), source, ...given({ name: body.name }) };
    return c.json(await shown(workshop, c, await createTemplate(workshop, c.var.caller, draft)), 201);
  });
}

function saving(workshop: TemplateWorkshop) {
  return takes({ body: SaveBody, answer: WireTemplate }, async (c, asked) => {
    const body = await asked.body();
    const which = templateIn(c, "template_name");
    const template = await saveTemplate(workshop, c.var.caller, { which, message: body.message ?? null });
    const keepsBlocks = body.preserve_core_memories_on_migration ?? false;
    const { block_reconciliation_strategy: strategy } = body;
    const wish = {
      variables: {},
      keepsBlocks,
      keepsOtherBlocks: strategy == null ? keepsBlocks : strategy === "preserve-deleted",
      keepsSecrets: body.preserve_environment_variables_on_migration ?? true,
      keepsFolders: body.preserve_sources_on_migration ?? true,
    };
    if (body.migrate_agents === true) await migrateAll(workshop, c.var.caller, { template, wish });
    return c.json(await shown(workshop, c, template));
  });
}

function replacing(workshop: TemplateWorkshop) {
  return takes({ body: FileBody, answer: WireDone }, async (c, asked) => {
    const body = await asked.body();
    const sent = { file: sentFile(body.agent_file_json), replacesTools: body.update_existing_tools ?? false };
    const which = templateIn(c, "template_name");
    await replaceWorking(workshop, c.var.caller, { which, sent, keepsBefore: body.save_existing_changes ?? false });
    return c.json({ success: true });
  });
}

function rollingBack(workshop: TemplateWorkshop) {
  return takes({ body: RollbackBody, answer: WireDone }, async (c, asked) => {
    const { version } = await asked.body();
    const which = templateIn(c, "template_name");
    const { savedBefore, number } = await rollBack(workshop, c.var.caller, { which, version });
    const before = savedBefore === null ? "" : `; what was worked on before is version ${savedBefore}`;
    return c.json({ success: true, message: `Version ${number} is worked on now${before}` });
  });
}

async function shown({ store }: TemplateWorkshop, c: Context<ApiEnv>, template: Template) {
  const { slug } = await shownTemplate(store, c.var.caller, template);
  return toWireTemplate(template, slug);
}
