import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemFor } from "../../src/access/may.ts";
import type { Server } from "../../src/app/compose.ts";
import { type OpenedSqlite, openSqlite } from "../../src/app/disk/sqlite.ts";
import { realWorld } from "../../src/app/world.ts";
import { DEFAULT_ACTOR, requireId } from "../../src/core/id.ts";
import type { World } from "../../src/core/world.ts";
import { deleteAgent } from "../../src/run/delete-agent.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { temporaryDirectory } from "../_harness/server-process.ts";

/** Moments at which something is deleted, at most; and how many a run has at least before it asks its model. */
const MOMENTS_MAX = 60;
const MOMENTS_MIN = 2;
/** What the model says when it is asked although nobody should have. */
const UNWANTED = "nobody should have asked";
/** What is said to it. */
const INPUT = "How was your day?";

let directory: ReturnType<typeof temporaryDirectory>;
let database: OpenedSqlite;
let server: TestServer;
/** Called before each read of committed rows. */
let beforeRead: (() => Promise<void>) | undefined;
/** What the model waits for before it says something. */
let gate: Promise<unknown> | undefined;
let logged: readonly string[];
/** Requests to the model that were begun: they take a while to get there. */
let begun: number;

beforeEach(async () => {
  directory = temporaryDirectory();
  database = openSqlite(directory.path);
  logged = [];
  begun = 0;
  const reader: OpenedSqlite["reader"] = {
    async execute(sql, parameters) {
      // What limits leave is looked at last, when the request is made: whoever deletes a conversation then stops its run.
      if (!sql.includes('from "limits"')) await beforeRead?.();
      return database.reader.execute(sql, parameters);
    },
  };
  const log = (message: string) => {
    logged = [...logged, message];
  };
  const real = realWorld();
  const world: World = {
    ...real,
    fetch(input, init) {
      if (String(input).endsWith("/chat/completions")) begun++;
      return real.fetch(input, init);
    },
  };
  server = await startTestServer({ database: { ...database, reader }, log, world });
  server.model.always(() => ({ text: UNWANTED, ...(gate === undefined ? {} : { after: gate }) }));
});

afterEach(async () => {
  [beforeRead, gate] = [undefined, undefined];
  await server.close();
  await database.close();
  directory.remove();
});

/** A request to a server that may be a later one than the first. */
async function ask(at: Server, method: string, path: string, body?: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return at.api.request(`http://localhost${path}`, { method, headers, ...sent });
}

async function made(at: Server, path: string, body: object): Promise<string> {
  const answer: Answer = await (await ask(at, "POST", path, body)).json();
  return answer.id;
}

const agentAt = async (at: Server) => `/v1/agents/${await made(at, "/v1/agents/", { model: "openai/gpt-4o-mini" })}`;

/** What is deleted under a run. */
interface Victim {
  readonly path: string;
  remove(at: Server): Promise<unknown>;
}

const VICTIMS: Readonly<Record<string, (at: Server) => Promise<Victim>>> = {
  async agent(at) {
    const path = await agentAt(at);
    const id = requireId("agent", path.split("/").at(-1) ?? "");
    // Its route would read, and wait for the read in the middle of which it is called.
    return { path, remove: (later) => deleteAgent({ ...later, ...realWorld() }, systemFor(DEFAULT_ACTOR), id) };
  },
  async conversation(at) {
    const agentId = (await agentAt(at)).split("/").at(-1);
    const id = requireId("conv", await made(at, `/v1/conversations/?agent_id=${agentId}`, {}));
    const remove = ({ store }: Server) => store.write(DEFAULT_ACTOR, ({ conversations }) => conversations.remove(id));
    return { path: `/v1/conversations/${id}`, remove };
  },
};

function send(at: Server, { path }: Pick<Victim, "path">, body: object): Promise<Response> {
  // Models of other names are looked up over the network, in the middle of the reads.
  return ask(at, "POST", `${path}/messages`, { input: INPUT, override_model: "openai/gpt-4o", ...body });
}

/** Waits until the model is asked once more. */
async function asking(count: number): Promise<void> {
  while (server.model.requests.length <= count) await Bun.sleep(1);
}

/** Deletes the victim before a read, by its number from now on. Tells whether the model was not being asked by then. */
function deleteAt(moment: number, at: Server, victim: Victim): () => boolean {
  const asked = begun;
  let reads = 0;
  let isInTime = false;
  beforeRead = async () => {
    if (reads++ < moment) return;
    beforeRead = undefined;
    isInTime = begun === asked;
    await victim.remove(at);
  };
  return () => isInTime;
}

/** Does so at every moment there is, and tells how many there were; `begin` gives whether this was one of them. */
async function atEveryMoment(begin: (moment: number) => Promise<boolean>): Promise<void> {
  let moment = 0;
  while (moment < MOMENTS_MAX && (await begin(moment))) moment++;
  expect(moment).toBeGreaterThanOrEqual(MOMENTS_MIN);
  expect(moment).toBeLessThan(MOMENTS_MAX);
}

