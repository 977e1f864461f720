import { afterEach, beforeEach, expect, test } from "bun:test";
import { DEFAULT_ORGANIZATION_ID, DEFAULT_USER_ID } from "../../src/core/id.ts";
import { bearer, type People, ROOT, startPeople } from "./_people.ts";

let server: People;
beforeEach(async () => {
  server = await startPeople();
});
afterEach(() => server.close());

const PASSWORD = "correct horse battery";
const members = `/v1/organizations/${DEFAULT_ORGANIZATION_ID}/members`;

const signIn = (body: object) => server.call("POST", "/v1/sessions", body);
const person = (role: string, extra: object = {}) =>
  server.ok("POST", "/v1/users", { name: role, role, email: `${role}@example.org`, password: PASSWORD, ...extra });

test("the last owner can neither go, be lowered, be narrowed nor be disabled, and is told what to do", async () => {
  const path = `/v1/users/${DEFAULT_USER_ID}`;
  const lower = { role: "admin" };
  const narrower = { role: "owner", scopes: ["agents:read"] };
  for (const [method, where, body] of [
    ["PATCH", path, { disabled: true }],
    ["PUT", `${members}/${DEFAULT_USER_ID}`, lower],
    ["PUT", `${members}/${DEFAULT_USER_ID}`, narrower],
    ["DELETE", path, undefined],
  ] as const) {
    const { status, body: answer } = await server.call(method, where, body, bearer(ROOT));
    expect([method, status, typeof answer.detail]).toEqual([method, 409, "string"]);
  }
  const other = await person("owner");
  expect(await server.status("PUT", `${members}/${DEFAULT_USER_ID}`, lower)).toBe(200);
  const only = await server.call("PATCH", `/v1/users/${other.id}`, { disabled: true }, bearer(ROOT));
  expect([only.status, only.body.detail]).toEqual([409, expect.stringContaining("make another user an owner first")]);
  expect(await server.status("DELETE", `/v1/users/${other.id}`)).toBe(409);
  expect((await server.ok("GET", `/v1/users/${other.id}`)).disabled_at).toBe(null);
  await server.ok("PUT", `${members}/${DEFAULT_USER_ID}`, { role: "owner" });
  expect(await server.status("DELETE", `/v1/users/${other.id}`)).toBe(200);
});

test("nobody gives, makes or takes over what they have not", async () => {
  const owner = await person("owner");
  const admin = await server.key("admin");
  const operator = await server.key("operator");
  const refused: readonly (readonly [string, string, unknown, string])[] = [
    ["POST", "/v1/users", { name: "x", role: "owner" }, admin],
    ["POST", "/v1/keys", { role: "owner" }, admin],
    ["POST", "/v1/keys", { user_id: owner.id }, admin],
    ["PATCH", `/v1/users/${owner.id}`, { password: "another password" }, admin],
    ["DELETE", `/v1/users/${owner.id}`, undefined, admin],
    ["PUT", `${members}/${owner.id}`, { role: "viewer" }, admin],
    ["POST", `/v1/users/${owner.id}/sign-in-codes`, undefined, admin],
    ["POST", "/v1/organizations", { name: "x" }, admin],
    ["POST", "/v1/keys", { role: "viewer" }, operator],
    ["GET", "/v1/users", undefined, operator],
    ["POST", "/v1/keys", { scopes: ["agents:write"] }, operator],
    ["POST", "/v1/admin/users/", { name: "x" }, operator],
  ];
  for (const [method, path, body, key] of refused)
    expect([method, path, body, await server.status(method, path, body, key)]).toEqual([method, path, body, 403]);
  expect((await server.ok("GET", "/v1/users")).length).toBe(4);

  const narrow = await server.ok("POST", "/v1/keys", { scopes: ["keys:own", "agents:read"] }, operator);
  expect(await server.status("POST", `/v1/keys/${narrow.id}/rotate`, {}, operator)).toBe(200);
  const mine = await server.ok("POST", "/v1/keys", {}, operator);
  const [narrower] = [(await server.ok("POST", "/v1/keys", { scopes: ["keys:own"] }, operator)).key];
  // A narrow key gets no wider one by a new secret, and one that it makes is as narrow.
  expect(await server.status("POST", `/v1/keys/${mine.id}/rotate`, {}, narrower)).toBe(403);
  const heir = await server.ok("POST", "/v1/keys", {}, narrower);
  expect(heir.scopes).toEqual(["keys:own"]);
  expect(await server.status("GET", "/v1/agents/", undefined, heir.key)).toBe(403);
});

test("a role that is lowered, and a user who is disabled or deleted, show at the next request", async () => {
  const { id } = await person("editor");
  const { key } = await server.ok("POST", "/v1/keys", { user_id: id });
  const block = { label: "human", value: "Ada" };
  expect(await server.status("POST", "/v1/blocks/", block, key)).toBe(200);
  await server.ok("PUT", `${members}/${id}`, { role: "viewer" });
  expect(await server.status("POST", "/v1/blocks/", block, key)).toBe(403);
  await server.ok("PATCH", `/v1/users/${id}`, { disabled: true });
  expect(await server.status("GET", "/v1/agents/", undefined, key)).toBe(401);
  expect((await signIn({ email: "editor@example.org", password: PASSWORD })).status).toBe(401);
  await server.ok("PATCH", `/v1/users/${id}`, { disabled: false });
  expect(await server.status("GET", "/v1/agents/", undefined, key)).toBe(200);
  await server.ok("DELETE", `/v1/users/${id}`);
  expect(await server.status("GET", "/v1/agents/", undefined, key)).toBe(401);
});

