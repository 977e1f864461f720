import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import type { ServerProcess } from "../_harness/server-process.ts";
import { asked, openFolder } from "./_folder.ts";

/** A word that one person alone says, and one of somebody else. */
const MARK = "zanzibarine";
const KEPT = "heligolandish";
const FILE_MS_MAX = 15_000;

let folder: ReturnType<typeof openFolder>;

beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder.close());

/** Files of the data folder that hold a word, in whatever way. */
function holding(word: string): readonly string[] {
  const data = folder.at("data");
  return readdirSync(data, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(data, name)).isFile())
    .filter((name) => readFileSync(join(data, name)).toString("latin1").toLowerCase().includes(word))
    .sort();
}

/** Tables whose rows hold a word, for whoever has to find out why a file does. */
function tablesHolding(word: string): readonly string[] {
  using database = new Database(folder.at("data/selkie.db"), { readonly: true });
  const names = database
    .query<{ name: string }, []>("select name from sqlite_schema where type = 'table' order by name")
    .all();
  return names.flatMap(({ name }) => {
    const rows = database.query<unknown, []>(`select * from "${name}"`).all();
    const shown = rows.map((row) =>
      JSON.stringify(row, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value)),
    );
    return shown.filter((row) => row.toLowerCase().includes(word)).map((row) => `${name}: ${row.slice(0, 300)}`);
  });
}

const LLM = { model: "rehearsal", model_endpoint_type: "selkie", context_window: 8_000, handle: "selkie/rehearsal" };
/** A file of which an agent can be made for each person, who is named in its memory. */
const TEMPLATE = {
  agents: [
    { id: "agent-0", name: "a", agent_type: "letta_v1_agent", llm_config: LLM, messages: [], block_ids: ["block-0"] },
  ],
  blocks: [{ id: "block-0", label: "human", value: "This is {{name}}." }],
};

interface World {
  readonly server: ServerProcess;
  readonly ada: string;
  readonly bob: string;
  readonly own: string;
  readonly shared: string;
  readonly bobs: readonly string[];
  readonly talk: string;
}

/** Ada and Bob, each with an agent of their own, and one that both talk to. Ada leaves her word in every way there is. */
async function world(): Promise<World> {
  const server = await folder.serve("data", { SELKIE_TRACK_PROVIDER_TRACE: "true" });
  const post = (path: string, body: object) => asked(server, "POST", path, body);
  const person = async (name: string, word: string) =>
    (
      await post("/v1/identities/", {
        identifier_key: `${name}-${word}`,
        name: `${name} ${word}`,
        identity_type: "user",
        properties: [{ key: "note", value: word, type: "string" }],
      })
    ).id;
  const [ada, bob] = [await person("ada", MARK), await person("bob", KEPT)];
  const agent = async (name: string, identity_ids: readonly string[], word: string) =>
    (
      await post("/v1/agents/", {
        name,
        model: "selkie/rehearsal",
        identity_ids,
        memory_blocks: [{ label: "human", value: word }],
        memory_settings: { learn: true, recall: true },
      })
    ).id;
  const own = await agent("adas", [ada], `Ada, ${MARK}`);
  const shared = await agent("shared", [ada, bob], "");
  const say = (path: string, sender_id: string, content: string) =>
    post(`${path}/messages`, { messages: [{ role: "user", content, sender_id }], streaming: false });
  const bobs: string[] = [];
  await say(`/v1/agents/${own}`, ada, `My boat is called ${MARK}.`);
  await post(`/v1/agents/${own}/archival-memory`, { text: `She sails ${MARK} in March.` });
  const folderId = (await post("/v1/folders/", { name: "papers" })).id;
  await asked(server, "PATCH", `/v1/agents/${own}/folders/attach/${folderId}`);
  const form = new FormData();
  form.set("file", new File([`The log of ${MARK}. `.repeat(200)], "log.txt", { type: "text/plain" }));
  await fetch(`${server.url}/v1/folders/${folderId}/upload`, { method: "POST", body: form });
  const until = performance.now() + FILE_MS_MAX;
  const files = async () => asked(server, "GET", `/v1/folders/${folderId}/files`);
  while ((await files())[0]?.processing_status !== "completed" && performance.now() < until) await Bun.sleep(50);
  const talk = (await post(`/v1/conversations/?agent_id=${shared}`, { summary: `About ${MARK}` })).id;
  await say(`/v1/conversations/${talk}`, ada, `My cat is called ${MARK}.`);
  for (let turn = 0; turn < 3; turn++) {
    await say(`/v1/agents/${shared}`, bob, `I live in ${KEPT} ${turn}.`);
    const { messages } = await say(`/v1/agents/${shared}`, ada, `My horse ${turn} is called ${MARK}.`);
    expect(messages.length).toBeGreaterThan(0);
  }
  for (const message of await asked(server, "GET", `/v1/agents/${shared}/messages?limit=100`))
    if (JSON.stringify(message).includes(KEPT)) bobs.push(message.id);
  const block = await post("/v1/blocks/", { label: "note", value: `What ${MARK} likes` });
  await asked(server, "PATCH", `/v1/blocks/${block.id}/identities/attach/${ada}`);
  await asked(server, "PATCH", `/v1/agents/${shared}/core-memory/blocks/attach/${block.id}`);
  const sent = { messages: [{ role: "user", content: `Feed ${MARK} at noon.`, sender_id: ada }] };
  const schedule = { scheduled_at: Date.now() + 3_600_000 };
  await post(`/v1/agents/${shared}/schedule`, { ...sent, schedule });
  const batch = await post("/v1/messages/batches", {
    requests: [own, shared].map((agent_id) => ({ agent_id, ...sent })),
  });
  while ((await asked(server, "GET", `/v1/messages/batches/${batch.id}`)).status === "running") await Bun.sleep(50);
  await post("/v1/templates", { type: "agent_file", agent_file: TEMPLATE, name: "visitors" });
  const memory_variables = { name: MARK };
  await post("/v1/templates/visitors/agents", { memory_variables, identity_ids: [ada], agent_name: "visitor" });
  await post(`/v1/memory/remember?user=${ada}`, { text: `I like ${MARK} tea.`, speaker: "Ada" });
  return { server, ada, bob, own, shared, bobs, talk };
}

