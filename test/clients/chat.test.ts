import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";
import { openTerminal, type TestTerminal, type TestTerminalOptions } from "../_harness/terminal.ts";

// Chats as people have them: a real process in a pseudo-terminal, a real server, a scripted model.

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

let directory: ReturnType<typeof temporaryDirectory>;
let data: string;
let model: ModelServer;
let server: ServerProcess;
let terminals: TestTerminal[];

beforeEach(async () => {
  directory = temporaryDirectory();
  data = join(directory.path, "data");
  model = startModelServer();
  server = await startServer(join(directory.path, "server"), model.environment);
  terminals = [];
});

afterEach(async () => {
  for (const terminal of terminals) terminal.kill();
  await server.kill();
  await model.stop();
  directory.remove();
});

function open(args: readonly string[], options: TestTerminalOptions = {}): TestTerminal {
  const environment = { HOME: directory.path, SELKIE_URL: server.url, SELKIE_DATA: data, ...options.environment };
  const terminal = openTerminal(args, { ...options, environment });
  terminals.push(terminal);
  return terminal;
}

/** A chat that is ready to be written in. */
async function chat(args: readonly string[] = ["otter"], options: TestTerminalOptions = {}): Promise<TestTerminal> {
  const terminal = open(["chat", ...args], options);
  await terminal.until(/talk with/i);
  return terminal;
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.status).toBe(200);
  return response.json();
}

async function makeAgent(name = "otter", extra: object = {}): Promise<string> {
  const draft = { name, model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "Ada" }], ...extra };
  return (await call("POST", "/v1/agents/", draft)).id;
}

/** What people said to the agent, in order. */
async function said(agentId: string): Promise<readonly string[]> {
  const messages = await call("GET", `/v1/agents/${agentId}/messages?order=asc&limit=100`);
  return messages.flatMap((message: Answer) => (message.message_type === "user_message" ? [message.content] : []));
}

