import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// What scripts and pipes do with the command line: one question, and lists.

/** A port where nothing listens, so that commands work on the data itself. */
const NOWHERE = "1";
const RUN_MS_MAX = 30_000;

let directory: ReturnType<typeof temporaryDirectory>;
let data: string;
let model: ModelServer;
const servers: ServerProcess[] = [];

beforeEach(() => {
  directory = temporaryDirectory();
  data = join(directory.path, "data");
  model = startModelServer();
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
  await model.stop();
  directory.remove();
});

interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs `selkie` with these arguments to its end. */
async function selkie(args: readonly string[], { environment = {}, input = "" }: RunOptions = {}) {
  const child = Bun.spawn([...SELKIE, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: directory.path, SELKIE_DATA: data, ...environment },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: RUN_MS_MAX,
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

/** Runs it on the data itself. */
const here = (args: readonly string[], options?: RunOptions) => selkie([...args, "--port", NOWHERE], options);

async function start(environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const server = await startServer(join(directory.path, "server"), environment);
  servers.push(server);
  return server;
}

async function call(url: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(url + path, {
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return response.json();
}

function expectSentence({ code, out, err }: Awaited<ReturnType<typeof selkie>>, ...says: readonly string[]): void {
  for (const words of says) expect(err).toContain(words);
  expect([code, out, err.trimEnd().split("\n").at(-1)?.startsWith("selkie: ")]).toEqual([1, "", true]);
  expect(err).not.toMatch(/\n\s+at |ZodError/);
}

describe("one question", () => {
  test("is answered on standard output, by an agent that is made and knows it tomorrow", async () => {
    const first = await here(["chat", "otter", "My name is Ada"]);
    expect([first.code, first.out.includes("Ada"), first.out.trimEnd().split("\n").length]).toEqual([0, true, 1]);
    expect(first.err).toContain("There is no agent called 'otter' yet; making it.");
    expect(first.err).toContain("selkie/rehearsal");
    const later = await here(["chat", "otter"], { input: "What is my name?\n" });
    expect([later.code, later.err, later.out.includes("Ada")]).toEqual([0, "", true]);
  }, 40_000);

  test("may come from standard input, whole, or have it behind", async () => {
    const { environment } = model;
    await here(["chat", "otter"], { environment, input: "line one\nline two\n" });
    await here(["chat", "otter", "Sum this up:"], { environment, input: "a\n\nb\n" });
    const asked = model.requests.map(
      (request) => request.messages.filter(({ role }) => role === "user").at(-1)?.content,
    );
    expect(asked).toEqual([
      expect.stringContaining("line one\nline two"),
      expect.stringContaining("Sum this up:\n\na\n\nb"),
    ]);
  }, 40_000);

  test("is answered with one JSON object when a program asks", async () => {
    model.say(
      { calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "Likes tea" } }] },
      { text: "Noted, tea." },
    );
    const { code, out, err } = await here(["chat", "otter", "I like tea", "--json"], {
      environment: model.environment,
    });
    expect([code, err.trimEnd()]).toEqual([0, "There is no agent called 'otter' yet; making it."]);
    expect(JSON.parse(out)).toEqual({
      agent: { id: expect.stringMatching(/^agent-/), name: "otter", model: "openai/gpt-4o" },
      run_id: expect.stringMatching(/^run-/),
      reply: "Noted, tea.",
      stop_reason: "end_turn",
      pending_approval: [],
      error: null,
      messages: [
        expect.objectContaining({
          message_type: "tool_call_message",
          tool_calls: [
            {
              name: "memory_insert",
              arguments: '{"label":"human","new_string":"Likes tea"}',
              tool_call_id: expect.any(String),
            },
          ],
        }),
        expect.objectContaining({ message_type: "tool_return_message", status: "success" }),
        expect.objectContaining({ message_type: "assistant_message", content: "Noted, tea." }),
      ],
      usage: expect.objectContaining({ step_count: 2 }),
    });
  }, 30_000);

  test("that cannot be answered says why, and the exit code tells it", async () => {
    const { environment } = model;
    model.say({ status: 401, body: '{"error":{"message":"bad key"}}' });
    const failed = await here(["chat", "otter", "one"], { environment });
    expect([failed.code, failed.out, failed.err.includes("bad key")]).toEqual([1, "", true]);
    const json = await here(["chat", "otter", "two", "--json", "--model", "openai/gpt-4o"], { environment });
    expect([json.code, JSON.parse(json.out).reply]).toEqual([0, "Done."]);
    expectSentence(await here(["chat", "otter", "x", "--model", "openai/nope"], { environment }), "openai/nope");
    expectSentence(await here(["chat", "otter", " "]), "The question is empty");
    expectSentence(await here(["chat", "otter"]), "needs a terminal", 'selkie chat AGENT "question"');
  }, 60_000);

  test("waits for an approval: it names the call and where it is answered", async () => {
    const { environment, say } = model;
    const server = await start(environment);
    const draft = { name: "careful", model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "" }] };
    const { id } = await call(server.url, "/v1/agents/", draft);
    const path = `/v1/agents/${id}/tools/approval/memory_insert`;
    await fetch(server.url + path, { method: "PATCH", headers: JSON_TYPE, body: '{"requires_approval":true}' });
    say({ calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "secret" } }] });
    const asked = await selkie(["chat", "careful", "go", "--json", "--url", server.url]);
    expect([asked.code, JSON.parse(asked.out).pending_approval]).toEqual([
      1,
      [
        {
          tool_call_id: expect.any(String),
          name: "memory_insert",
          arguments: '{"label":"human","new_string":"secret"}',
        },
      ],
    ]);
    const again = await selkie(["chat", "careful", "hello?", "--url", server.url]);
    expectSentence(
      again,
      'asks before it runs memory_insert {"label":"human","new_string":"secret"}',
      "selkie chat careful",
    );
  }, 40_000);
});