async function expectNothingOf(at: Server, asked: number): Promise<void> {
  expect(server.model.requests).toHaveLength(asked);
  expect(await at.store.unfinishedRuns()).toEqual([]);
  for (const text of [INPUT, UNWANTED]) {
    const { rows } = await database.reader.execute("select content from messages where content like $1", [`%${text}%`]);
    expect(rows).toEqual([]);
  }
}

for (const [name, victimAt] of Object.entries(VICTIMS)) {
  describe(`deleting the ${name}`, () => {
    test("while a run of it is continued asks no model, at whichever moment", async () => {
      let at = server.server;
      const never = Promise.withResolvers<void>();
      await atEveryMoment(async (moment) => {
        const victim = await victimAt(at);
        const before = server.model.requests.length;
        gate = never.promise;
        await send(at, victim, { streaming: true, background: true });
        await asking(before);
        at = await server.restarted();
        const unfinished = await at.store.unfinishedRuns();
        expect(unfinished).toHaveLength(1);
        gate = undefined;
        const asked = server.model.requests.length;
        const isInTime = deleteAt(moment, at, victim);
        await at.runner.recover(unfinished);
        await at.runner.drain(5_000);
        if (isInTime()) await expectNothingOf(at, asked);
        return isInTime();
      });
      if (name === "agent") expect(logged).toEqual([]);
      never.resolve();
    });

    test("while a run of it begins is answered as what it is, and asks no model", async () => {
      let at = server.server;
      await atEveryMoment(async (moment) => {
        const victim = await victimAt(at);
        // Nothing of it is at hand then, and all is read.
        at = await server.restarted();
        const asked = server.model.requests.length;
        const isInTime = deleteAt(moment, at, victim);
        const { status } = await send(at, victim, { streaming: false });
        if (!isInTime()) return false;
        expect(status).toBe(404);
        await expectNothingOf(at, asked);
        return true;
      });
    });
  });
}

test("deleting an agent breaks off what its model is asked, and the sender hears why", async () => {
  const at = server.server;
  const never = Promise.withResolvers<void>();
  gate = never.promise;
  const path = await agentAt(at);
  const answers = [send(at, { path }, { streaming: false })];
  await asking(0);
  expect((await ask(at, "DELETE", path)).status).toBe(200);
  const [answer] = await Promise.all(answers);
  expect([answer?.status, await answer?.text()]).toEqual([404, expect.stringContaining("was deleted")]);
  await expectNothingOf(at, 1);
  expect(logged).toEqual([]);
  never.resolve();
});

test("deleting an agent breaks off what the model of its companion is asked", async () => {
  const at = server.server;
  const never = Promise.withResolvers<void>();
  const spoken = { calls: [{ name: "send_message", arguments: { message: "Fine." } }] };
  server.model.always(() => ({ ...spoken, ...(server.model.requests.length > 1 ? { after: never.promise } : {}) }));
  const draft = { model: "openai/gpt-4o-mini", enable_sleeptime: true };
  const agent: Answer = await (await ask(at, "POST", "/v1/agents/", draft)).json();
  const manager_config = { manager_type: "sleeptime", sleeptime_agent_frequency: 1 };
  await ask(at, "PATCH", `/v1/groups/${agent.managed_group.id}`, { manager_config });
  const path = `/v1/agents/${agent.id}`;
  expect((await send(at, { path }, { streaming: false })).status).toBe(200);
  await asking(1);
  expect((await ask(at, "DELETE", path)).status).toBe(200);
  await at.runner.drain(60_000);
  await expectNothingOf(at, 2);
  expect(logged).toEqual([]);
  never.resolve();
});

describe("the newest events of a run", () => {
  const words = "kettle";
  const kept = async () => {
    const { rows } = await database.reader.execute("select data from run_event_arrivals", []);
    return rows.filter(({ data }) => String(data).includes(words)).length;
  };

  async function streamed(): Promise<{ readonly agentId: string; readonly runId: string }> {
    const agentId = await server.agent();
    server.model.always(() => ({ text: words }));
    const text = await (
      await server.stream(`/v1/agents/${agentId}/messages/stream`, { input: "go", stream_tokens: true })
    ).text();
    expect(await kept()).toBeGreaterThan(0);
    return { agentId, runId: /"run_id":"([^"]+)"/.exec(text)?.[1] ?? "" };
  }

  test("go with its agent", async () => {
    const { agentId } = await streamed();
    expect((await server.request("DELETE", `/v1/agents/${agentId}`)).status).toBe(200);
    expect(await kept()).toBe(0);
  });

  test("go with the run, and none come later, though others' do", async () => {
    const [gone, left] = [await streamed(), await streamed()];
    expect((await server.request("DELETE", `/v1/runs/${gone.runId}`)).status).toBe(200);
    const before = await kept();
    expect(before).toBeGreaterThan(0);
    const late = (runId: string) => ({
      runId: requireId("run", runId),
      firstSeqId: 1_000,
      events: [{ framesBefore: 1_000, data: words }],
    });
    await server.server.store.write(DEFAULT_ACTOR, ({ events }) => events.append([late(gone.runId), late(left.runId)]));
    expect(await kept()).toBe(before + 1);
  });
});
