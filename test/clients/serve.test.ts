import { afterEach, beforeEach, expect, test } from "bun:test";
import { startModelServer } from "../_harness/model-server.ts";
import { SELKIE } from "../_harness/program.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

let directory: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(() => directory.remove());

/** What a server process says, from its start to its end; `work` is done as soon as `ready` was said. */
async function said(
  environment: Readonly<Record<string, string>>,
  ready: RegExp,
  work: (url: string) => Promise<unknown> = async () => {},
): Promise<{ readonly out: string; readonly err: string; readonly firstMs: number }> {
  const start = performance.now();
  const child = Bun.spawn([...SELKIE, "serve", "--port", "0"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: directory.path, SELKIE_DATA: directory.path, ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const err = child.stderr.text();
  const decoder = new TextDecoder();
  let out = "";
  let firstMs = 0;
  let isWorking = false;
  for await (const bytes of child.stdout) {
    out += decoder.decode(bytes, { stream: true });
    const url = /listens on (http:\S+)/.exec(out)?.[1];
    if (url !== undefined && firstMs === 0) firstMs = performance.now() - start;
    if (url === undefined || isWorking || !ready.test(out)) continue;
    isWorking = true;
    void work(url).finally(() => child.kill("SIGTERM"));
  }
  return { out, err: await err, firstMs };
}

const found = /^ {2}next /m;

test("serve() says what it found: a dead provider by its name and why, the models that are left, what to do next", async () => {
  const { out, err } = await said({ OLLAMA_BASE_URL: "http://127.0.0.1:1" }, found);
  expect(out).toMatch(/^selkie listens on http:\/\/127\.0\.0\.1:\d+ \(no key needed; data in .*selkie\.db\)$/m);
  expect(out).toMatch(/^ {2}provider {3}ollama FAILS: .*check its base URL and that it runs$/m);
  expect(out).toMatch(/^ {2}models {5}selkie\/rehearsal alone/m);
  expect(out).toMatch(/^ {2}embedding {2}none; /m);
  expect(out).toMatch(/^ {2}next {7}selkie chat, or curl http:\/\/127/m);
  expect([out.includes("\u001b"), err]).toEqual([false, ""]);
}, 30_000);

test("serve() says which providers answer, and shows no key", async () => {
  const model = startModelServer();
  const environment = { ...model.environment, SELKIE_API_KEY: "s3cr3t", SELKIE_EMBEDDING: "openai/nothing" };
  const { out } = await said(environment, found);
  await model.stop();
  expect(out).toMatch(/^ {2}provider {3}openai answers: \d+ models/m);
  expect(out).toMatch(/^ {2}embedding {2}openai\/nothing is offered by no provider that answers/m);
  expect(out).toContain("(key required; ");
  expect(out).not.toContain("s3cr3t");
}, 30_000);

test("serve() names the variables that bring a model where there is none", async () => {
  const { out } = await said({}, found);
  expect(out).toMatch(/^ {2}provider {3}none; OPENAI_API_KEY, /m);
}, 30_000);

test("serve() answers before a provider that says nothing gives up", async () => {
  const mute = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Promise<Response>(() => {}) });
  const environment = { OPENAI_API_KEY: "sk-x", OPENAI_API_BASE: `http://127.0.0.1:${mute.port}/v1` };
  let status = 0;
  const { out } = await said(environment, /listens on/, async (url) => {
    status = (await fetch(`${url}/v1/health/`)).status;
  });
  await mute.stop(true);
  expect([status, found.test(out)]).toEqual([200, false]);
}, 30_000);

test("serve() tells each request and each failed run in a line, and every setting that does nothing", async () => {
  const model = startModelServer();
  model.say({ status: 401, body: '{"error":{"message":"bad key"}}' });
  const environment = { ...model.environment, E2B_API_KEY: "e2b-secret", SELKIE_PROT: "1" };
  let agentId = "";
  const { err } = await said(environment, found, async (url) => {
    const post = async (path: string, body: object) =>
      (await fetch(url + path, { method: "POST", body: JSON.stringify(body) })).text();
    const made = await post("/v1/agents/?token=secret", { model: "openai/gpt-4o-mini" });
    agentId = /agent-[0-9a-f-]{36}/.exec(made)?.[0] ?? "";
    await post(`/v1/agents/${agentId}/messages`, { messages: [{ role: "user", content: "my words" }] });
  });
  await model.stop();
  const lines = err.split("\n").map((line) => line.replace(/^\S+ (\w+) +/, "$1 "));
  expect(lines).toContainEqual(expect.stringMatching(/^warn E2B_API_KEY does nothing here: /));
  expect(lines).toContainEqual(expect.stringMatching(/^warn SELKIE_PROT .*SELKIE_PORT\?$/));
  expect(lines).toContainEqual(expect.stringMatching(/^info POST \/v1\/agents\/ 200 [\d.]+ ms$/));
  const run = /run-[0-9a-f-]{36}/.exec(err)?.[0];
  expect(lines).toContainEqual(
    expect.stringMatching(
      new RegExp(`^error Run ${run} of agent ${agentId} failed with openai/gpt-4o-mini .*: .*bad key`),
    ),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(new RegExp(`^info POST /v1/agents/${agentId}/messages 401 [\\d.]+ ms ${run}$`)),
  );
  for (const secret of ["secret", "my words", "sk-"]) expect(err).not.toContain(secret);
}, 30_000);

test("serve() is silent where it is told to be", async () => {
  const { err } = await said({ SELKIE_LOG_LEVEL: "silent", SELKIE_PROT: "1" }, found, (url) =>
    fetch(`${url}/v1/tools/`),
  );
  expect(err).toBe("");
}, 30_000);
