import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";

const ROOT = "root-key";
const root = { authorization: `Bearer ${ROOT}`, "x-request-id": "request-7" };
let server: HttpServer;

beforeEach(async () => {
  server = await startHttpServer({ SELKIE_API_KEY: ROOT });
});

afterEach(() => server.close());

async function ok(method: string, path: string, body?: unknown, headers = root): Promise<Answer> {
  const answer = await server.call(method, path, body, headers);
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const entries = async (query = ""): Promise<readonly Answer[]> =>
  (await ok("GET", `/v1/audit?order=asc&limit=1000${query}`)).entries;

const agentDraft = { model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "A secret of Ada's" }] };

test("what somebody does is written down with who, how and from where, and without content", async () => {
  const { id } = await ok("POST", "/v1/agents/", { ...agentDraft, name: "a secret name" });
  await ok("PATCH", `/v1/agents/${id}`, { system: "A secret prompt" });
  await ok("DELETE", `/v1/agents/${id}`);
  const about = await entries(`&resource_id=${id}`);
  expect(about.map(({ action }) => action)).toEqual(["agent.created", "agent.changed", "agent.deleted"]);
  expect(about.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
  for (const { actor, request_id, resource } of about) {
    expect(actor).toMatchObject({ kind: "root", id: DEFAULT_ACTOR.userId, key_id: null });
    expect(actor.address).toMatch(/127\.0\.0\.1/);
    expect(request_id).toBe("request-7");
    expect(resource).toEqual({ kind: "agent", id });
  }
  expect(Object.keys(about[1].change.fields)).toEqual(["system"]);
  expect(about[1].change.fields.system).toMatch(/^[0-9a-f]{16}$/);
  expect(JSON.stringify(await entries())).not.toContain("secret");
});

test("talk writes nothing down", async () => {
  const { id } = await ok("POST", "/v1/agents/", agentDraft);
  const before = (await entries()).length;
  server.model.say({ text: "Hello" });
  await ok("POST", `/v1/agents/${id}/messages`, { input: "Hi" });
  expect(await entries()).toHaveLength(before);
});

test("keys are written down with their masked fields, and those who use them by name", async () => {
  const key = await ok("POST", "/v1/keys", { role: "editor", name: "robot" });
  const mine = { authorization: `Bearer ${key.key}`, "x-request-id": "request-8" };
  const tool = await ok(
    "POST",
    "/v1/tools/",
    { source_code: 'def secret_sauce():\n    """Does."""\n    return 1' },
    mine,
  );
  await ok("POST", `/v1/keys/${key.id}/rotate`, {});
  await ok("DELETE", `/v1/keys/${key.id}`);
  const [made] = await entries(`&resource_id=${tool.id}`);
  expect(made).toMatchObject({ action: "tool.created", actor: { kind: "key", key_id: key.id } });
  const ofKey = await entries(`&resource_id=${key.id}`);
  expect(ofKey.map(({ action }) => action)).toEqual(["key.created", "key.changed", "key.changed"]);
  expect(ofKey[1].change.fields.secretHash).toBe("***");
  expect(Object.keys(ofKey[2].change.fields)).toContain("revokedAt");
  expect(JSON.stringify(await entries())).not.toContain("secret_sauce");
});

test("who is refused is written down, ten times a minute at most", async () => {
  const { key, id } = await ok("POST", "/v1/keys", { role: "viewer" });
  const mine = { authorization: `Bearer ${key}`, "x-request-id": "request-9" };
  for (let tries = 0; tries < 15; tries++)
    expect((await server.call("POST", "/v1/agents/", agentDraft, mine)).status).toBe(403);
  expect((await server.call("GET", "/v1/audit", undefined, mine)).status).toBe(403);
  const refused = await entries("&outcome=refused");
  expect(refused).toHaveLength(10);
  expect(refused[0]).toMatchObject({ action: "request.refused", actor: { kind: "key", key_id: id } });
  expect(refused[0].change).toMatchObject({ method: "POST", route: "/v1/agents", scope: "agents:write" });
});

test("who signs in is written down, and who is known and not let in", async () => {
  const email = "ada@example.org";
  const user = await ok("POST", "/v1/users", { name: "Ada", role: "viewer", email, password: "correct horse battery" });
  const signIn = (password: string) => server.call("POST", "/v1/sessions", { email, password });
  expect((await signIn("wrong horse battery")).status).toBe(401);
  const session = (await signIn("correct horse battery")).body;
  const { key, id } = await ok("POST", "/v1/keys", { role: "viewer" });
  await ok("DELETE", `/v1/keys/${id}`);
  const mine = { authorization: `Bearer ${key}`, "x-request-id": "request-10" };
  expect((await server.call("GET", "/v1/agents/", undefined, mine)).status).toBe(401);
  expect((await server.call("GET", "/v1/agents/", undefined, { authorization: "Bearer nobody" })).status).toBe(401);
  await Bun.sleep(100);
  const [opened] = await entries("&action=session.opened");
  expect(opened).toMatchObject({ resource: { id: session.id }, actor: { kind: "session", id: user.id } });
  expect(opened.actor.address).toMatch(/127\.0\.0\.1/);
  const refused = await entries("&outcome=refused");
  expect(refused.map(({ actor }) => [actor.kind, actor.id === user.id, actor.key_id])).toEqual([
    ["unauthorized", true, null],
    ["unauthorized", false, id],
  ]);
  expect(JSON.stringify(await entries())).not.toContain("horse");
});

test("GET /audit goes through pages both ways, narrows, and gives all of it as lines", async () => {
  for (let i = 0; i < 5; i++) await ok("POST", "/v1/agents/", agentDraft);
  const all = await entries();
  expect(all.map(({ number }) => number)).toEqual(all.map((_, i) => i + 1));
  const seen: number[] = [];
  for (let after = ""; ; ) {
    const page = await ok("GET", `/v1/audit?limit=2${after}`);
    if (page.entries.length === 0) break;
    seen.push(...page.entries.map(({ number }: Answer) => number));
    after = `&after=${page.after}`;
  }
  expect(seen).toEqual(all.map(({ number }) => number).toReversed());
  expect(await entries(`&actor_id=${DEFAULT_ACTOR.userId}`)).toHaveLength(all.length);
  expect(await entries("&action=agent.created")).toHaveLength(5);
  expect(await entries("&action=agent.eaten")).toEqual([]);
  expect(await entries(`&start=${encodeURIComponent(all[3].at)}`)).toHaveLength(all.length - 3);
  const lines: string = await ok("GET", "/v1/audit?format=jsonl&action=agent.created");
  const told: readonly Answer[] = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(JSON.stringify(told)).toBe(JSON.stringify(await entries("&action=agent.created")));
  for (const query of ["?after=x", "?limit=0", "?outcome=maybe", "?start=never", "?format=xml"])
    expect((await server.call("GET", `/v1/audit${query}`, undefined, root)).status).toBe(422);
});

test("every entry holds the hash of the one before, and nothing but retention can touch one", async () => {
  await ok("POST", "/v1/agents/", agentDraft);
  await ok("POST", "/v1/keys", { role: "viewer" });
  const all = await entries();
  expect(all.length).toBeGreaterThan(2);
  for (const [i, entry] of all.entries()) {
    expect(entry.previous_hash).toBe(all[i - 1]?.hash ?? "");
    expect(entry.hash).toBe(hashOf(entry));
  }
  const { store } = server.listening.server;
  expect(await store.brokenAudit()).toEqual([]);
});

test("selkie doctor says where the log was forged", async () => {
  const directory = temporaryDirectory();
  const first = await startServer(directory.path);
  try {
    const made = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "selkie/rehearsal" }),
    };
    for (let i = 0; i < 3; i++) expect((await fetch(`${first.url}/v1/agents/`, made)).status).toBe(200);
    expect(await first.stop()).toBe(0);
    const doctor = () => Bun.spawnSync([...SELKIE, "doctor", "--data", directory.path]).stdout.toString();
    expect(doctor()).toContain("the audit log holds together\n");
    const database = new Database(join(directory.path, "selkie.db"));
    // Whoever has the file can take the guards away.
    database.run("drop trigger audit_is_not_changed");
    database.run("update audit set action = 'agent.eaten' where action = 'agent.created' and number % 2 = 1");
    database.close();
    expect(doctor()).toMatch(
      /FAIL\S*\s+the audit log holds together -> the audit log of org-\S+ does not hold together at entry \d+/,
    );
  } finally {
    await first.kill();
    directory.remove();
  }
}, 30_000);

/** Whoever has the entries can check them without this server. */
function hashOf({ previous_hash, number, at, actor, request_id, action, resource, outcome, change }: Answer): string {
  const parts = [
    previous_hash,
    DEFAULT_ACTOR.organizationId,
    number,
    instantOf(at),
    [actor.kind, actor.id, actor.key_id, request_id, actor.address],
    [action, resource.kind, resource.id, outcome, change],
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Milliseconds, with the microseconds as the fraction. */
function instantOf(text: string): number {
  const micros = /\.(\d{6})Z$/.exec(text)?.[1] ?? "000000";
  return (Date.parse(`${text.slice(0, 19)}Z`) * 1000 + Number(micros)) / 1000;
}
