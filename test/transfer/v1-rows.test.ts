import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { createSecretBox } from "../../src/app/sealing/box.ts";
import { keyFile } from "../../src/app/sealing/key-file.ts";
import { SELKIE } from "../_harness/program.ts";
import { type Answer, startTestServer } from "../_harness/server.ts";

// What the recorded database has no rows of: folders with files, identities, variables.

const directory = mkdtempSync(join(tmpdir(), "selkie-v1-rows-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const id = (kind: string) => `${kind}-00000001-0000-4000-8000-000000000000`;
const ORGANIZATION = "org-00000000-0000-4000-8000-000000000000";
const TIME = "2026-11-22 19:40:08.36388+00";
const LLM = JSON.stringify({ model: "gpt-4o-mini", model_endpoint_type: "openai", context_window: 32_000 });

function table(name: string, row: Readonly<Record<string, string>>): string {
  const stamped = { ...row, created_at: TIME, updated_at: TIME, is_deleted: "f", organization_id: ORGANIZATION };
  return `COPY public.${name} (${Object.keys(stamped).join(", ")}) FROM stdin;\n${Object.values(stamped).join("\t")}\n\\.\n\n`;
}

const DUMP = [
  table("agents", {
    id: id("agent"),
    name: "Marta",
    system: "s",
    agent_type: "letta_v1_agent",
    llm_config: LLM,
    message_ids: "[]",
  }),
  table("agent_environment_variables", { id: id("agent-env"), key: "TOKEN", value: "plain", agent_id: id("agent") }),
  table("file_contents", { id: id("file_content"), file_id: id("file"), text: "one\\ntwo" }),
  table("files", {
    id: id("file"),
    source_id: id("source"),
    file_name: "shelf/a.md",
    original_file_name: "a.md",
    file_type: "text/markdown",
    file_size: "7",
  }),
  table("files_agents", {
    id: id("file_agent"),
    file_id: id("file"),
    agent_id: id("agent"),
    is_open: "t",
    source_id: id("source"),
  }),
  table("identities", {
    id: id("identity"),
    identifier_key: "ann",
    name: "Ann",
    identity_type: "user",
    properties: "[]",
  }),
  table("identities_agents", { identity_id: id("identity"), agent_id: id("agent") }),
  table("messages", { id: id("message"), agent_id: id("agent"), role: "user", text: "old words", sequence_id: "1" }),
  table("organizations", { id: ORGANIZATION, name: "default_org" }),
  table("sandbox_configs", { id: id("sandbox"), type: "LOCAL", config: "{}" }),
  table("sandbox_environment_variables", {
    id: id("sandbox-env"),
    key: "S",
    value: "v",
    sandbox_config_id: id("sandbox"),
  }),
  table("sources", { id: id("source"), name: "shelf", instructions: "read" }),
  table("sources_agents", { agent_id: id("agent"), source_id: id("source") }),
  table("users", { id: "user-00000000-0000-4000-8000-000000000000", name: "default_user" }),
  "--\n-- PostgreSQL database dump complete\n--\n",
].join("");

test("folders, files, identities, variables and messages of the oldest kind are imported", async () => {
  writeFileSync(join(directory, "dump.sql"), DUMP);
  const data = join(directory, "data");
  const args = ["import", "--from", join(directory, "dump.sql"), "--data", data, "--json"];
  const child = Bun.spawn([...SELKIE, ...args], { stdout: "pipe", stderr: "pipe", env: { PATH: process.env["PATH"] } });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect([await child.exited, err]).toEqual([0, expect.any(String)]);
  const report: Answer = JSON.parse(out);
  expect([report.unaccounted, report.tables.filter((one: Answer) => Object.keys(one.left).length > 0)]).toEqual([
    [],
    [],
  ]);
  const database = openSqlite(data);
  const server = await startTestServer({ database });
  const agent = await server.ok(
    "GET",
    `/v1/agents/${id("agent")}?include=agent.sources&include=agent.secrets&include=agent.identities`,
  );
  expect(agent.sources.map((one: Answer) => one.name)).toEqual(["shelf"]);
  expect(agent.secrets.map((one: Answer) => one.key)).toEqual(["TOKEN"]);
  expect(agent.identities.map((one: Answer) => one.identifier_key)).toEqual(["ann"]);
  const { files } = await server.ok("GET", `/v1/agents/${id("agent")}/files`);
  expect(files.map((one: Answer) => [one.file_name, one.is_open])).toEqual([["shelf/a.md", true]]);
  const [message] = await server.ok("GET", `/v1/agents/${id("agent")}/messages`);
  expect(message.content).toBe("old words");
  await server.close();
  await database.close();
}, 60_000);

test("keys that organisations brought are sealed here and ask for models, and what is not theirs is left with the reason", async () => {
  const rows = [
    [id("provider"), "mine", "openai", "byok", ORGANIZATION, "", "sk-canary-v1"],
    [id("provider").replace("00000001", "00000002"), "odd", "zai", "byok", ORGANIZATION, "", "sk-zai"],
    [id("provider").replace("00000001", "00000003"), "openai", "openai", "base", "\\N", "\\N", ""],
  ];
  const models = Bun.serve({
    port: 0,
    fetch: ({ headers }) =>
      headers.get("authorization") === "Bearer sk-canary-v1"
        ? Response.json({ data: [{ id: "gpt-4o" }] })
        : new Response("no", { status: 401 }),
  });
  const columns = ["id", "name", "provider_type", "provider_category", "organization_id", "api_key", "api_key_enc"];
  const stamp = ["created_at", "updated_at", "is_deleted", "base_url"];
  const values = [TIME, TIME, "f", `http://127.0.0.1:${models.port}/v1`];
  const lines = rows.map((row) => [...row, ...values].join("\t"));
  const providers = `COPY public.providers (${[...columns, ...stamp].join(", ")}) FROM stdin;\n${lines.join("\n")}\n\\.\n\n`;
  const dump = join(directory, "providers.sql");
  writeFileSync(dump, DUMP.replace("COPY public.sandbox_configs", `${providers}COPY public.sandbox_configs`));
  const data = join(directory, "providers");
  const args = ["import", "--from", dump, "--data", data, "--json"];
  const run = async () => {
    const child = Bun.spawn([...SELKIE, ...args], {
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: process.env["PATH"] },
    });
    const out = await new Response(child.stdout).text();
    expect([await child.exited, out]).toEqual([0, expect.any(String)]);
    const report: Answer = JSON.parse(out);
    return report.tables.find((one: Answer) => one.table === "providers");
  };
  const first = await run();
  expect(first.taken).toBe(1);
  expect(JSON.stringify(first.left)).toMatch(/of the type 'zai'.*environment|environment.*of the type 'zai'/);
  expect(await run()).toMatchObject({ taken: 0, known: 1 });
  const database = openSqlite(data);
  const { rows: stored } = await database.reader.execute("select * from own_providers, secrets", []);
  expect(stored.length).toBeGreaterThan(0);
  expect(JSON.stringify(stored)).not.toContain("sk-canary-v1");
  const secretBox = createSecretBox(keyFile(data));
  const server = await startTestServer({ database, secretBox, allowsPrivateUrls: true });
  const [provider] = await server.ok("GET", "/v1/providers/");
  expect(provider).toMatchObject({ id: id("provider"), name: "mine", api_key_enc: "********", last_synced: null });
  const byok = await server.ok("GET", "/v1/models/?provider_category=byok");
  expect(byok.map(({ handle }: Answer) => handle)).toEqual(["mine/gpt-4o"]);
  await server.close();
  await database.close();
  await models.stop(true);
}, 60_000);
