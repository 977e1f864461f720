import { afterEach, beforeEach, expect, test } from "bun:test";
import { parseJson } from "../../src/core/json.ts";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// `selkie org`, `user` and `key` as whole processes: on the data folder, and beside a server that holds it.

/** A port where nothing listens, so that commands work on the data itself. */
const NOWHERE = "1";

let directory: ReturnType<typeof temporaryDirectory>;
let server: ServerProcess | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(async () => {
  await server?.kill();
  server = undefined;
  directory.remove();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function selkie(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = "",
): Promise<Ended> {
  const child = Bun.spawn([...SELKIE, ...args], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: directory.path,
      SELKIE_DATA: directory.path,
      SELKIE_PORT: NOWHERE,
      ...environment,
    },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

async function well(args: readonly string[], environment?: Readonly<Record<string, string>>, input?: string) {
  const { code, out, err } = await selkie(args, environment, input);
  expect([args, code, err]).toEqual([args, 0, err]);
  return out.trimEnd();
}

const lastLine = (text: string) => text.split("\n").at(-1) ?? "";

async function call(
  method: string,
  path: string,
  key?: string,
  body?: unknown,
): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${server?.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: parseJson(await response.text()) };
}

test("a key that is made on the data folder opens the server that starts on it, and nobody comes in without", async () => {
  const { code, out, err } = await selkie([
    "key",
    "create",
    "--role",
    "viewer",
    "--expires",
    "90d",
    "--agents",
    "tag:support",
  ]);
  expect([code, out]).toEqual([0, expect.stringMatching(/^slk_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}\n$/)]);
  expect(err).toContain("shown this once");
  const key = out.trim();
  // What a client is told to set makes no server that the key opens wholly, and no command on the data do less.
  const asViewer = { SELKIE_API_KEY: key };
  const started = await selkie(["serve"], { ...asViewer, SELKIE_PORT: "0" });
  expect([started.code, started.err]).toEqual([1, expect.stringContaining("SELKIE_API_KEY is a key that a server")]);
  expect(await well(["key", "list"], asViewer)).toContain(key.slice(0, 12));
  server = await startServer(directory.path);
  expect((await call("GET", "/v1/agents/")).status).toBe(401);
  expect((await call("GET", "/v1/agents/", key)).status).toBe(200);
  expect((await call("POST", "/v1/blocks/", key, { label: "x", value: "x" })).status).toBe(403);
  // The server holds the folder: without a key it is asked in vain, and says what to do.
  const port = { SELKIE_PORT: new URL(server.url).port };
  const refused = await selkie(["key", "list"], port);
  expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/Set SELKIE_API_KEY .*once it is stopped/)]);
  const elsewhere = await selkie(["key", "list"]);
  expect([elsewhere.code, elsewhere.err.includes(directory.path)]).toEqual([1, true]);
  await server.stop();

  const owner = lastLine(await well(["key", "create", "--role", "owner"]));
  server = await startServer(directory.path);
  const asOwner = { SELKIE_PORT: new URL(server.url).port, SELKIE_API_KEY: owner };
  const listed = await well(["key", "list"], asOwner);
  expect(listed).toContain(key.slice(0, 12));
  expect(listed).not.toContain(key.slice(13));
  const second = lastLine(await well(["key", "rotate", key.slice(0, 12), "--overlap", "1h"], asOwner));
  expect([(await call("GET", "/v1/agents/", key)).status, (await call("GET", "/v1/agents/", second)).status]).toEqual([
    200, 200,
  ]);
  await well(["key", "revoke", second], asOwner);
  expect((await call("GET", "/v1/agents/", key)).status).toBe(401);
  const rows: Answer = parseJson(await well(["key", "--json"], asOwner));
  expect(rows.map(({ prefix }: Answer) => prefix)).toEqual([owner.slice(0, 12)]);
}, 60_000);

