import { afterEach, beforeEach, expect, setSystemTime, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { signInFromProvider } from "../../src/agent/people/provider-sign-in.ts";
import { readSettings } from "../../src/app/command/settings.ts";
import { realSecrets } from "../../src/app/secrets.ts";
import { realWorld } from "../../src/app/world.ts";
import { instantOf } from "../../src/core/clock.ts";
import { actorOf, DEFAULT_ORGANIZATION_ID, DEFAULT_USER_ID, requireId } from "../../src/core/id.ts";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import {
  CLIENT,
  newSigningKey,
  type Place,
  type SigningKey,
  signed,
  startIdentityProvider,
  type TestProvider,
} from "../_harness/identity-provider.ts";
import { SELKIE } from "../_harness/program.ts";
import { startTestServer } from "../_harness/server.ts";

/** Where browsers believe that the server is. */
const PUBLIC_URL = "https://agents.test";
const ROLES = [
  { claim: "realm.roles", value: "bosses", role: "owner" },
  { claim: "realm.roles", value: "editors", role: "editor" },
  { claim: "https://example.com/groups", value: "readers", role: "viewer" },
];
const EDITOR = { sub: "ada", name: "Ada Lovelace", realm: { roles: ["other", "editors"] } };

const EVERYBODY = { where: null, role: "viewer", organizationId: DEFAULT_ORGANIZATION_ID } as const;

let provider: TestProvider;
let server: HttpServer;

beforeEach(async () => {
  provider = startIdentityProvider();
  provider.claims = EDITOR;
  server = await startServer();
});
afterEach(async () => {
  setSystemTime();
  await server.close();
  await provider.stop();
});

function variables(): Readonly<Record<string, string>> {
  return {
    SELKIE_PUBLIC_URL: PUBLIC_URL,
    SELKIE_OIDC_ISSUER: provider.issuer,
    SELKIE_OIDC_CLIENT_ID: CLIENT.id,
    SELKIE_OIDC_CLIENT_SECRET: CLIENT.secret,
    SELKIE_OIDC_ROLES: JSON.stringify(ROLES),
    SELKIE_OIDC_ALLOW_PRIVATE_URLS: "true",
  };
}

function startServer(changed: Readonly<Record<string, string>> = {}): Promise<HttpServer> {
  return startHttpServer({ ...variables(), ...changed });
}

/** A browser: it keeps cookies, and follows nothing by itself. */
function newBrowser() {
  const jar = new Map<string, string>();
  return {
    jar,
    async get(url: string, headers: Readonly<Record<string, string>> = {}) {
      const target = url.replace(PUBLIC_URL, server.url);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const sent = { accept: "text/html", ...(target.startsWith(server.url) && cookie !== "" ? { cookie } : {}) };
      const response = await fetch(target, { redirect: "manual", headers: { ...sent, ...headers } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/max-age=0/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
  };
}
type Browser = ReturnType<typeof newBrowser>;

const START = `${PUBLIC_URL}/v1/sessions/oidc/start`;

/** Goes to the provider and comes back to the address that it names. */
async function wayBack(browser: Browser): Promise<string> {
  const left = await browser.get(START);
  expect([left.status, left.text]).toEqual([302, ""]);
  const back = await browser.get(left.headers.get("location") ?? "");
  expect([back.status, back.text.slice(0, 200)]).toEqual([302, ""]);
  return back.headers.get("location") ?? "";
}

/** A whole sign-in: where it ends, and how. */
async function signIn(browser = newBrowser()) {
  return browser.get(await wayBack(browser));
}

/** The code that a sign-in ended with. */
async function codeOf(browser?: Browser): Promise<string> {
  const { status, headers, text } = await signIn(browser);
  expect([status, text]).toEqual([302, ""]);
  const [, code = ""] = /^https:\/\/agents\.test\/#sign-in=(slc_\w+)$/.exec(headers.get("location") ?? "") ?? [];
  expect(code).not.toBe("");
  return code;
}

const directory = () => server.listening.server.store.directory;
const person = (sub = "ada") => directory().userBy("subject", `${provider.issuer} ${sub}`);
async function rolesOf(sub = "ada") {
  const user = await person(sub);
  return user === undefined ? undefined : (await directory().membershipsOf(user.id)).map(({ role }) => role);
}

test("whoever the provider knows signs in with a code for the page, and is somebody from then on", async () => {
  const before = await person();
  const code = await codeOf();
  expect(before).toBeUndefined();
  expect(await person()).toMatchObject({ name: "Ada Lovelace", kind: "person", email: null, passwordHash: null });
  expect(await rolesOf()).toEqual(["editor"]);
  expect(await codeOf()).not.toBe(code);
  expect(await rolesOf()).toEqual(["editor"]);
});

/** The token of a session that a sign-in began. */
async function sessionOf(browser?: Browser): Promise<string> {
  const { status, body } = await server.call("POST", "/v1/sessions", { code: await codeOf(browser) });
  expect([status, body]).toMatchObject([200, { token: expect.stringMatching(/^sls_/) }]);
  return body.token;
}

const statusWith = async (token: string, method: string, path: string, body?: object) =>
  (await server.call(method, path, body, { authorization: `Bearer ${token}` })).status;

test("a code begins one session, and what that may follows the roles of later sign-ins", async () => {
  const code = await codeOf();
  const from = (origin: string) =>
    server.call("POST", "/v1/sessions", { code }, { host: "agents.test", origin, "sec-fetch-site": "same-origin" });
  expect((await from("https://evil.test")).status).toBe(403);
  const begun = await from(PUBLIC_URL);
  expect([begun.status, (await from(PUBLIC_URL)).status]).toEqual([200, 401]);
  const { token } = begun.body;
  const draft = { model: "openai/gpt-4o-mini" };
  expect(await statusWith(token, "POST", "/v1/agents", draft)).toBe(200);
  provider.claims = { sub: "ada", "https://example.com/groups": ["readers"] };
  const later = await sessionOf();
  expect(await statusWith(token, "POST", "/v1/agents", draft)).toBe(403);
  expect(await statusWith(token, "GET", "/v1/agents")).toBe(200);
  provider.claims = { sub: "ada" };
  expect((await signIn()).status).toBe(403);
  expect(await statusWith(token, "GET", "/v1/agents")).toBe(401);
  expect(await statusWith(later, "GET", "/v1/agents")).toBe(401);
});

test("nobody comes in who shows nothing, from the start", async () => {
  expect((await server.call("GET", "/v1/agents/")).status).toBe(401);
  expect((await server.call("GET", "/v1/sessions/oidc/other")).status).toBe(401);
  expect((await server.call("POST", "/v1/sessions/oidc/start")).status).toBe(401);
});

test("what leaves for the provider tells nothing of the browser's secret, and the cookie is for this server's name alone", async () => {
  const browser = newBrowser();
  const left = await browser.get(START);
  const [cookie = ""] = left.headers.getSetCookie();
  expect(cookie).toMatch(/^__Host-selkie-sign-in=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  expect(left.headers.get("cache-control")).toBe("no-store");
  expect(left.headers.get("referrer-policy")).toBe("no-referrer");
  const sent = new URL(left.headers.get("location") ?? "").searchParams;
  expect(sent.get("code_challenge_method")).toBe("S256");
  expect(sent.get("redirect_uri")).toBe(`${PUBLIC_URL}/v1/sessions/oidc/callback`);
  const names = ["state", "nonce", "code_challenge"];
  expect(new Set(names.map((name) => sent.get(name))).size).toBe(3);
  const [secret = ""] = [...browser.jar.values()];
  for (const name of names) expect(secret).not.toContain(sent.get(name) ?? "");
});

test("a sign-in ends in the browser where it began, once, and within ten minutes", async () => {
  const refused = async (browser: Browser, back: string) => {
    const { status, text } = await browser.get(back);
    expect([status, text]).toEqual([400, expect.stringContaining("You are not signed in")]);
    expect(await person("mallory")).toBeUndefined();
    return text;
  };
  const [ada, mallory] = [newBrowser(), newBrowser()];
  await wayBack(ada);
  provider.claims = { ...EDITOR, sub: "mallory" };
  const mallorys = await wayBack(mallory);
  // Somebody has another one finish what they began: to be signed in as them, or to have them signed in.
  await refused(ada, mallorys);
  await refused(newBrowser(), mallorys);
  expect(provider.asked.token).toBe(0);
  const name = "__Host-selkie-sign-in";
  const secret = mallory.jar.get(name) ?? "";
  const [made = "", random] = secret.split(".");
  const earlier = (Number.parseInt(made, 36) - 11 * 60_000).toString(36);
  for (const changed of [`${earlier}.${random}`, secret.slice(1), `${secret}x`, "", "a.b", `zzzzzzzzzz.${random}`]) {
    mallory.jar.set(name, changed);
    await refused(mallory, mallorys);
  }
  mallory.jar.set(name, secret);
  await refused(mallory, mallorys.replace(/state=[^&]+/, "state=other"));
  mallory.jar.set(name, secret);
  await refused(mallory, `${mallorys}&state=other`);
  mallory.jar.set(name, secret);
  setSystemTime(Date.now() + 601_000);
  await refused(mallory, mallorys);
  expect(provider.asked.token).toBe(0);
});

test("a sign-in that was used is used, whoever repeats it", async () => {
  const browser = newBrowser();
  const back = await wayBack(browser);
  const [secret = ""] = browser.jar.values();
  expect((await browser.get(back)).status).toBe(302);
  expect(browser.jar.size).toBe(0);
  expect((await browser.get(back)).status).toBe(400);
  browser.jar.set("__Host-selkie-sign-in", secret);
  expect((await browser.get(back)).text).toContain("This sign-in was used already");
  expect(provider.asked.token).toBe(1);
});

test("many first sign-ins of one person at once make one", async () => {
  const { store } = server.listening.server;
  const options = { ...realWorld(), store, secrets: realSecrets(), rules: [EVERYBODY], log: () => {}, origin: null };
  const identified = { issuer: provider.issuer, subject: "ada", claims: {} };
  const codes = await Promise.all(Array.from({ length: 8 }, () => signInFromProvider(options, identified)));
  expect(new Set(codes).size).toBe(8);
  const users = await directory().listUsers({ limit: 100, order: "asc" });
  expect(users.filter(({ subject }) => subject !== null)).toHaveLength(1);
});

test("tokens by other algorithms of two keys are taken, and clients that show who they are in each way", async () => {
  for (const authentication of ["client_secret_basic", "client_secret_post"] as const) {
    provider.authentication = authentication;
    provider.signer = newSigningKey("ES256");
    provider.keys = [provider.signer, newSigningKey("RS256")];
    await server.close();
    server = await startServer();
    await codeOf();
  }
  provider.authentication = "none";
  await server.close();
  server = await startServer({ SELKIE_OIDC_CLIENT_SECRET: "" });
  await codeOf();
});

/** What stands in for the provider's answer, and a word of what people are told. */
const WRONG: readonly (readonly [string, (provider: TestProvider) => void, string])[] = [
  ["another issuer", (p) => claim(p, { iss: "https://evil.example" }), "issuer"],
  ["another audience", (p) => claim(p, { aud: "somebody-else" }), "audience"],
  ["audiences beside ours", (p) => claim(p, { aud: [CLIENT.id, "other"] }), "audience"],
  ["another party", (p) => claim(p, { aud: [CLIENT.id, "other"], azp: "other" }), "azp"],
  ["another nonce", (p) => claim(p, { nonce: "other" }), "nonce"],
  ["no nonce", (p) => claim(p, { nonce: undefined }), "nonce"],
  ["expired", (p) => claim(p, { exp: seconds(-61) }), "not valid now"],
  ["not yet valid", (p) => claim(p, { nbf: seconds(90) }), "not valid now"],
  ["no end", (p) => claim(p, { exp: undefined }), "exp"],
  ["an end that is a text", (p) => claim(p, { exp: "tomorrow" }), "exp"],
  ["no subject", (p) => claim(p, { sub: undefined }), "sub"],
  ["an empty subject", (p) => claim(p, { sub: "" }), "sub"],
  ["a long subject", (p) => claim(p, { sub: "a".repeat(256) }), "sub"],
  ["a subject with NUL", (p) => claim(p, { sub: "a\0b" }), "sub"],
  ["no algorithm", (p) => token(p, (t) => `${base64({ alg: "none" })}.${t.split(".")[1]}.`), "alg"],
  ["signed with our secret", (p) => token(p, hs256), "alg"],
  ["another key of the same name", (p) => signer(p, { ...newSigningKey("RS256"), kid: p.signer.kid }), "signature"],
  ["a key that is not published", (p) => signer(p, newSigningKey("RS256")), "does not publish"],
  ["a changed payload", (p) => token(p, changedPayload), "signature"],
  ["an unknown part", (p) => header(p, { crit: ["b64"], b64: false }), "crit"],
  ["no token", (p) => token(p, () => undefined), "id_token"],
  ["a token that is none", (p) => token(p, () => "nonsense"), "JWT"],
  ["a token in five parts", (p) => token(p, () => "a.b.c.d.e"), "JWE"],
  ["an answer of somebody else", (p) => sentBack(p, (query) => query.set("iss", "https://evil.example")), "iss"],
  ["an answer of nobody", (p) => sentBack(p, (query) => query.delete("iss")), "iss"],
  ["no code", (p) => sentBack(p, (query) => query.delete("code")), "code"],
  ["two codes", (p) => sentBack(p, (query) => query.append("code", "b")), "once"],
  ["another code", (p) => sentBack(p, (query) => query.set("code", "b")), "sign in again"],
  ["no permission", (p) => sentBack(p, (query) => query.set("error", "access_denied")), "let you in (access_denied)"],
  ["a text as an error", (p) => sentBack(p, (query) => query.set("error", "<script>")), "did not let you in."],
  ["keys that are none", (p) => instead(p, "jwks", () => Response.json({ keys: "none" })), "keys"],
  ["an answer that is HTML", (p) => instead(p, "token", html), "application/json"],
  ["keys that are HTML", (p) => instead(p, "jwks", html), "application/json"],
  ["an answer elsewhere", (p) => instead(p, "token", elsewhere), "HTTP status"],
  ["keys elsewhere", (p) => instead(p, "jwks", elsewhere), "HTTP status"],
  ["an answer without an end", (p) => instead(p, "token", endless), "longer than"],
  ["keys without an end", (p) => instead(p, "jwks", endless), "longer than"],
  ["a list", (p) => instead(p, "token", () => Response.json([])), "object"],
  ["a failure", (p) => instead(p, "token", () => new Response("secret-trace", { status: 500 })), "HTTP status"],
  ["a refusal", (p) => instead(p, "token", () => error("invalid_client")), "(invalid_client)"],
  ["a refusal in its own words", (p) => instead(p, "token", () => error("secret-word <b>")), "refused"],
  ["a token of another kind", (p) => token(p, (t) => t, { token_type: "mac" }), "token_type"],
];

test.each(WRONG)("an answer that cannot be believed lets nobody in: %s", async (_name, spoil, word) => {
  spoil(provider);
  const answer = await signIn();
  expect([400, 503]).toContain(answer.status);
  expect(answer.headers.get("location")).toBeNull();
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(answer.text).toContain("You are not signed in");
  expect(answer.text.replaceAll("&quot;", '"')).toContain(word);
  for (const secret of ["secret-", "eyJ", CLIENT.secret, "<b>", "<script>"]) expect(answer.text).not.toContain(secret);
  expect(await directory().listUsers({ limit: 100, order: "asc" })).toHaveLength(1);
  expect((await server.call("GET", "/v1/health")).status).toBe(200);
});

test("clocks may differ by a minute", async () => {
  claim(provider, { exp: seconds(-50), nbf: seconds(50) });
  await codeOf();
});

const DESCRIPTIONS: readonly (readonly [string, (provider: TestProvider) => void, string])[] = [
  ["HTML", (p) => instead(p, "discovery", html), "application/json"],
  ["nothing", (p) => instead(p, "discovery", () => new Response("", { status: 404 })), "HTTP status"],
  ["elsewhere", (p) => instead(p, "discovery", elsewhere), "HTTP status"],
  ["without an end", (p) => instead(p, "discovery", endless), "longer than"],
  ["of another issuer", (p) => described(p, { issuer: "https://evil.example" }), "issuer"],
  ["without an issuer", (p) => described(p, { issuer: undefined }), "issuer"],
  ["without a place to sign in", (p) => described(p, { authorization_endpoint: undefined }), "authorization_endpoint"],
  [
    "a script to sign in",
    (p) => described(p, { authorization_endpoint: "javascript:alert(1)" }),
    "authorization_endpoint",
  ],
];

test.each(DESCRIPTIONS)("a provider that describes itself wrongly is not left for: %s", async (_name, spoil, word) => {
  spoil(provider);
  const page = await newBrowser().get(START);
  expect([page.status, page.text.replaceAll("&quot;", '"')]).toEqual([503, expect.stringContaining(word)]);
  expect(page.headers.getSetCookie()).toEqual([]);
  const program = await server.call("GET", "/v1/sessions/oidc/start");
  expect([program.status, program.body.detail]).toEqual([503, expect.stringContaining(word)]);
  // Both were told what one question had found.
  expect(provider.asked.discovery).toBe(1);
});

test("what the provider says of itself and its keys are asked for once, and again for a key that is new after a minute", async () => {
  await codeOf();
  await codeOf();
  expect(provider.asked).toMatchObject({ discovery: 1, jwks: 1, token: 2 });
  const next = newSigningKey("ES256");
  provider.keys = [...provider.keys, next];
  provider.signer = next;
  for (let i = 0; i < 3; i++) expect((await signIn()).text).toContain("does not publish");
  expect(provider.asked.jwks).toBe(1);
  setSystemTime(Date.now() + 61_000);
  await codeOf();
  expect(provider.asked).toMatchObject({ discovery: 1, jwks: 2 });
});

test("roles follow what the provider says: raised, lowered, and taken away with all sessions and keys", async () => {
  await codeOf();
  provider.claims = { ...EDITOR, realm: { roles: ["bosses", "editors"] } };
  await codeOf();
  expect(await rolesOf()).toEqual(["owner"]);
  provider.claims = { sub: "ada", "https://example.com/groups": ["readers", "more"] };
  const code = await codeOf();
  expect(await rolesOf()).toEqual(["viewer"]);
  for (const claims of [
    { sub: "ada" },
    { sub: "ada", realm: { roles: ["Editors", " editors", {}] }, __proto__: null },
  ]) {
    provider.claims = claims;
    const refused = await signIn();
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("gives you a role")]);
    expect(await rolesOf()).toEqual([]);
  }
  expect(await directory().codeOf(createHash("sha256").update(code).digest("hex"))).toBeUndefined();
  provider.claims = EDITOR;
  await codeOf();
  expect(await rolesOf()).toEqual(["editor"]);
});

test("whom no rule fits is not added, and whom a rule for everybody fits is", async () => {
  provider.claims = { sub: "eve" };
  expect((await signIn()).status).toBe(403);
  expect(await person("eve")).toBeUndefined();
  await server.close();
  server = await startServer({ SELKIE_OIDC_ROLES: `[${JSON.stringify(ROLES[0])}, {role: viewer}]` });
  await codeOf();
  expect(await rolesOf("eve")).toEqual(["viewer"]);
});

test("an email counts where the provider has checked it, and is no way to somebody else's account", async () => {
  const signInAs = async (sub: string, claims: object) => {
    provider.claims = { ...EDITOR, sub, ...claims };
    await codeOf();
    return (await person(sub))?.email;
  };
  expect(await signInAs("a", { email: "Ada@Example.com" })).toBeNull();
  expect(await signInAs("b", { email: "Ada@Example.com", email_verified: false })).toBeNull();
  expect(await signInAs("c", { email: "Ada@Example.com", email_verified: true })).toBe("ada@example.com");
  expect(await signInAs("d", { email: "ada@example.com", email_verified: true })).toBeNull();
  expect(await signInAs("e", { email: ["a@b.c"], email_verified: true })).toBeNull();
  expect(await signInAs("f", { email: "a b@c.d", email_verified: true })).toBeNull();
  expect(await signInAs("g", { email: "g@example.com", email_verified: "true", name: "\0" })).toBe("g@example.com");
});

test("what is not in the token is asked for, and must be of the same subject", async () => {
  provider.claims = { sub: "ada" };
  provider.more = { email: "ada@example.com", email_verified: true, realm: { roles: ["editors"] } };
  await codeOf();
  expect([await rolesOf(), (await person())?.email]).toEqual([["editor"], "ada@example.com"]);
  provider.more = { sub: "mallory", realm: { roles: ["bosses"] } };
  expect((await signIn()).status).toBe(503);
  provider.more = null;
  instead(provider, "userinfo", () => new Response("", { status: 500 }));
  expect((await signIn()).status).toBe(503);
  expect(await rolesOf()).toEqual(["editor"]);
});

test("what is told in a signed form must be signed by the provider", async () => {
  provider.claims = { sub: "ada" };
  provider.more = {};
  described(provider, { userinfo_signing_alg_values_supported: ["RS256", "HS256", "none"] });
  const claims = { iss: provider.issuer, aud: CLIENT.id, sub: "ada", realm: { roles: ["editors"] } };
  const tell = (text: string) =>
    instead(provider, "userinfo", () => new Response(text, { headers: { "content-type": "application/jwt" } }));
  const { signer: ours } = provider;
  const text = (key: SigningKey) => signed({ header: { alg: key.algorithm, kid: ours.kid }, claims, key });
  for (const forged of [
    text(newSigningKey("RS256")),
    hs256(text(ours)),
    `${base64({ alg: "none" })}.${base64(claims)}.`,
  ]) {
    tell(forged);
    expect((await signIn()).status).toBe(503);
  }
  tell(text(ours));
  await codeOf();
  expect(await rolesOf()).toEqual(["editor"]);
});

test("a restart between leaving and coming back does no harm", async () => {
  const browser = newBrowser();
  const back = await wayBack(browser);
  await server.close();
  server = await startServer();
  expect((await browser.get(back)).status).toBe(302);
});

test("no more than sixteen sign-ins are checked at once, and the next is told when to try again", async () => {
  const ways = [];
  for (let i = 0; i < 17; i++) {
    const browser = newBrowser();
    ways.push({ browser, back: await wayBack(browser) });
  }
  const held = Promise.withResolvers<void>();
  provider.instead = async (place) => (place === "token" ? void (await held.promise) : undefined);
  const [last, ...first] = ways;
  const waiting = first.map(({ browser, back }) => browser.get(back));
  while (provider.asked.token < 16) await Bun.sleep(5);
  const refused = await last?.browser.get(last.back);
  expect([refused?.status, refused?.headers.get("retry-after")]).toEqual([429, "5"]);
  held.resolve();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(16).fill(302));
});

test("who is disabled here stays so", async () => {
  await codeOf();
  const user = await person();
  if (user === undefined) throw new Error("nobody signed in");
  const { store } = server.listening.server;
  await store.write(actorOf(user.organizationId, user.id), ({ users }) =>
    users.save({ ...user, disabledAt: user.createdAt }),
  );
  provider.claims = { ...EDITOR, realm: { roles: ["bosses"] } };
  const refused = await signIn();
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("disabled here")]);
  expect(await rolesOf()).toEqual(["editor"]);
});