const JSON_TYPE = { "content-type": "application/json" };

describe("models", () => {
  test("--model gives an agent another one and says so; one on the rehearsal model hears of a real one", async () => {
    await here(["chat", "otter", "hello"]);
    const told = await here(["chat", "otter", "hello"], { environment: model.environment });
    expect([told.code, told.err.includes("/model openai/gpt-4o switches")]).toEqual([0, true]);
    const changed = await here(["chat", "otter", "hello", "--model", "openai/gpt-4o"], {
      environment: model.environment,
    });
    expect([changed.out, changed.err]).toEqual([
      "Done.\n",
      "otter now answers with openai/gpt-4o (before: selkie/rehearsal).\n",
    ]);
    const kept = await here(["chat", "otter", "hello"], { environment: model.environment });
    expect([kept.err, model.requests.at(-1)?.model]).toEqual(["", "gpt-4o"]);
  }, 60_000);

  test("a provider that does not answer is named, for a new agent and for one that rehearses", async () => {
    const environment = { OPENAI_API_KEY: "sk-x", OPENAI_API_BASE: "http://127.0.0.1:1/v1" };
    for (let round = 0; round < 2; round++) {
      const { code, err } = await here(["chat", "otter", "hello"], { environment });
      expect([round, code, /openai does not answer: .+/.test(err)]).toEqual([round, 0, true]);
    }
    const server = await start();
    const { err } = await selkie(["chat", "otter", "hello", "--url", server.url], { environment });
    expect(err).toContain(`openai is configured here, but the server at ${server.url} offers no model of it.`);
  }, 60_000);
});

