import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_ORGANIZATION_ID } from "../../src/core/id.ts";
import { type Answer, startTestServer } from "../_harness/server.ts";
import { type People, ROOT, startPeople } from "./_people.ts";

/** Tables with rows of an organisation that is gone. */
const KEPT = ["audit", "audit_anchors", "users"];

let server: People;
beforeEach(async () => {
  server = await startPeople();
});
afterEach(() => server.close());

/** An organisation with an owner, and a key of theirs. */
async function organization(
  name: string,
): Promise<{ readonly id: string; readonly key: string; readonly userId: string }> {
  const { id } = await server.ok("POST", "/v1/organizations", { name });
  const email = `${name}@example.org`;
  const password = "correct horse battery";
  const owner = { name, role: "owner", email, password, organization_id: id };
  const { id: userId } = await server.ok("POST", "/v1/users", owner);
  const { token } = await server.ok("POST", "/v1/sessions", { email, password }, "");
  const { key } = await server.ok("POST", "/v1/keys", {}, token);
  return { id, key, userId };
}

const agentDraft = {
  model: "openai/gpt-4o-mini",
  memory_blocks: [{ label: "human", value: "Ada" }],
  tags: ["support"],
};

test("an organisation has the built-in tools, and is seen by nobody outside it but who runs the server", async () => {
  const [one, other] = [await organization("one"), await organization("other")];
  const tools = await server.ok("GET", "/v1/tools/?limit=100", undefined, one.key);
  const usual = await server.ok("GET", "/v1/tools/?limit=100");
  const names = (list: readonly Answer[]) => list.map((tool) => tool.name).toSorted();
  expect(names(tools)).toEqual(names(usual));
  const agent = await server.ok("POST", "/v1/agents/", agentDraft, one.key);
  const key = (await server.ok("GET", "/v1/keys", undefined, one.key))[0];
  for (const [method, path] of [
    ["GET", `/v1/agents/${agent.id}`],
    ["GET", `/v1/users/${one.userId}`],
    ["PATCH", `/v1/users/${one.userId}`],
    ["DELETE", `/v1/users/${one.userId}`],
    ["GET", `/v1/keys/${key.id}`],
    ["DELETE", `/v1/keys/${key.id}`],
    ["POST", `/v1/keys/${key.id}/rotate`],
    ["GET", `/v1/organizations/${one.id}`],
    ["DELETE", `/v1/organizations/${one.id}`],
    ["GET", `/v1/organizations/${one.id}/members`],
    ["GET", `/v1/keys?after=${key.id}`],
    ["GET", `/v1/users?after=${one.userId}`],
    ["GET", `/v1/users?organization_id=${one.id}`],
  ] as const)
    expect([method, path, await server.status(method, path, method === "GET" ? undefined : {}, other.key)]).toEqual([
      method,
      path,
      404,
    ]);
  const listed = await server.ok("GET", "/v1/organizations", undefined, other.key);
  expect(listed.map(({ id }: Answer) => id)).toEqual([other.id]);
  expect((await server.ok("GET", "/v1/organizations")).length).toBe(3);
  expect((await server.ok("GET", `/v1/organizations/${one.id}/members`)).map(({ id }: Answer) => id)).toEqual([
    one.userId,
  ]);
  // Who is somebody in two organisations is nobody's alone.
  await server.ok("PUT", `/v1/organizations/${other.id}/members/${one.userId}`, { role: "viewer" });
  expect(await server.status("PATCH", `/v1/users/${one.userId}`, { password: "taken over" }, other.key)).toBe(403);
  expect(await server.status("POST", `/v1/users/${one.userId}/sign-in-codes`, {}, other.key)).toBe(403);
  await server.ok("DELETE", `/v1/organizations/${other.id}/members/${one.userId}`, undefined, other.key);
});

test("an organisation that is deleted under running agents takes everything along, and breaks off what is at work", async () => {
  const { id, key } = await organization("one");
  const agent = await server.ok("POST", "/v1/agents/", agentDraft, key);
  const say = (content: string) => ({ messages: [{ role: "user", content }] });
  server.model.say({ text: "Lisbon it is." });
  await server.ok("POST", `/v1/agents/${agent.id}/messages`, say("I live in Lisbon."), key);
  await server.ok("POST", `/v1/agents/${agent.id}/archival-memory`, { text: "The key hangs behind the door." }, key);
  await server.ok("POST", `/v1/conversations/?agent_id=${agent.id}`, {}, key);
  await server.ok("POST", "/v1/identities/", { identifier_key: "a", name: "A", identity_type: "user" }, key);
  await server.ok("POST", "/v1/groups/", { agent_ids: [agent.id], description: "all" }, key);
  const asked = server.model.requests.length;
  server.model.say({ text: "never", after: new Promise(() => {}) });
  const running = server.call("POST", `/v1/agents/${agent.id}/messages`, say("And now?"), {
    authorization: `Bearer ${key}`,
  });
  while (server.model.requests.length === asked) await Bun.sleep(5);

  expect(await server.status("DELETE", `/v1/organizations/${DEFAULT_ORGANIZATION_ID}`)).toBe(409);
  expect(await server.status("DELETE", `/v1/organizations/${id}`)).toBe(200);
  expect((await running).status).toBeGreaterThanOrEqual(400);
  expect(await server.status("GET", "/v1/agents/", undefined, key)).toBe(401);
  expect(await server.status("GET", `/v1/organizations/${id}`)).toBe(404);
  expect(rowsOf(id)).toEqual([]);
  expect(await server.status("DELETE", `/v1/organizations/${id}`)).toBe(404);
});