test("the last owner of an organisation stays one, and rules for organisations that are not there give nothing", async () => {
  const team = "org-11111111-1111-4111-8111-111111111111";
  const rules = [
    { role: "owner", organization: "org-22222222-2222-4222-8222-222222222222" },
    { claim: "team", value: "boss", role: "owner", organization: team },
    { claim: "team", value: "member", role: "viewer", organization: team },
  ];
  await server.close();
  server = await startServer({ SELKIE_OIDC_ROLES: JSON.stringify(rules) });
  const as = (sub: string, position: string) => {
    provider.claims = { sub, team: position };
  };
  as("ada", "boss");
  expect((await signIn()).status).toBe(403);
  const organizationId = requireId("org", team);
  const made = { id: organizationId, name: "Team", settings: null, toolsDigest: null, createdAt: instantOf(1) };
  await server.listening.server.store.write(actorOf(organizationId, DEFAULT_USER_ID), ({ organizations }) =>
    organizations.insert(made),
  );
  await codeOf();
  as("ada", "member");
  await codeOf();
  expect(await rolesOf()).toEqual(["owner"]);
  as("ada", "nothing");
  expect((await signIn()).status).toBe(403);
  expect(await rolesOf()).toEqual(["owner"]);
  as("bob", "boss");
  await codeOf();
  as("ada", "member");
  await codeOf();
  expect([await rolesOf(), await rolesOf("bob")]).toEqual([["viewer"], ["owner"]]);
});