describe("the server", () => {
  test("is the one that runs, with its key; the data here is not touched", async () => {
    const server = await start({ SELKIE_API_KEY: "secret" });
    const args = ["chat", "otter", "My name is Ada", "--port", new URL(server.url).port];
    const { code, out } = await selkie(args, { environment: { SELKIE_API_KEY: "secret" } });
    expect([code, out.includes("Ada"), existsSync(data)]).toEqual([0, true, false]);
    for (const key of ["wrong", ""])
      expectSentence(await selkie(args, { environment: { SELKIE_API_KEY: key } }), "401", "SELKIE_API_KEY");
  }, 40_000);

  test("that is none, not Selkie or of another version is told in a sentence", async () => {
    const ask = (url: string, ...args: readonly string[]) => selkie([...args, "--url", url]);
    expectSentence(
      await ask("http://127.0.0.1:1", "chat", "otter", "hi"),
      "http://127.0.0.1:1 does not answer",
      "--url",
    );
    const answers: Record<string, (() => Response) | undefined> = {};
    const http = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => answers[new URL(request.url).pathname]?.() ?? new Response("<h1>none</h1>", { status: 404 }),
    });
    const url = `http://127.0.0.1:${http.port}`;
    try {
      expectSentence(await ask(url, "agents"), `${url} is not Selkie`, "404");
      answers["/v1/health/"] = () => Response.json({ status: "ok", version: "0.1.0" });
      expectSentence(await ask(url, "agents"), "404", "another version");
      for (const odd of ['{"agents":[]}', '[{"ident":1}]', "<html>"]) {
        answers["/v1/agents/"] = () => new Response(odd);
        expectSentence(await ask(url, "chat", "otter", "hi"), "not known here", "another version");
      }
      answers["/v1/agents/"] = () => Response.json([{ id: "agent-1", name: "otter" }]);
      answers["/v1/agents/agent-1/messages"] = () => Response.json({ messages: [] });
      expectSentence(await ask(url, "chat", "otter", "hi"), "speaks version 0.1.0", "does not stream");
    } finally {
      await http.stop(true);
    }
  }, 60_000);
});

describe("lists", () => {
  test("agents, models, blocks and memory are listed and shown, for people and for programs", async () => {
    const server = await start(model.environment);
    const ask = (...args: readonly string[]) => selkie([...args, "--url", server.url]);
    expect((await ask("agents")).out).toBe("There are no agents yet. 'selkie chat' makes one.\n");
    expect((await ask("blocks")).out).toBe("There are no memory blocks yet.\n");
    expectSentence(await ask("memory"), "There are no agents yet");
    const memory_blocks = [{ label: "human", value: "Ada\nlikes tea" }];
    for (const name of ["otter", "日本"])
      await call(server.url, "/v1/agents/", {
        name,
        model: "openai/gpt-4o-mini",
        memory_blocks,
      });
    const agents = await ask("agents");
    expect(agents.out).toMatch(
      /^日本 {3}openai\/gpt-4o-mini {2}agent-\S+\notter {2}openai\/gpt-4o-mini {2}agent-\S+\n$/,
    );
    expect((await ask("agents", "--limit", "1")).out).toEndWith("\n1 more; --limit shows them.\n");
    const list = JSON.parse((await ask("agents", "--json")).out);
    expect(list.map((agent: Answer) => agent.name)).toEqual(["日本", "otter"]);
    const [, otter] = list;
    expect((await ask("agents", "otter")).out).toMatch(new RegExp(`^id {2,}${otter.id}$`, "m"));
    expect(JSON.parse((await ask("agents", otter.id, "--json")).out).blocks[0].value).toBe("Ada\nlikes tea");
    expectSentence(await ask("agents", "oter"), "Is it 'otter'?");

    expect((await ask("models")).out).toMatch(/^openai\/gpt-4o-mini {2,}128,000 tokens$/m);
    expect(JSON.parse((await ask("models", "openai/gpt-4o", "--json")).out).handle).toBe("openai/gpt-4o");
    expectSentence(await ask("models", "openai/gpt-4p"), "Is it 'openai/gpt-4o");

    expect((await ask("blocks", "otter")).out).toBe("human  Ada likes tea\n");
    expect((await ask("blocks", "otter", "human")).out).toBe("human (13 of 100000 characters)\nAda\nlikes tea\n");
    expect((await ask("blocks")).out.trimEnd().split("\n")).toHaveLength(2);
    expectSentence(await ask("blocks", "otter", "humn"), "Is it 'human'?");

    expect((await ask("memory", "otter")).out).toContain("otter knows no facts yet");
    await call(server.url, `/v1/agents/${otter.id}/memory/remember`, { text: "I live in Paris.", speaker: "Ada" });
    expect((await ask("memory", "otter")).out).toContain("Paris");
    expect((await ask("memory", "otter", "Where does Ada live?")).out).toContain("said  I live in Paris.");
    expect(JSON.parse((await ask("memory", "otter", "--json")).out)[0].is_current).toBeTrue();
  }, 90_000);

  test("a long list reaches a slow reader whole, and a reader that has enough ends it quietly", async () => {
    const server = await start();
    const memory_blocks = [{ label: "long", value: "x".repeat(90_000) }];
    for (let index = 0; index < 5; index++)
      await call(server.url, "/v1/agents/", { model: "selkie/rehearsal", memory_blocks });
    const run = (command: string) =>
      Bun.spawn(["sh", "-c", command], {
        env: {
          PATH: process.env["PATH"] ?? "",
          SELKIE: SELKIE.join(" "),
          SELKIE_URL: server.url,
          SELKIE_DATA: data,
        },
        stdout: "pipe",
        stderr: "pipe",
      });
    const whole = run("$SELKIE blocks --json | (sleep 1; cat)");
    expect(JSON.parse(await whole.stdout.text())).toHaveLength(5);
    const some = run('($SELKIE blocks --json; echo "code $?" >&2) | head -c 5');
    expect([await some.stdout.text(), await some.stderr.text()]).toEqual(["[\n  {", "code 0\n"]);
  }, 40_000);
});