const erase = (server: ServerProcess | null, id: string, ...more: readonly string[]) =>
  folder.selkie([
    "erase",
    "--identity",
    id,
    "--data",
    folder.at("data"),
    ...more,
    ...(server === null ? [] : ["--url", server.url]),
  ]);

/** What must hold once Ada is erased. */
async function expectErased({ server, ada, bob, own, shared, bobs, talk }: World): Promise<void> {
  expect(tablesHolding(MARK)).toEqual([]);
  expect(holding(MARK)).toEqual([]);
  expect(holding(KEPT)).not.toEqual([]);
  const status = async (path: string) => (await fetch(server.url + path)).status;
  expect([
    await status(`/v1/identities/${ada}`),
    await status(`/v1/agents/${own}`),
    await status(`/v1/conversations/${talk}`),
  ]).toEqual([404, 404, 404]);
  expect(await asked(server, "GET", `/v1/identities/${bob}`)).toMatchObject({ name: `bob ${KEPT}` });
  const left = await asked(server, "GET", `/v1/agents/${shared}/messages?limit=100`);
  expect(left.map((message: Answer) => message.id)).toEqual(expect.arrayContaining([...bobs]));
  const human = await asked(server, "GET", `/v1/agents/${shared}/core-memory/blocks/human`);
  expect(human.value).toContain(KEPT);
  const found = await asked(server, "POST", "/v1/messages/search", {
    query: KEPT,
    search_mode: "fts",
    agent_id: shared,
  });
  expect(found.length).toBeGreaterThan(0);
  expect(await asked(server, "POST", `/v1/memory/recall?user=${ada}`, { query: "tea" })).toMatchObject({ facts: [] });
  const again = { messages: [{ role: "user", content: "Are you well?", sender_id: bob }], streaming: false };
  expect((await asked(server, "POST", `/v1/agents/${shared}/messages`, again)).messages.length).toBeGreaterThan(0);
  const audit = await asked(server, "GET", `/v1/audit?resource_id=${ada}&limit=100`);
  expect(JSON.stringify(audit)).toContain("identity.erased");
}

test("a person is erased from a running server, and no file of it holds a word of theirs any more", async () => {
  const made = await world();
  expect(holding(MARK)).not.toEqual([]);
  const trial = await erase(made.server, made.ada, "--dry-run", "--json");
  expect([trial.code, trial.err]).toEqual([0, expect.any(String)]);
  const counted = JSON.parse(trial.out).erased;
  expect(counted).toMatchObject({ agents: 2, conversations: 1, blocks: 3, folders: 1, archives: 1, schedules: 1 });
  expect(counted.messages).toBeGreaterThan(6);
  expect(await asked(made.server, "GET", `/v1/agents/${made.own}`)).toMatchObject({ name: "adas" });
  const { code, out } = await erase(made.server, made.ada, "--json");
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ erased: counted, scrubbed: true })]);
  await expectErased(made);
  await made.server.stop();
  expect(holding(MARK)).toEqual([]);
  expect((await folder.selkie(["doctor", "--data", folder.at("data")])).out).toContain("the audit log holds together");
}, 120_000);

test("a server that is killed in the middle of it finds what is left when the command is given again", async () => {
  const made = await world();
  const child = Bun.spawn(
    [...SELKIE, "erase", "--identity", made.ada, "--url", made.server.url, "--data", folder.at("data")],
    {
      env: { PATH: process.env["PATH"] ?? "", HOME: folder.home },
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  // Its agents are gone, and nobody knows how much more.
  for (let tries = 0; tries < 5_000; tries++) {
    const found = await fetch(`${made.server.url}/v1/agents/${made.own}`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (found !== 200) break;
    await Bun.sleep(1);
  }
  await made.server.kill();
  await child.exited;
  const server = await folder.serve("data");
  const half = await fetch(`${server.url}/v1/identities/${made.ada}`);
  if (half.status === 200) expect((await erase(server, made.ada)).code).toBe(0);
  await expectErased({ ...made, server });
}, 120_000);

test("without a server the command works on the folder, and says who is not there and what is not to be done", async () => {
  const made = await world();
  await made.server.stop();
  const nobody = await erase(null, "identity-00000000-0000-4000-8000-000000000000");
  expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining("not found")]);
  expect((await folder.selkie(["erase", "--data", folder.at("data")])).err).toContain("--identity names whom");
  const { code, out } = await erase(null, made.ada);
  expect([code, out]).toEqual([0, expect.stringContaining("Backups from before still hold all of it")]);
  expect(holding(MARK)).toEqual([]);
  await expectErased({ ...made, server: await folder.serve("data") });
}, 120_000);