test("a server starts without its provider, and people can sign in as soon as that is there", async () => {
  const { port } = new URL(provider.issuer);
  await provider.stop();
  const down = await newBrowser().get(START);
  expect([down.status, down.text]).toEqual([503, expect.stringContaining("cannot be asked")]);
  provider = startIdentityProvider(Number(port));
  provider.claims = EDITOR;
  await Bun.sleep(5_100);
  await codeOf();
}, 20_000);

test("a provider that never answers holds nobody up for longer than ten seconds", async () => {
  const world = realWorld();
  const clock = { ...world.clock, sleep: (ms: number, signal?: AbortSignal) => world.clock.sleep(ms / 50, signal) };
  const { oidc } = readSettings({}, variables());
  for (const place of ["discovery", "token", "jwks"] as const) {
    const quick = await startTestServer({ world: { ...world, clock }, oidc });
    instead(provider, place, () => new Promise(() => {}));
    const ask = async (url: string, cookie = "") => quick.server.api.request(url, { headers: { cookie } });
    let answer = await ask(START);
    if (answer.status === 302) {
      const back = await newBrowser().get(answer.headers.get("location") ?? "");
      answer = await ask(back.headers.get("location") ?? "", answer.headers.getSetCookie()[0]?.split(";")[0]);
    }
    expect([place, answer.status]).toEqual([place, 504]);
    expect(await answer.text()).toContain("No answer within 10 s");
    await quick.close();
  }
});

