import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { startServer } from "../_harness/server-process.ts";

const EXAMPLE = join(import.meta.dir, "../../examples/declared");
const directory = mkdtempSync(join(tmpdir(), "selkie-declared-"));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Run {
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly killAfterMs?: number;
}

/** Runs `selkie` and gives what it said. */
async function selkie({ args, environment = {}, killAfterMs }: Run) {
  const env = { PATH: process.env["PATH"] ?? "", HOME: directory, ...environment };
  const child = Bun.spawn([...SELKIE, ...args], { stdout: "pipe", stderr: "pipe", env });
  const killing = killAfterMs === undefined ? undefined : setTimeout(() => child.kill(9), killAfterMs);
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  clearTimeout(killing);
  return { code, out, err };
}

/** Files in a folder of their own, and a data folder beside it. */
function given(name: string, files: Readonly<Record<string, string>>) {
  const folder = join(directory, name);
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return { folder, data: join(directory, `${name}.data`) };
}

function apply(path: string, data: string, rest: Partial<Run> = {}) {
  return selkie({ ...rest, args: ["apply", path, "--data", data, ...(rest.args ?? [])] });
}

const NOTHING = "Everything is as the file says; nothing was changed\n";

/** Asks a server on this data. */
async function withServer<T>(
  data: string,
  use: (ask: (method: string, path: string, body?: object) => Promise<Answer>, url: string) => Promise<T>,
) {
  const server = await startServer(data);
  try {
    return await use(async (method, path, body) => {
      const init = {
        method,
        headers: { "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      };
      const response = await fetch(server.url + path, init);
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response.json();
    }, server.url);
  } finally {
    await server.stop();
  }
}

const ALL = "include=agent.blocks&include=agent.tools&include=agent.tags&include=agent.sources&include=agent.secrets";

function namesOf(things: readonly Answer[], key = "name") {
  return things.map((one) => one[key]).toSorted();
}

test("the example is applied, agents answer, and a second time nothing is changed", async () => {
  const data = join(directory, "example.data");
  const first = await apply(join(EXAMPLE, "agents.yaml"), data);
  expect([first.code, first.err]).toEqual([0, ""]);
  expect(first.out).toContain("+ agent front desk: model selkie/rehearsal\n");
  expect(first.out).toEndWith("10 changes made\n");
  expect(await apply(join(EXAMPLE, "agents.yaml"), data)).toEqual({ code: 0, out: NOTHING, err: "" });
  await withServer(data, async (ask, url) => {
    const [desk] = await ask("GET", `/v1/agents/?name=front%20desk&${ALL}`);
    const [office] = await ask("GET", `/v1/agents/?name=back%20office&${ALL}`);
    expect(namesOf(desk.blocks, "label")).toEqual(["house-rules", "human", "persona"]);
    const rules = (agent: Answer) => agent.blocks.find((one: Answer) => one.label === "house-rules").id;
    expect(rules(desk)).toBe(rules(office));
    expect(desk.tools.map((one: Answer) => one.name)).toContain("opening_hours");
    expect([desk.tags.toSorted(), namesOf(desk.sources)]).toEqual([["customers", "shop"], ["handbook"]]);
    const files = await ask("GET", `/v1/folders/${desk.sources[0].id}/files?include_content=true`);
    expect(files.map((one: Answer) => one.content)).toEqual([
      readFileSync(join(EXAMPLE, "handbook/returns.md"), "utf8"),
    ]);
    const { scheduled_messages: schedules } = await ask("GET", `/v1/agents/${desk.id}/schedule`);
    expect(schedules.map((one: Answer) => one.schedule.cron_expression)).toEqual(["0 9 * * 1"]);
    const answer = await ask("POST", `/v1/agents/${desk.id}/messages`, { input: "My name is Ada.", streaming: false });
    expect(JSON.stringify(answer)).toContain("assistant_message");
    // The same by way of a server that runs.
    const again = await selkie({ args: ["apply", join(EXAMPLE, "agents.yaml"), "--url", url] });
    expect(again).toEqual({ code: 0, out: NOTHING, err: "" });
  });
}, 90_000);

test("what is exported is applied without a change, there and on an empty server", async () => {
  const data = join(directory, "exported.data");
  await apply(join(EXAMPLE, "agents.yaml"), data);
  const exported = await selkie({ args: ["export", "--as", "yaml", "--data", data] });
  expect(exported.code).toBe(0);
  const { folder, data: empty } = given("copied", { "fleet.yaml": exported.out });
  expect((await apply(join(folder, "fleet.yaml"), data)).out).toBe(NOTHING);
  const made = await apply(join(folder, "fleet.yaml"), empty);
  expect([made.code, made.out.includes("+ agent back office")]).toEqual([0, true]);
  const again = await selkie({ args: ["export", "--as", "yaml", "--data", empty] });
  expect(again.out).toBe(exported.out);
  const one = await selkie({ args: ["export", "--as", "yaml", "--data", data, "back office"] });
  expect([one.out.includes("back office:"), one.out.includes("front desk:")]).toEqual([true, false]);
}, 90_000);

const TOOL = (name: string, answer: string) => `def ${name}() -> str:\n    """Answers."""\n    return "${answer}"\n`;

const FLEET = `name: crew
blocks:
  rules: { value: Be kind., label: rules }
tools:
  dig: { source: dig.py }
folders:
  shelf: { files: [a.txt] }
agents:
  Ann:
    model: selkie/rehearsal
    description: first
    tags: [one, two]
    blocks: [rules, { label: notes, value: Nothing yet. }]
    tools: [dig]
    folders: [shelf]
    secrets: { TOKEN: $CREW_TOKEN }
  Bo:
    model: selkie/rehearsal
    blocks: [rules]
`;
const FILES = { "crew.yaml": FLEET, "dig.py": TOOL("dig", "earth"), "a.txt": "first" };
const SECRET = { environment: { CREW_TOKEN: "canary-4711" } };

test("only what has changed in the file is changed, and what an agent wrote stays", async () => {
  const { folder, data } = given("crew", FILES);
  const path = join(folder, "crew.yaml");
  const first = await apply(path, data, SECRET);
  expect([first.code, first.out.includes("canary-4711")]).toEqual([0, false]);
  const ids = await withServer(data, async (ask) => {
    const [ann] = await ask("GET", `/v1/agents/?name=Ann&${ALL}`);
    await ask("PATCH", `/v1/agents/${ann.id}/core-memory/blocks/notes`, { value: "Ann has learned much." });
    await ask("POST", "/v1/agents/", { name: "Cy", model: "selkie/rehearsal", tags: ["mine"] });
    return { ann: ann.id, tool: ann.tools.find((one: Answer) => one.name === "dig").id };
  });
  expect((await apply(path, data, SECRET)).out).toBe(NOTHING);
  writeFileSync(join(folder, "dig.py"), TOOL("dig", "gold"));
  writeFileSync(join(folder, "a.txt"), "other");
  writeFileSync(
    path,
    FLEET.replace("Be kind.", "Be brave.")
      .replace("description: first", "description: second")
      .replace("[one, two]", "[one, three]"),
  );
  const trial = await apply(path, data, { ...SECRET, args: ["--dry-run"] });
  expect(trial.out).toBe(
    `~ tool dig: source_code
~ block rules: value "Be kind." -> "Be brave."
~ file shelf/a.txt: 5 bytes
~ agent Ann: description "first" -> "second"; + tag three
4 changes; nothing was changed: this was a trial
`,
  );
  const real = await apply(path, data, SECRET);
  expect(real.out).toEndWith("4 changes made\n");
  expect((await apply(path, data, SECRET)).out).toBe(NOTHING);
  await withServer(data, async (ask) => {
    const [ann] = await ask("GET", `/v1/agents/?name=Ann&${ALL}`);
    expect([ann.id, ann.description, ann.tags.toSorted()]).toEqual([ids.ann, "second", ["one", "three", "two"]]);
    expect(ann.blocks.find((one: Answer) => one.label === "notes").value).toBe("Ann has learned much.");
    expect(ann.blocks.find((one: Answer) => one.label === "rules").value).toBe("Be brave.");
    const dig = ann.tools.find((one: Answer) => one.name === "dig");
    expect([dig.id, dig.source_code.includes("gold")]).toEqual([ids.tool, true]);
    expect(ann.secrets.map((one: Answer) => one.key)).toEqual(["TOKEN"]);
    const [file, ...others] = await ask("GET", `/v1/folders/${ann.sources[0].id}/files?include_content=true`);
    expect([file.content, others]).toEqual(["other", []]);
  });
  const renewed = await apply(path, data, { ...SECRET, args: ["--renew-secrets"] });
  expect(renewed.out).toBe("~ agent Ann: ~ secret TOKEN\n1 change made\n");
}, 120_000);

test("--prune takes away what an earlier apply made and gave, and nothing else", async () => {
  const { folder, data } = given("pruned", FILES);
  const path = join(folder, "crew.yaml");
  await withServer(data, async (ask) => {
    const block_ids = [(await ask("POST", "/v1/blocks/", { label: "mine", value: "x" })).id];
    await ask("POST", "/v1/agents/", { name: "Bo", model: "selkie/rehearsal", tags: ["mine"], block_ids });
    await ask("POST", "/v1/agents/", { name: "Cy", model: "selkie/rehearsal" });
    await ask("POST", "/v1/tools/", { source_code: TOOL("saw", "wood") });
  });
  expect((await apply(path, data, SECRET)).code).toBe(0);
  const small = "name: crew\nagents:\n  Ann: { model: selkie/rehearsal, tags: [two] }\n";
  writeFileSync(path, small);
  expect((await apply(path, data)).out).toBe(NOTHING);
  const pruned = await apply(path, data, { args: ["--prune"] });
  expect(pruned.out.split("\n").slice(0, -2)).toEqual([
    "~ agent Ann: - tag one; - secret TOKEN; - tool dig; - folder shelf",
    "- folder shelf",
    "- block Ann/notes",
    "- block rules",
    "- tool dig",
  ]);
  expect((await apply(path, data, { args: ["--prune"] })).out).toBe(NOTHING);
  await withServer(data, async (ask) => {
    const agents = await ask("GET", `/v1/agents/?${ALL}`);
    expect(namesOf(agents)).toEqual(["Ann", "Bo", "Cy"]);
    const bo = agents.find((one: Answer) => one.name === "Bo");
    expect([bo.tags, namesOf(bo.blocks, "label")]).toEqual([["mine"], ["mine"]]);
    const ann = agents.find((one: Answer) => one.name === "Ann");
    expect([ann.tags, ann.secrets, ann.sources]).toEqual([["two"], [], []]);
    expect(namesOf(await ask("GET", "/v1/tools/?limit=200"))).toContain("saw");
  });
  // Another file is not this one's business.
  writeFileSync(join(folder, "other.yaml"), "agents: {}\n");
  expect((await apply(join(folder, "other.yaml"), data, { args: ["--prune"] })).out).toBe(NOTHING);
  writeFileSync(path, "name: crew\nagents: {}\n");
  expect((await apply(path, data, { args: ["--prune"] })).out).toBe("- agent Ann\n1 change made\n");
}, 120_000);

test("killed at any moment and applied again ends the same", async () => {
  const { folder, data } = given("killed", FILES);
  const path = join(folder, "crew.yaml");
  let isWhole = false;
  for (let killAfterMs = 350; !isWhole && killAfterMs < 6_000; killAfterMs += 60)
    isWhole = (await apply(path, data, { ...SECRET, killAfterMs })).code === 0;
  expect((await apply(path, data, SECRET)).out).toBe(NOTHING);
  await withServer(data, async (ask) => {
    expect(namesOf(await ask("GET", "/v1/agents/"))).toEqual(["Ann", "Bo"]);
    expect(namesOf(await ask("GET", "/v1/blocks/"), "label")).toEqual(["notes", "rules"]);
    expect((await ask("GET", "/v1/folders/")).length).toBe(1);
  });
}, 180_000);

test("TOML says the same", async () => {
  const toml = `name = "crew"
[blocks.rules]
value = "Be kind."
[tools.dig]
source = "dig.py"
[folders.shelf]
files = ["a.txt"]
[agents.Ann]
model = "selkie/rehearsal"
description = "first"
tags = ["one", "two"]
blocks = ["rules", { label = "notes", value = "Nothing yet." }]
tools = ["dig"]
folders = ["shelf"]
secrets = { TOKEN = "$CREW_TOKEN" }
[agents.Bo]
model = "selkie/rehearsal"
blocks = ["rules"]
`;
  const { folder, data } = given("toml", { ...FILES, "crew.toml": toml });
  expect((await apply(join(folder, "crew.toml"), data, SECRET)).code).toBe(0);
  expect((await apply(join(folder, "crew.yaml"), data, SECRET)).out).toBe(NOTHING);
}, 60_000);

test("a server that is given the file has the agents when it listens, and does not start on a wrong one", async () => {
  const { folder, data } = given("started", { ...FILES, "config.yaml": "agents: crew.yaml\n" });
  const config = join(folder, "config.yaml");
  writeFileSync(config, `agents: ${join(folder, "crew.yaml")}\n`);
  for (const at of [1, 2]) {
    const server = await startServer(data, { ...SECRET.environment, SELKIE_CONFIG: config });
    const agents: Answer = await (await fetch(`${server.url}/v1/agents/`)).json();
    await server.stop();
    expect([at, namesOf(agents)]).toEqual([at, ["Ann", "Bo"]]);
  }
  writeFileSync(join(folder, "crew.yaml"), FLEET.replace("tags:", "tagz:"));
  const { code, err } = await selkie({ args: ["serve", "--port", "0", "--data", data, "--config", config] });
  expect([code, err]).toEqual([1, expect.stringContaining("perhaps 'tags' is meant")]);
}, 90_000);

const WRONG: Readonly<Record<string, readonly [file: string, text: string, said: string]>> = {
  "has a key that is mistyped": [
    "a.yaml",
    "agents:\n  Ann:\n    model: selkie/rehearsal\n    tagz: [a]\n",
    "a.yaml:4: 'agents.Ann.tagz' is not known; perhaps 'tags' is meant",
  ],
  "has a key that is mistyped at its top": [
    "a.yaml",
    "agent:\n  Ann: {}\n",
    "a.yaml:1: 'agent' is not known; perhaps 'agents' is meant",
  ],
  "has a value of another type": [
    "a.yaml",
    "agents:\n  Ann:\n    tags: seven\n",
    "a.yaml:3: 'agents.Ann.tags' Invalid input: expected array",
  ],
  "is no YAML": ["a.yaml", "agents:\n  Ann: [\n", "a.yaml:3:1: "],
  "is no TOML": ["a.toml", 'name = "x"\nagents = = 3\n', "a.toml:2:10: "],
  "has a key that is mistyped in TOML": [
    "a.toml",
    '[agents.Ann]\nmodel = "m"\ndescripton = "x"\n',
    "a.toml:3: 'agents.Ann.descripton' is not known; perhaps 'description' is meant",
  ],
  "holds a secret": [
    "a.yaml",
    "agents:\n  Ann:\n    model: selkie/rehearsal\n    secrets:\n      TOKEN: abc\n",
    "a.yaml:5: 'agents.Ann.secrets.TOKEN' must name a variable of the environment",
  ],
  "names a secret that is not set": [
    "a.yaml",
    "agents:\n  Ann:\n    model: selkie/rehearsal\n    secrets: { TOKEN: $NOWHERE }\n",
    "a.yaml:4: 'agents.Ann.secrets.TOKEN' names $NOWHERE, which is not set",
  ],
  "names a tool that there is not": [
    "a.yaml",
    "agents:\n  Ann:\n    model: selkie/rehearsal\n    tools:\n      - web_serch\n",
    "a.yaml:5: 'agents.Ann.tools.0' names the tool 'web_serch', which is neither in the file nor on the server; perhaps 'web_search' is meant",
  ],
  "names a block that there is not": [
    "a.yaml",
    "agents:\n  Ann:\n    model: selkie/rehearsal\n    blocks: [rules]\n",
    "a.yaml:4: 'agents.Ann.blocks.0' names the block 'rules', which is not in the file",
  ],
  "names a source that there is not": [
    "a.yaml",
    "tools:\n  dig: { source: gone.py }\n",
    "a.yaml:2: 'tools.dig.source' names gone.py, which is no file beside it",
  ],
  "names an agent without a model": [
    "a.yaml",
    "agents:\n  Ann: { description: x }\n",
    "a.yaml:2: 'agents.Ann' is not there yet, so it needs a model",
  ],
  "changes a tool that is built in": [
    "a.yaml",
    `tools:\n  web_search:\n    source_code: "def web_search():\\n    pass"\n`,
    "a.yaml:2: 'tools.web_search' is the name of a tool that is built in",
  ],
  "is full of itself": [
    "a.yaml",
    `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
      .split("")
      .map((key, at) => `${key}: &${key} [${Array(9).fill(`*${"abcdefgh"[at]}`).join(",")}]\n`)
      .join("")}`,
    "alias",
  ],
};
for (const [name, [file, text, said]] of Object.entries(WRONG))
  test(`a file that ${name} is refused with its line, and nothing is changed`, async () => {
    const { folder, data } = given("wrong", { [file]: text });
    const { code, out, err } = await apply(join(folder, file), data);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(said);
  }, 30_000);

test("a tool whose function is called otherwise is refused, and leaves nothing", async () => {
  const { folder, data } = given("misnamed", {
    "a.yaml": "tools:\n  dig: { source: dig.py }\n",
    "dig.py": TOOL("dug", "x"),
  });
  const { code, err } = await apply(join(folder, "a.yaml"), data);
  expect([code, err]).toEqual([1, expect.stringContaining("a.yaml:2: 'tools.dig' holds a function called 'dug'")]);
  await withServer(data, async (ask) => expect(namesOf(await ask("GET", "/v1/tools/?limit=200"))).not.toContain("dug"));
}, 60_000);