describe("writing", () => {
  test("what is pasted is one message with its lines, and so is what is written with line breaks", async () => {
    const agentId = await makeAgent();
    const terminal = await chat();
    const lines = ["one", "two", "three", "", "five", "six"].join("\n");
    terminal.paste(lines);
    await terminal.until("six");
    terminal.press("\r");
    await terminal.until("Done.");
    for (const key of ["\n", "\u001b\r", "\\\r"]) terminal.press(`a${key}`);
    terminal.press("end\r");
    await terminal.until("Done.");
    expect(await said(agentId)).toEqual([lines, "a\na\na\nend"]);
  }, 40_000);

  test("what was written before comes back with the arrow, in a later chat too, and only its writer may read it", async () => {
    const agentId = await makeAgent();
    const terminal = await chat();
    terminal.press("remember\r");
    await terminal.until("Done.");
    terminal.press(CTRL_D);
    expect(await terminal.exited).toBe(0);
    const later = await chat();
    await later.until("───");
    model.say({ text: "Heard again." });
    later.press("\u001b[A");
    later.press("\r");
    await later.until("Heard again.");
    expect(await said(agentId)).toEqual(["remember", "remember"]);
    expect(statSync(join(data, "chat-history")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(data, "chat-history"), "utf8")).toBe('"remember"\n"remember"\n');
  }, 40_000);

  test("commands are done here, unknown ones are answered with the nearest, and none goes to the model", async () => {
    const agentId = await makeAgent("otter");
    const terminal = await chat();
    const answers: readonly (readonly [string, string | RegExp])[] = [
      ["/help", "/approve"],
      ["/hlep", "Did you mean /help?"],
      ["/aprove", "Did you mean /approve?"],
      ["/zzzzzz", "/help lists them"],
      ["/blocks", "Ada"],
      ["/blocks humn", "Is it 'human'?"],
      ["/tools", "conversation_search"],
      ["/agents", agentId],
      ["/agents oter", "Is it 'otter'?"],
      ["/memory", "knows no facts yet"],
      ["/model", "openai/gpt-4o"],
      ["/model openai/gpt-4o", "otter now answers with openai/gpt-4o (before: openai/gpt-4o-mini)"],
      ["/model openai/gpt-4p", /Is it 'openai\/gpt-4o/],
      ["/approve", "asks for nothing"],
      ["/clear", ""],
    ];
    for (const [command, answer] of answers) {
      terminal.press(`${command}\r`);
      await terminal.until(answer);
    }
    expect(model.requests).toHaveLength(0);
    expect((await call("GET", `/v1/agents/${agentId}`)).model).toBe("openai/gpt-4o");
    terminal.press("/quit\r");
    expect(await terminal.exited).toBe(0);
  }, 60_000);

  test("/new begins a conversation of its own, and // stands for a slash", async () => {
    const agentId = await makeAgent();
    const terminal = await chat();
    terminal.press("first\r");
    await terminal.until("Done.");
    terminal.press("/new\r");
    await terminal.until("A new conversation");
    terminal.press("//etc is a folder\r");
    await terminal.until("Done.");
    const sent = JSON.stringify(model.requests.at(-1)?.messages);
    expect([sent.includes("/etc is a folder"), sent.includes("first")]).toEqual([true, false]);
    const own = await call("GET", `/v1/agents/${agentId}/messages?conversation_id=default&order=asc`);
    expect(own.filter((message: Answer) => message.message_type === "user_message")).toHaveLength(1);
  }, 40_000);
});

describe("a reply", () => {
  test("is stopped by Ctrl-C, on the server too, and the talk goes on; a second Ctrl-C leaves", async () => {
    const agentId = await makeAgent();
    const terminal = await chat();
    model.say({ text: "never", after: new Promise(() => {}) });
    terminal.press("long story\r");
    await terminal.until("is at work");
    while (model.requests.length === 0) await Bun.sleep(10);
    terminal.press(CTRL_C);
    await terminal.until("(stopped)");
    const [run] = await call("GET", `/v1/runs/?agent_id=${agentId}`);
    expect(run.status).toBe("cancelled");
    terminal.press("short story\r");
    await terminal.until("Done.");
    await Bun.sleep(2_100);
    terminal.press(CTRL_C);
    await terminal.until("Ctrl-C again leaves");
    terminal.press(CTRL_C);
    expect(await terminal.exited).toBe(0);
  }, 40_000);

  test("is waited for by what is written meanwhile", async () => {
    const agentId = await makeAgent();
    const gate = Promise.withResolvers<void>();
    model.say({ text: "First.", after: gate.promise }, { text: "Second." });
    const terminal = await chat();
    terminal.press("one\r");
    await terminal.until("is at work");
    terminal.press("two\r");
    await terminal.until("(waits until otter has spoken) two");
    gate.resolve();
    await terminal.until("First.");
    await terminal.until("Second.");
    expect(await said(agentId)).toEqual(["one", "two"]);
  }, 40_000);

  test("goes on where it was when the server is lost and comes back; what is lost for good is a sentence", async () => {
    const agentId = await makeAgent();
    const gate = Promise.withResolvers<void>();
    model.say({ text: "too late", after: gate.promise });
    const { port } = new URL(server.url);
    const terminal = await chat();
    terminal.press("still there?\r");
    while (model.requests.length === 0) await Bun.sleep(10);
    await server.kill();
    await terminal.until(`${server.url} does not answer`);
    await terminal.until(/trying\s+again\s+in\s+1\s+s/);
    model.say({ text: "Back again." });
    server = await startServer(join(directory.path, "server"), { ...model.environment, SELKIE_PORT: port });
    await terminal.until("Back again.");
    gate.resolve();
    expect(await said(agentId)).toEqual(["still there?"]);
    await server.kill();
    terminal.press("/agents\r");
    await terminal.until(/does\s+not\s+answer\s+\(nothing\s+listens\s+there\)\.\s+Is/);
    terminal.press(CTRL_D);
    expect(await terminal.exited).toBe(0);
    expect(terminal.text()).not.toMatch(/\n\s+at /);
  }, 60_000);

  test("that fails is told in words, and what was written can be sent again", async () => {
    const agentId = await makeAgent();
    const terminal = await chat();
    model.say({ status: 401, body: '{"error":{"message":"bad key"}}' });
    terminal.press("hello\r");
    await terminal.until(/bad\s+key/);
    await call("PATCH", `/v1/agents/${agentId}`, { name: "renamed" });
    terminal.press("again\r");
    await terminal.until("Done.");
  }, 40_000);
});

describe("an approval", () => {
  const asks = { calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "Likes\ntea" } }] };

  async function careful(): Promise<string> {
    const agentId = await makeAgent();
    await call("PATCH", `/v1/agents/${agentId}/tools/approval/memory_insert`, { requires_approval: true });
    return agentId;
  }

  test("is asked with its arguments; y runs the call, n says why not, and later is possible", async () => {
    const agentId = await careful();
    const terminal = await chat();
    model.say(asks, { text: "Kept." });
    terminal.press("I like tea\r");
    const question = await terminal.until("Run memory_insert? y yes");
    expect(question).toContain("label: human");
    terminal.press("x");
    terminal.press("y");
    await terminal.until("Kept.");
    model.say(asks, { text: "As you wish." });
    terminal.press("And coffee\r");
    await terminal.until("Run memory_insert?");
    terminal.press("n");
    await terminal.until("Why not?");
    terminal.press("not now\r");
    await terminal.until("(not allowed: not now)");
    await terminal.until("As you wish.");
    expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain("not now");
    const blocks = await call("GET", `/v1/agents/${agentId}/core-memory/blocks`);
    expect(blocks[0].value.match(/tea/g)).toHaveLength(1);
  }, 40_000);

  test("that was left open is noticed at the next start, and words before an answer lead to it, not to a 409", async () => {
    const agentId = await careful();
    const first = await chat();
    model.say(asks);
    first.press("I like tea\r");
    await first.until("Run memory_insert?");
    first.press(CTRL_C);
    await first.until("/approve comes back to it");
    first.press("more\r");
    await first.until("Run memory_insert?");
    first.press(CTRL_C);
    await first.until("Left open");
    first.kill();
    const second = await chat();
    await second.until("asks before it runs");
    await second.until("Run memory_insert?");
    second.press("\u001b");
    await second.until("Left open");
    model.say({ text: "Then not." });
    second.press("/approve no I changed my mind\r");
    await second.until("Then not.");
    expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain("I changed my mind");
    second.press("fine\r");
    await second.until("Done.");
    expect(await said(agentId)).toEqual(["I like tea", "fine"]);
    // The address that is shown may hold the same digits.
    expect(second.text()).not.toMatch(/\b409\b/);
  }, 60_000);
});