test("a provider on this machine or its networks is asked only where that is allowed", async () => {
  await server.close();
  server = await startServer({
    SELKIE_OIDC_ISSUER: "https://localhost:1/realm",
    SELKIE_OIDC_ALLOW_PRIVATE_URLS: "false",
    SELKIE_ALLOW_PRIVATE_URLS: "true",
  });
  const page = await newBrowser().get(START);
  expect([page.status, page.text]).toEqual([503, expect.stringContaining("set SELKIE_OIDC_ALLOW_PRIVATE_URLS")]);
});

test("selkie doctor says what the provider must know, and whether it answers", async () => {
  const doctor = async () => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: server.directory, ...variables() };
    const child = Bun.spawn([...SELKIE, "doctor", "--data", server.directory], { env, stdout: "pipe" });
    return `${await new Response(child.stdout).text()}${await child.exited}`;
  };
  const well = await doctor();
  expect(well).toContain(`people come back to ${PUBLIC_URL}/v1/sessions/oidc/callback`);
  expect(well).toContain(`ok    ${provider.issuer} answers\n`);
  provider.keys = [];
  expect(await doctor()).toContain("there are no keys at its jwks_uri (status 200)");
  await provider.stop();
  expect(await doctor()).toMatch(/FAIL .* answers -> The identity provider cannot be asked: 127.0.0.1 .*\n(?:.*\n)*1$/);
});