test("whoever has the folder lets users in again whom everybody has locked out", async () => {
  const password = "correct horse battery";
  await well(
    ["user", "add", "Ada", "--email", "ada@example.org", "--role", "admin", "--password"],
    {},
    `${password}\n`,
  );
  await well(["user", "disable", "Ada"]);
  server = await startServer(directory.path);
  const signIn = (body: object) => call("POST", "/v1/sessions", undefined, body);
  expect((await signIn({ email: "ada@example.org", password })).status).toBe(401);
  await server.stop();
  const link = lastLine(await well(["user", "reset", "ada@example.org", "--role", "owner"]));
  const code = /^http:\/\/127\.0\.0\.1:1\/#sign-in=(slc_\w+)$/.exec(link)?.[1];
  server = await startServer(directory.path);
  expect((await signIn({ email: "ada@example.org", password })).status).toBe(401);
  const signedIn = await signIn({ code });
  expect((await call("GET", "/v1/me", signedIn.body.token)).body.role).toBe("owner");
  expect((await signIn({ code })).status).toBe(401);
  const asAda = { SELKIE_PORT: new URL(server.url).port, SELKIE_API_KEY: signedIn.body.token };
  expect(await well(["user"], asAda)).toMatch(/Ada +owner +ada@example\.org +user-/);
  expect(lastLine(await well(["user", "link", "Ada"], asAda))).toStartWith(`${server.url}/#sign-in=slc_`);
}, 60_000);

test("organisations and users are made, shown, changed and deleted by their names", async () => {
  await well(["org", "create", "North"]);
  await well(["org", "rename", "North", "South"]);
  expect(await well(["org"])).toMatch(/^default_org +org-.*\nSouth +org-/);
  await well(["user", "add", "Bo", "--org", "South", "--role", "editor", "--scopes", "agents:read,agents:talk"]);
  expect(await well(["user", "show", "Bo", "--org", "South"])).toMatch(/scopes +agents:read, agents:talk/);
  await well(["user", "role", "Bo", "viewer", "--org", "South"]);
  expect(await well(["user", "--org", "South"])).toMatch(/^Bo +viewer +person/);
  const key = lastLine(await well(["key", "create", "--role", "operator", "--org", "South"]));
  server = await startServer(directory.path);
  expect((await call("GET", "/v1/me", key)).body.organization.name).toBe("South");
  await server.stop();
  await well(["user", "delete", "Bo", "--org", "South"]);
  await well(["org", "delete", "South"]);
  expect(await well(["org"])).toMatch(/^default_org +org-[^\n]*$/);
}, 60_000);

test("what makes no sense is refused in one line, and nothing is done", async () => {
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [["key", "create", "--role", "king"], "role"],
    [["key", "create", "--role", "viewer", "--expires=-5d"], "--expires must be a time"],
    [["key", "create", "--role", "viewer", "--expires", "900y"], "expires_at"],
    [["key", "create", "--scopes", "everything"], "scopes"],
    [["key", "create", "--model", "x"], "does not take '--model'"],
    [["key", "make"], "There are: list, create"],
    [["key", "revoke"], "takes 1 names"],
    [["key", "revoke", "nothing"], "There is no key 'nothing'"],
    [["user", "delete", ""], "There is no user ''"],
    [["user", "show", "Ada"], "There is no user 'Ada'. 'selkie user' lists them"],
    [["user", "role", "default_user", "viewer"], "last owner"],
    [["user", "delete", "default_user"], "stays"],
    [["user", "add", "X", "--name", "y"], "does not take '--name'"],
    [["org", "delete", "default_org"], "cannot be deleted"],
    [["org", "delete", "nowhere"], "There is no organization 'nowhere'"],
    [["key", "create", "--org", ""], "--org was given without a value"],
  ];
  for (const [args, words] of refusals) {
    const { code, out, err } = await selkie(args);
    expect([args, code, out, err]).toEqual([args, 1, "", expect.stringContaining(words)]);
    expect([args, err.trimEnd().split("\n").length]).toEqual([args, 1]);
  }
  expect(await well(["key", "list"])).toContain("There are no keys");
}, 60_000);