test("somebody signs in by a password, a key or a code, and out again", async () => {
  const { id } = await person("operator");
  const byPassword = await signIn({ email: "Operator@Example.org", password: PASSWORD });
  expect([byPassword.status, byPassword.body.token]).toEqual([200, expect.stringMatching(/^sls_/)]);
  const me = await server.ok("GET", "/v1/me", undefined, byPassword.body.token);
  expect([me.user.id, me.role, me.came_by, me.session_id]).toEqual([id, "operator", "session", byPassword.body.id]);

  const { code } = await server.ok("POST", `/v1/users/${id}/sign-in-codes`);
  // Past the sockets, so that both look for the code before either has taken it.
  const headers = { "content-type": "application/json" };
  const once = { method: "POST", headers, body: JSON.stringify({ code }) };
  const { api } = server.listening.server;
  const both = await Promise.all([1, 2].map(async () => api.request("http://localhost/v1/sessions", once)));
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 401]);

  const made = await server.ok("POST", "/v1/keys", { role: "viewer" });
  const byKey = (await signIn({ key: made.key })).body;
  expect(await server.status("GET", "/v1/agents/", undefined, byKey.token)).toBe(200);
  expect(await server.status("POST", "/v1/agents/", {}, byKey.token)).toBe(403);
  // A session is no way to another one.
  expect((await signIn({ key: byKey.token })).status).toBe(401);
  await server.ok("DELETE", `/v1/keys/${made.id}`);
  expect(await server.status("GET", "/v1/agents/", undefined, byKey.token)).toBe(401);

  const byRoot = (await signIn({ key: ROOT })).body;
  expect((await server.ok("GET", "/v1/me", undefined, byRoot.token)).role).toBe("owner");
  expect((await server.ok("GET", "/v1/sessions", undefined, byPassword.body.token)).length).toBe(2);
  await server.ok("DELETE", `/v1/sessions/${byRoot.id}`, undefined, byRoot.token);
  expect(await server.status("GET", "/v1/me", undefined, byRoot.token)).toBe(401);
  expect(await server.status("DELETE", `/v1/sessions/${byPassword.body.id}`, undefined, byPassword.body.token)).toBe(
    200,
  );
  expect(await server.status("GET", "/v1/me", undefined, byPassword.body.token)).toBe(401);
});

test("who changes their own password shows the one before, and other sessions end", async () => {
  const { id } = await person("operator");
  const { token } = (await signIn({ email: "operator@example.org", password: PASSWORD })).body;
  const path = `/v1/users/${id}`;
  const password = "another long password";
  expect(await server.status("PATCH", path, { password }, token)).toBe(401);
  expect(await server.status("PATCH", path, { password, current_password: "wrong" }, token)).toBe(401);
  expect(await server.status("PATCH", path, { disabled: true }, token)).toBe(403);
  expect(await server.status("PATCH", path, { name: "Op" }, token)).toBe(200);
  expect(await server.status("PATCH", path, { password, current_password: PASSWORD }, token)).toBe(200);
  expect(await server.status("GET", "/v1/me", undefined, token)).toBe(401);
  expect((await signIn({ email: "operator@example.org", password })).status).toBe(200);
  for (const bad of ["short", "x".repeat(1_001)])
    expect(await server.status("PATCH", path, { password: bad })).toBe(422);
  for (const body of [{ password: "sesame" }, { password: "open sesame", more: 1 }, { email: 1, password: "sesame" }]) {
    const { status, body: answer } = await server.call("PATCH", path, body, bearer(ROOT));
    expect([status, JSON.stringify(answer).includes("sesame")]).toEqual([422, false]);
  }
  expect(await server.status("PATCH", path, { email: "no address" })).toBe(422);
  await person("viewer");
  expect(await server.status("PATCH", path, { email: "VIEWER@example.org" })).toBe(409);
});

test("guessing passwords is slow for everybody, keys and codes aside, and as slow for an email that nobody has", async () => {
  await person("operator");
  const wrong = { email: "operator@example.org", password: "wrong password" };
  const times: number[] = [];
  for (const body of [
    wrong,
    { ...wrong, email: "nobody@example.org" },
    { ...wrong, organization_id: DEFAULT_ORGANIZATION_ID },
    { code: "x" },
    { key: "x\0" },
    { key: "y".repeat(4_000) },
  ]) {
    const startMs = performance.now();
    const { status, body: answer } = await signIn(body);
    times.push(performance.now() - startMs);
    expect([status, answer]).toEqual([401, { detail: "Unauthorized" }]);
  }
  expect((times[1] ?? 0) / (times[0] ?? 1)).toBeGreaterThan(0.3);
  // With a key of theirs, too: it lets nobody guess the password of its user.
  const { id } = (await server.ok("GET", "/v1/users")).find(({ name }: { name: string }) => name === "operator");
  const { key } = await server.ok("POST", "/v1/keys", { user_id: id });
  const guess = () => server.status("PATCH", `/v1/users/${id}`, { password: PASSWORD, current_password: "x" }, key);
  expect([await guess(), await guess(), await guess()]).toEqual([401, 401, 429]);
  const refused = await signIn({ email: "operator@example.org", password: PASSWORD });
  expect([refused.status, Number(refused.headers.get("retry-after")) > 0]).toEqual([429, true]);
  const { code } = await server.ok("POST", `/v1/users/${id}/sign-in-codes`);
  expect([(await signIn({ key: ROOT })).status, (await signIn({ code })).status]).toEqual([200, 200]);
  expect((await signIn({ key: "z".repeat(1_000_000) })).status).toBe(422);
  expect((await signIn({})).status).toBe(422);
});

test("a page of another origin may not even try to sign in", async () => {
  const { status } = await server.call("POST", "/v1/sessions", { key: "x" }, { origin: "https://evil.example" });
  expect(status).toBe(403);
});