/** Sets claims of the tokens to come; undefined takes one away. */
function claim(to: TestProvider, changed: object): void {
  to.drafted = (draft) => ({ ...draft, claims: { ...draft.claims, ...changed } });
}

function header(to: TestProvider, changed: object): void {
  to.drafted = (draft) => ({ ...draft, header: { ...draft.header, ...changed } });
}

/** Changes tokens after they were signed, and what is said beside them. */
function token(to: TestProvider, change: (text: string) => string | undefined, beside: object = {}): void {
  to.answered = (tokens) => ({ ...tokens, id_token: change(tokens.id_token), ...beside });
}

function signer(to: TestProvider, key: SigningKey): void {
  to.signer = key;
}

function sentBack(to: TestProvider, change: (query: URLSearchParams) => void): void {
  to.sentBack = change;
}

function described(to: TestProvider, changed: object): void {
  to.described = (document) => ({ ...document, ...changed });
}

function instead(to: TestProvider, place: Place, answer: () => Response | Promise<Response>): void {
  to.instead = (asked) => (asked === place ? answer() : undefined);
}

const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const html = () => new Response("<html>secret-page</html>", { headers: { "content-type": "text/html" } });
const elsewhere = () => Response.redirect(`${provider.issuer}/jwks`, 302);
const error = (code: string) => Response.json({ error: code, error_description: "secret-reason" }, { status: 400 });

/** A gigabyte, as long as somebody reads it. */
function endless(): Response {
  const piece = new Uint8Array(65_536).fill(32);
  let left = 16_384;
  const pull = (controller: ReadableStreamDefaultController) => {
    if (left-- === 0) controller.close();
    else controller.enqueue(piece);
  };
  return new Response(new ReadableStream({ pull }), { headers: { "content-type": "application/json" } });
}

/** The same claims, signed with what this server and the provider share. */
function hs256(text: string): string {
  const head = `${base64({ alg: "HS256" })}.${text.split(".")[1]}`;
  return `${head}.${createHmac("sha256", CLIENT.secret).update(head).digest("base64url")}`;
}

function changedPayload(text: string): string {
  const [head, body = "", signature] = text.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString());
  return `${head}.${base64({ ...claims, sub: "mallory" })}.${signature}`;
}