test("every table that names its organisation is emptied with it, or goes with what it hangs on", () => {
  const database = new Database(`${server.directory}/selkie.db`, { readonly: true });
  const source = readFileSync(join(import.meta.dir, "../../src/store/access/remove-organization.ts"), "utf8");
  const tables = database.query("select name from sqlite_master where type = 'table'").all() as readonly Answer[];
  const forgotten = tables.filter(({ name }) => {
    const columns = database.query(`pragma table_info(${name})`).all() as readonly Answer[];
    const references = database.query(`pragma foreign_key_list(${name})`).all() as readonly Answer[];
    const isOwned = columns.some((column) => column.name === "organization_id");
    return isOwned && !source.includes(`"${name}"`) && !references.some(({ on_delete }) => on_delete === "CASCADE");
  });
  database.close();
  // Users who are members elsewhere stay, and so does what tells who did what.
  expect(forgotten.map(({ name }) => name).toSorted()).toEqual(KEPT);
});

test("a start gives every organisation the built-in tools of its version, and leaves those alone that have them", async () => {
  const other = await startTestServer({ apiKey: ROOT });
  const { writer } = other.database;
  const headers = { authorization: `Bearer ${ROOT}`, "content-type": "application/json" };
  const body = JSON.stringify({ name: "One" });
  const made = await other.server.api.request("http://localhost/v1/organizations", { method: "POST", headers, body });
  const { id } = (await made.json()) as { readonly id: string };
  const count = async () =>
    (await writer.execute("select count(*) as n from tools where organization_id = $1", [id])).rows[0]?.["n"];
  const all = await count();
  const take = () => writer.execute("delete from tools where organization_id = $1 and name like 'memory%'", [id]);
  await take();
  await other.restarted();
  expect(await count()).not.toBe(all);
  // As another version would have left it.
  await writer.execute("update organizations set tools_digest = 'another' where id = $1", [id]);
  await other.restarted();
  expect(await count()).toBe(all);
  await other.close();
});

/** Tables in which a row of an organisation, or of nobody any more, is left. */
function rowsOf(id: string): readonly string[] {
  const database = new Database(`${server.directory}/selkie.db`, { readonly: true });
  const tables = database.query("select name from sqlite_master where type = 'table'").all() as readonly {
    readonly name: string;
  }[];
  const left = tables.flatMap(({ name }) => {
    const columns = database.query(`pragma table_info(${name})`).all() as readonly { readonly name: string }[];
    const column =
      columns.find((one) => one.name === "organization_id" || one.name === "owner")?.name ??
      (name === "organizations" ? "id" : undefined);
    const count =
      column && (database.query(`select count(*) as n from ${name} where ${column} = ?`).get(id) as Answer).n;
    return count > 0 && !KEPT.includes(name) ? [name] : [];
  });
  for (const name of ["thread_messages", "run_events", "run_event_arrivals", "umi_entries", "texts"])
    if ((database.query(`select count(*) as n from ${name}`).get() as Answer).n > 0) left.push(name);
  database.close();
  return left;
}

test("Letta's admin routes make, list, change and delete users and organisations", async () => {
  const org = await server.ok("POST", "/v1/admin/orgs/", { name: "One", privileged_tools: true });
  expect(org).toEqual({ id: org.id, name: "One", privileged_tools: true, created_at: org.created_at });
  const user = await server.ok("POST", "/v1/admin/users/", { name: "Ada", organization_id: org.id });
  expect([user.name, user.organization_id, user.is_deleted]).toEqual(["Ada", org.id, false]);
  const page = await server.ok("GET", "/v1/admin/users/?limit=1");
  expect(page.length).toBe(1);
  expect((await server.ok("GET", `/v1/admin/users/?after=${page[0].id}`)).map(({ id }: Answer) => id)).toEqual([
    user.id,
  ]);
  expect((await server.ok("PUT", "/v1/admin/users/", { id: user.id, name: "Bo", organization_id: org.id })).name).toBe(
    "Bo",
  );
  expect((await server.ok("PATCH", `/v1/admin/orgs/?org_id=${org.id}`, { name: "Two" })).name).toBe("Two");
  expect((await server.ok("GET", "/v1/admin/orgs/")).map(({ name }: Answer) => name)).toEqual(["default_org", "Two"]);
  expect((await server.ok("DELETE", `/v1/admin/users/?user_id=${user.id}`)).id).toBe(user.id);
  expect((await server.ok("DELETE", `/v1/admin/orgs/?org_id=${org.id}`)).id).toBe(org.id);
  expect(await server.status("DELETE", "/v1/admin/orgs/?org_id=x")).toBe(422);
  expect(await server.ok("POST", "/v1/auth", { password: ROOT })).toEqual({ uuid: expect.any(String), is_admin: true });
  expect((await server.ok("GET", "/v1/metadata/user")).organization_name).toBe("default_org");
});
