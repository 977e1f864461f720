import { afterEach, beforeEach, expect, test } from "bun:test";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";

const ROOT = "the root key, with spaces";
let server: HttpServer;
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const root = bearer(ROOT);

beforeEach(async () => {
  server = await startHttpServer({ SELKIE_API_KEY: ROOT });
});
afterEach(() => server.close());

async function makeKey(draft: object, headers: Readonly<Record<string, string>> = root) {
  const { status, body } = await server.call("POST", "/v1/keys", draft, headers);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body;
}

const statusOf = async (key: string, path = "/v1/agents/") =>
  (await server.call("GET", path, undefined, bearer(key))).status;

test("a key comes in by either header, as its own words say, and is never told again", async () => {
  const made = await makeKey({ role: "viewer" });
  expect(made.key).toMatch(/^slk_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/);
  expect(made.key.startsWith(made.prefix)).toBe(true);
  expect(await statusOf(made.key)).toBe(200);
  const bare = { "x-bare-password": `password ${made.key}` };
  expect((await server.call("GET", "/v1/agents/", undefined, bare)).status).toBe(200);
  const listed = await server.call("GET", "/v1/keys", undefined, root);
  expect(JSON.stringify(listed.body)).not.toContain(made.key.slice(13));
  expect(listed.body[0].id).toBe(made.id);
  expect((await server.call("POST", "/v1/agents/", {}, bearer(made.key))).status).toBe(403);
});

test("whatever opens nothing is answered alike, at once and without a word of why", async () => {
  const { key } = await makeKey({ role: "viewer" });
  const wrong = [
    "",
    "x",
    `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`,
    key.replace("slk_", "slk-"),
    `${key}0`,
    key.toLowerCase(),
    "slk_'; drop table access_keys; --",
    `slk_${"A".repeat(8)}_${"A".repeat(49)}`,
    "slk_ÄÖÜ",
    `slk_${"x".repeat(12_000)}`,
  ];
  for (const text of wrong) {
    const startMs = performance.now();
    const { status, body } = await server.call("GET", "/v1/agents/", undefined, bearer(text));
    expect([text.slice(0, 80), status, body]).toEqual([text.slice(0, 80), 401, { detail: "Unauthorized" }]);
    expect(performance.now() - startMs).toBeLessThan(250);
  }
  const twice = { ...bearer(key), "x-bare-password": `password ${ROOT}` };
  const refused = await server.call("GET", "/v1/agents/", undefined, twice);
  expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining("different keys")]);
  const same = { ...bearer(key), "x-bare-password": `password ${key}` };
  expect((await server.call("GET", "/v1/agents/", undefined, same)).status).toBe(200);
});

test("what no header may hold ends the connection or is refused, and the server goes on", async () => {
  const { key } = await makeKey({ role: "viewer" });
  const ask = (text: string) =>
    server.raw(
      `GET /v1/agents/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${text}\r\nConnection: close\r\n\r\n`,
    );
  for (const text of [`slk_\0${key.slice(5)}`, `${key}\0`, "slk_\u00e4".repeat(20), "x".repeat(1_000_000)])
    expect((await ask(text)).slice(0, "HTTP/1.1 401".length)).toMatch(/^(?:HTTP\/1\.1 4(?:00|01|31))?$/);
  expect(await statusOf(key)).toBe(200);
});

test("a revoked, a rotated and an expired key open nothing, from the next request on", async () => {
  const made = await makeKey({ role: "operator" });
  expect(await statusOf(made.key)).toBe(200);
  const rotated = (await server.call("POST", `/v1/keys/${made.id}/rotate`, { overlap_seconds: 60 }, root)).body;
  expect([await statusOf(made.key), await statusOf(rotated.key)]).toEqual([200, 200]);
  const again = (await server.call("POST", `/v1/keys/${made.id}/rotate`, {}, root)).body;
  expect([await statusOf(made.key), await statusOf(rotated.key), await statusOf(again.key)]).toEqual([401, 401, 200]);
  expect((await server.call("DELETE", `/v1/keys/${made.id}`, undefined, root)).status).toBe(200);
  expect(await statusOf(again.key)).toBe(401);
  expect((await server.call("POST", `/v1/keys/${made.id}/rotate`, {}, root)).status).toBe(409);
  const brief = await makeKey({ role: "viewer", expires_at: new Date(Date.now() + 400).toISOString() });
  expect(await statusOf(brief.key)).toBe(200);
  await Bun.sleep(450);
  expect(await statusOf(brief.key)).toBe(401);
  for (const expires_at of ["2001-01-01", "9999-12-31", "tomorrow", -5])
    expect((await server.call("POST", "/v1/keys", { role: "viewer", expires_at }, root)).status).toBe(422);
  for (const overlap_seconds of [-1, 1e12, 0.5])
    expect((await server.call("POST", `/v1/keys/${made.id}/rotate`, { overlap_seconds }, root)).status).toBe(422);
});

test("what began by a key ends with what it was, and what it makes ends with it", async () => {
  const ask = (method: string, path: string, key: string, body?: object) =>
    server.call(method, path, body, key === "" ? {} : bearer(key));
  const signIn = async (key: string) => (await ask("POST", "/v1/sessions", "", { key })).body;
  const made = await makeKey({ role: "operator" });
  const early = await signIn(made.key);
  expect(await statusOf(early.token)).toBe(200);
  const path = `/v1/keys/${made.id}/rotate`;
  const next = (await ask("POST", path, ROOT, { overlap_seconds: 60 })).body;
  // What opens for a minute more is no way to a session of a week.
  for (const { id, token } of [early, await signIn(made.key)]) {
    expect(await statusOf(token)).toBe(200);
    const [session] = (await ask("GET", "/v1/sessions?limit=100", ROOT)).body.filter(
      (one: { id: string }) => one.id === id,
    );
    expect(Date.parse(session.expires_at) - Date.now()).toBeLessThan(61_000);
  }
  const late = await signIn(next.key);
  await ask("POST", path, ROOT, {});
  expect([await statusOf(early.token), await statusOf(late.token)]).toEqual([401, 401]);

  const [sooner, later] = [50_000, 70_000].map((ms) => new Date(Date.now() + ms).toISOString());
  const brief = await makeKey({ role: "operator", expires_at: new Date(Date.now() + 60_000).toISOString() });
  for (const maker of [brief.key, (await signIn(brief.key)).token]) {
    const heir = await makeKey({}, bearer(maker));
    expect(heir.expires_at).toBe(brief.expires_at);
    expect((await ask("POST", "/v1/keys", maker, { expires_at: sooner })).status).toBe(200);
    expect((await ask("POST", "/v1/keys", maker, { expires_at: later })).status).toBe(403);
    expect((await ask("POST", `/v1/users/${brief.user_id}/sign-in-codes`, maker)).status).toBe(403);
  }
});
