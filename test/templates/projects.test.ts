import { afterAll, beforeAll, expect, test } from "bun:test";
import Letta from "@letta-ai/letta-client";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import { validateResponse } from "../_harness/openapi.ts";
import type { Answer } from "../_harness/server.ts";

// Projects as names by which things are sorted.

const MODEL = "openai/gpt-4o-mini";

let server: HttpServer;

beforeAll(async () => {
  server = await startHttpServer();
});

afterAll(() => server.close());

async function ok(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await server.call(method, path, body);
  expect([path, ...validateResponse(method, path, answer.status, answer.body)]).toEqual([path]);
  return answer.body;
}

test("projects are made with a slug of their own, listed by name and page, and deleted", async () => {
  const made = [];
  for (const name of ["Sales & Support", "Sales + support!", "Default Project"])
    made.push(await ok("POST", "/v1/projects", { name }));
  expect(made.map(({ slug }) => slug)).toEqual(["sales-support", "sales-support-2", "default-project-2"]);
  expect(made[0].id).toMatch(/^project-/);
  expect(await ok("GET", "/v1/projects?name=SALES")).toEqual({ projects: [made[1], made[0]], hasNextPage: false });
  expect(await ok("GET", "/v1/projects?limit=1&offset=1")).toEqual({ projects: [made[1]], hasNextPage: true });
  expect(await ok("DELETE", `/v1/projects/${made[1].id}`)).toEqual({ success: true });
  expect((await server.call("DELETE", `/v1/projects/${made[1].id}`)).status).toBe(404);
  expect((await server.call("DELETE", "/v1/projects/sales-support")).status).toBe(404);
  for (const name of ["ab", "x".repeat(51), undefined])
    expect([name, (await server.call("POST", "/v1/projects", { name })).status]).toEqual([name, 422]);
});

test("a project with templates is reached by id and slug, and cannot be deleted before they are", async () => {
  const { id, slug } = await ok("POST", "/v1/projects", { name: "Shop" });
  const { id: agent_id } = await server.agent();
  const template = await ok("POST", `/v1/templates/${slug}`, { type: "agent", agent_id, name: "clerk" });
  expect(template).toMatchObject({ project_id: id, project_slug: slug, template_deployment_slug: `${slug}/clerk:1` });
  // The same name in another project is another template.
  await ok("POST", "/v1/templates", { type: "agent", agent_id, name: "clerk" });
  for (const project of [id, slug]) {
    const { templates } = await ok("GET", `/v1/templates?project_id=${project}`);
    expect(templates).toEqual([template]);
    const made = await server.call("POST", `/v1/templates/${project}/clerk:1/agents`, {});
    const agent = await ok("GET", `/v1/agents/${made.body.agent_ids[0]}`);
    expect([agent.project_id, agent.base_template_id]).toEqual([id, template.id]);
  }
  expect(await ok("GET", `/v1/agents/?project_id=${id}`)).toHaveLength(2);
  const refused = await server.call("DELETE", `/v1/projects/${id}`);
  expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("delete them first: clerk")]);
  await ok("DELETE", `/v1/templates/${slug}/clerk`);
  await ok("DELETE", `/v1/projects/${id}`);
  // What it sorted keeps its label.
  expect(await ok("GET", `/v1/agents/?project_id=${id}`)).toHaveLength(2);
});

test("two projects with a template of one name: who names neither is asked to", async () => {
  const { id: agent_id } = await server.agent();
  for (const name of ["North", "South"]) {
    const { slug } = await ok("POST", "/v1/projects", { name });
    await ok("POST", `/v1/templates/${slug}`, { type: "agent", agent_id, name: "both" });
  }
  const { status, body } = await server.call("POST", "/v1/templates/both/agents", {});
  expect([status, body.detail]).toEqual([400, expect.stringContaining("Several projects have a template 'both'")]);
});

test("a client that works in a project makes agents and templates there, and is told where it works", async () => {
  const { id, slug } = await ok("POST", "/v1/projects", { name: "Workshop" });
  const client = new Letta({ baseURL: server.url, projectID: id, maxRetries: 0 });
  const agent = await client.agents.create({ model: MODEL });
  expect(agent.project_id).toBe(id);
  expect((await client.agents.create({ model: MODEL, project_id: "elsewhere" })).project_id).toBe("elsewhere");
  const template = await client.templates.create({ type: "agent", agent_id: agent.id, name: "tool" });
  expect(template.project_slug).toBe(slug);
  const made = await client.templates.agents.create("tool:1", {});
  expect((await client.agents.retrieve(made.agent_ids[0] ?? "")).project_id).toBe(id);
  for (const headers of [{ "x-project-id": id }, { "x-project": slug }] as const) {
    const status = await server.call("GET", "/v1/metadata/status", undefined, { ...headers });
    expect(status.body).toEqual({ current_project_id: id });
  }
  expect(await ok("GET", "/v1/metadata/status")).toEqual({ current_project_id: null });
  const lost = await server.call("GET", "/v1/templates", undefined, { "x-project": "nowhere" });
  expect([lost.status, lost.body.detail]).toEqual([404, expect.stringContaining("'nowhere'")]);
});