describe("what is shown", () => {
  test("the talk so far, the reply as it is written, tools by name, and whose turn it is", async () => {
    await makeAgent();
    model.say(
      { calls: [{ name: "memory_insert", arguments: { label: "human", new_string: "Likes tea" } }] },
      { text: "**Noted**, tea." },
    );
    const terminal = await chat();
    terminal.press("I like tea\r");
    await terminal.until("✓ memory_insert");
    await terminal.until("Noted, tea.");
    terminal.press(CTRL_D);
    await terminal.exited;
    const later = open(["chat", "otter"]);
    const recap = await later.until("Noted, tea.");
    expect(recap).toContain("The talk with otter so far");
    expect(recap).toContain("> I like tea");
  }, 40_000);

  test("nothing is cut at the edge of twenty columns, with wide characters either, and all is redrawn on a resize", async () => {
    await makeAgent();
    const text = `${"word ".repeat(12)}日本語のテキストはとても長い文章です 👩‍👩‍👧 verylongwordwithoutanyspaces last`;
    model.say({ text });
    const terminal = await chat(["otter"], { columns: 20, rows: 12 });
    terminal.press("こんにちは世界、元気ですか、とても元気です\r");
    await terminal.until("last");
    terminal.press("/help\r");
    await terminal.until("clears the screen");
    const widest = () =>
      Math.max(
        ...terminal
          .text()
          .split("\n")
          .map((line) => Bun.stringWidth(line)),
      );
    expect(widest()).toBeLessThanOrEqual(20);
    terminal.resize(60, 20);
    await terminal.until("word word word word word word");
    terminal.press(CTRL_D);
    expect(await terminal.exited).toBe(0);
  }, 40_000);

  test("what an agent says cannot steer the terminal", async () => {
    await makeAgent();
    model.say({ text: "before\u001b]0;stolen title\u0007\u001b[2Jafter" });
    const terminal = await chat();
    terminal.press("go\r");
    await terminal.until("beforeafter");
    expect(terminal.raw()).not.toContain("stolen");
  }, 30_000);

  test("what a tool answers, and what is asked of it, cannot steer the terminal either", async () => {
    const agentId = await makeAgent();
    const evil = "a\u001b]0;stolen\u0007\u001b]52;c;c3RvbGVu\u0007\u001bc\u009b2J\u001b[41mb\r\u0008c";
    const fails = { name: "memory_insert", arguments: { label: evil, new_string: evil } };
    model.say({ text: evil, calls: [fails] }, { text: "It failed." });
    const terminal = await chat();
    terminal.press("go\r");
    // What is told of a block that there is not names it as it was named.
    await terminal.until(/is\s+labelled\s+`abc`/);
    await terminal.until("It failed.");
    await call("PATCH", `/v1/agents/${agentId}/tools/approval/memory_insert`, { requires_approval: true });
    model.say({ calls: [fails] });
    terminal.press("once more\r");
    await terminal.until("label: abc");
    await terminal.until("Run memory_insert? y yes");
    terminal.press("y");
    await terminal.until("Done.");
    for (const word of ["\u001b]0;stolen", "\u001b]52;", "\u001bc", "\u009b", "\u001b[41m", "\u0008"])
      expect([word, terminal.raw().includes(word)]).toEqual([word, false]);
    const later = await chat();
    await later.until("abc");
    expect(later.raw()).not.toContain("stolen");
  }, 40_000);

  test("no color where NO_COLOR says so", async () => {
    await makeAgent();
    const colors = async (environment: Readonly<Record<string, string>>) => {
      const terminal = await chat(["otter"], { environment });
      terminal.press("hi\r");
      await terminal.until("Done.");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
      return /\u001b\[3[0-7]m/.test(terminal.raw());
    };
    expect([await colors({}), await colors({ NO_COLOR: "1" })]).toEqual([true, false]);
  }, 40_000);
});
