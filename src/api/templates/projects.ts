import { Hono } from "hono";
import { z } from "zod";
import { createProject, deleteProject } from "../../agent/templates/projects.ts";
import { listProjects } from "../../agent/templates/shown.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { toWireProject, WireDone, WireProject } from "../wire/templates/template-view.ts";
import { offsetParams, projectLabel } from "./template-paths.ts";

const ListQuery = z.object({ ...offsetParams, name: z.string().optional() });
const WireProjects = answer("Projects", { projects: list(WireProject), hasNextPage: z.boolean() });
const WireStatus = answer("ProjectStatus", { current_project_id: z.string().nullable() });
const CreateBody = z.object({ name: z.string().trim().min(3).max(50) });

/** Routes of `/projects`, and of the one that a client works in. */
export function projectRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/metadata/status",
    takes({ answer: WireStatus }, async (c) => {
      return c.json({ current_project_id: (await projectLabel(readerFor(options, c, "agents:read"), c)) ?? null });
    }),
  );

  routes.get(
    "/projects",
    takes({ query: ListQuery, answer: WireProjects }, async (c, asked) => {
      const { name, ...page } = asked.query();
      const { items, hasNext } = await listProjects(options.store, c.var.caller, { name, page });
      return c.json({ projects: items.map(toWireProject), hasNextPage: hasNext });
    }),
  );

  routes.post(
    "/projects",
    takes({ body: CreateBody, answer: WireProject, status: 201 }, async (c, asked) => {
      const { name } = await asked.body();
      return c.json(toWireProject(await createProject(options, c.var.caller, name)), 201);
    }),
  );

  routes.delete(
    "/projects/:project_id",
    takes({ answer: WireDone }, async (c) => {
      await deleteProject(options, c.var.caller, pathText(c, "project_id"));
      return c.json({ success: true });
    }),
  );

  return routes;
}