describe("selkie schedule", () => {
  test("adds, lists and removes what is sent to an agent later", async () => {
    const { url } = await start();
    const { id } = await call(url, "/v1/agents/", { name: "Ada", model: "selkie/rehearsal" });
    const there = (args: readonly string[]) => selkie(["schedule", ...args, "--url", url]);
    expect((await there(["list", "Ada"])).out).toContain("Nothing is scheduled");
    const zone = ["--timezone", "Asia/Kolkata"];
    const daily = await there(["add", "Ada", "Good morning", "--cron", "0 9 * * *", ...zone]);
    expect([daily.code, daily.out]).toEqual([0, expect.stringMatching(/^schedule-\S+ +\S+T03:30Z\n$/)]);
    const at = `${new Date().getUTCFullYear() + 1}-03-01T10:00+01:00`;
    expect((await there(["add", "Ada", "The dentist", "--at", at])).out).toContain("-03-01T09:00Z");
    const { out } = await there(["list", "Ada"]);
    expect(out).toMatch(/T03:30Z +0 9 \* \* \* \(Asia\/Kolkata\) +Good morning +schedule-/);
    expect(out).toMatch(/-03-01T09:00Z +once +The dentist +schedule-/);
    const [scheduleId = ""] = daily.out.split(" ");
    expect((await there(["remove", "Ada", scheduleId])).out).toBe(`${scheduleId} is deleted\n`);
    const left = JSON.parse((await there(["list", "Ada", "--json"])).out);
    expect(left.map((one: Answer) => [one.agent_id ?? id, one.message.messages[0].content])).toEqual([
      [id, "The dentist"],
    ]);
  });

  test("says what it cannot do, and adds nothing", async () => {
    for (const [args, words] of [
      [["add", "Ada", "x"], "needs --at or --cron"],
      [["add", "Ada", "x", "--at", "soon"], "--at must be a time"],
      [["add", "Ada", "x", "--at", "2030-01-01", "--timezone", "UTC"], "--timezone goes with --cron"],
      [["add", "Ada"], "takes list AGENT, add AGENT"],
      [["list"], "takes list AGENT"],
      [["change", "Ada"], "takes list AGENT"],
    ] as const) {
      const { code, err } = await here(["schedule", ...args]);
      expect([code, err]).toEqual([1, expect.stringContaining(words)]);
    }
  });
});
