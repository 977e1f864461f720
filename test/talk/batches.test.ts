import { afterEach, beforeEach, expect, test } from "bun:test";
import { validateResponse } from "../_harness/openapi.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeEach(async () => {
  // Models are held for as long as a busy machine takes to begin all that is wanted.
  server = await startTestServer({ allowsPrivateUrls: true, llmRequestTimeoutMs: 60_000, llmStreamTimeoutMs: 60_000 });
});

afterEach(() => server.close());

async function until<T>(look: () => Promise<T>, isIt: (found: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 1_000; tries++) {
    const found = await look();
    if (isIt(found)) return found;
    await Bun.sleep(10);
  }
  throw new Error(`It did not come true in time: ${JSON.stringify(await look())}`);
}

async function agents(count: number): Promise<readonly string[]> {
  const made: string[] = [];
  for (let number = 0; number < count; number++) made.push(await server.agent());
  return made;
}

const asking = (agent_id: string, content: string) => ({ agent_id, messages: [{ role: "user", content }] });

async function begin(requests: readonly object[], extra: object = {}): Promise<Answer> {
  return server.ok("POST", "/v1/messages/batches", { requests, ...extra });
}

const shown = (id: string) => server.ok("GET", `/v1/messages/batches/${id}`);
const isOver = ({ status }: Answer) => status !== "running";

test("a batch makes a run of each request, tells how they stand, and shows what came of them", async () => {
  const [one = "", other = ""] = await agents(2);
  server.model.always(() => ({ text: "Noted." }));
  const made = await begin([asking(one, "tea"), asking(other, "milk"), asking(one, "sugar")]);
  expect([made.status, made.job_type, made.metadata.requests]).toEqual(["running", "batch", 3]);
  expect(validateResponse("POST", "/v1/messages/batches", 200, made)).toEqual([]);
  const over = await until(() => shown(made.id), isOver);
  expect(over).toMatchObject({ status: "completed", metadata: { completed: 3, waiting: 0, unfinished: 0, failed: 0 } });
  expect(validateResponse("GET", `/v1/messages/batches/${made.id}`, 200, over)).toEqual([]);
  expect((await server.ok("GET", "/v1/messages/batches")).map(({ id }: Answer) => id)).toEqual([made.id]);
  // It is one of Letta's older jobs as well, and one that is over is not cancelled any more.
  expect(await server.ok("GET", `/v1/jobs/${made.id}`)).toEqual(over);
  expect(await server.ok("PATCH", `/v1/jobs/${made.id}/cancel`)).toEqual(over);

  const path = `/v1/messages/batches/${made.id}/messages`;
  const all = await server.ok("GET", `${path}?order=asc`);
  expect(validateResponse("GET", path, 200, all)).toEqual([]);
  const said = (messages: readonly Answer[], role: string) =>
    messages.filter((message) => message.role === role).map(({ content }) => content[0].text);
  expect(said(all.messages, "user").toSorted()).toEqual(["milk", "sugar", "tea"]);
  expect(said(all.messages, "assistant")).toEqual(["Noted.", "Noted.", "Noted."]);
  const own = await server.ok("GET", `${path}?agent_id=${one}&order=asc`);
  expect(said(own.messages, "user")).toEqual(["tea", "sugar"]);
  const [first] = await server.ok("GET", `/v1/runs/?agent_id=${other}`);
  expect(first.metadata).toMatchObject({ run_type: "batch", batch_id: made.id, batch_position: 1 });
});

test("sixteen of a batch's runs have not ended at one time, and a restart goes on with the rest", async () => {
  const all = await agents(20);
  const held = Promise.withResolvers<void>();
  server.model.always(() => ({ text: "Late.", after: held.promise }));
  const { id } = await begin(all.map((agent) => asking(agent, "hello")));
  const state = await until(
    () => shown(id),
    ({ metadata }) => metadata.unfinished === 16,
  );
  expect(state.metadata).toMatchObject({ waiting: 4, unfinished: 16 });
  await until(
    async () => server.model.requests.length,
    (count) => count === 16,
  );
  await Bun.sleep(1_200);
  expect((await shown(id)).metadata).toMatchObject({ waiting: 4, unfinished: 16 });
  await server.server.runner.drain(50);
  const successor = await server.restarted();
  held.resolve();
  await successor.runner.recover();
  expect(await until(() => shown(id), isOver)).toMatchObject({ status: "completed", metadata: { completed: 20 } });
  for (const agent of all) expect(await server.ok("GET", `/v1/runs/?agent_id=${agent}`)).toHaveLength(1);
  await successor.runner.drain(1_000);
});

test("the next request of a batch begins when one of its runs has ended", async () => {
  const [agent = ""] = await agents(1);
  server.model.always(() => ({ text: "Noted." }));
  const began = performance.now();
  const { id } = await begin(Array.from({ length: 40 }, (_, number) => asking(agent, `${number}`)));
  const over = await until(() => shown(id), isOver);
  // One a second would take forty.
  expect(performance.now() - began).toBeLessThan(15_000);
  expect(over).toMatchObject({ status: "completed", metadata: { requests: 40, completed: 40 } });
  expect(server.model.requests).toHaveLength(40);
}, 60_000);

test("two requests of a batch under one otid are two", async () => {
  const [agent = ""] = await agents(1);
  server.model.always(() => ({ text: "Noted." }));
  const named = { agent_id: agent, messages: [{ role: "user", content: "tea", otid: "one" }] };
  const { id } = await begin([named, named]);
  const over = await until(() => shown(id), isOver);
  expect(over).toMatchObject({ status: "completed", metadata: { requests: 2, completed: 2, cancelled: 0 } });
  expect(server.model.requests).toHaveLength(2);
  const { messages } = await server.ok("GET", `/v1/messages/batches/${id}/messages`);
  expect(messages.filter(({ role }: Answer) => role === "user")).toHaveLength(2);
});

test("a batch that is cancelled begins nothing more, and what is at work ends by itself", async () => {
  const [agent = ""] = await agents(1);
  const held = Promise.withResolvers<void>();
  server.model.always(() => ({ text: "Late.", after: held.promise }));
  const { id } = await begin(Array.from({ length: 40 }, (_, number) => asking(agent, `${number}`)));
  await until(
    async () => server.model.requests.length,
    (count) => count === 1,
  );
  await server.ok("PATCH", `/v1/messages/batches/${id}/cancel`);
  expect(await shown(id)).toMatchObject({ status: "cancelled", metadata: { waiting: 0, unfinished: 1 } });
  held.resolve();
  const over = await until(
    () => shown(id),
    ({ metadata }) => metadata.unfinished === 0,
  );
  expect(over).toMatchObject({ status: "cancelled", metadata: { requests: 40, completed: 1, cancelled: 39 } });
  await server.ok("PATCH", `/v1/messages/batches/${id}/cancel`);
  expect(server.model.requests).toHaveLength(1);
});

test("whoever a batch names is called back once it is over, whatever failed in it or went with its agent", async () => {
  const told: Answer[] = [];
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      told.push(await request.json());
      return new Response("ok");
    },
  });
  try {
    const [one = "", gone = ""] = await agents(2);
    const held = Promise.withResolvers<void>();
    server.model.always(() => ({ status: 400, after: held.promise }));
    const callback_url = `http://127.0.0.1:${http.port}/over`;
    const { id } = await begin([asking(one, "a"), asking(gone, "b")], { callback_url });
    await until(
      async () => server.model.requests.length,
      (count) => count === 2,
    );
    await server.ok("DELETE", `/v1/agents/${gone}`);
    held.resolve();
    const [body] = await until(
      async () => told,
      ({ length }) => length > 0,
    );
    expect(body).toEqual({ job_id: id, status: "completed", completed_at: expect.stringMatching(/Z$/) });
    const over = await until(
      () => shown(id),
      ({ callback_status_code }) => callback_status_code === 200,
    );
    expect(over.metadata).toMatchObject({ requests: 2, failed: 2, completed: 0 });
  } finally {
    await http.stop(true);
  }
});

test("a batch of which one request cannot be taken is refused whole", async () => {
  const [agent = ""] = await agents(1);
  const unknown = `${agent.slice(0, -12)}000000000000`;
  const refused: readonly (readonly [requests: readonly object[], status: number, words: string])[] = [
    [[], 400, "must not be empty"],
    [[asking(agent, "a"), asking(unknown, "b")], 404, unknown],
    [[asking(agent, "a"), asking("nobody", "b")], 422, "requests.1.agent_id"],
    [[asking(agent, "a"), { agent_id: agent }], 422, "Must specify either"],
    [[{ ...asking(agent, "a"), override_model: "no/such" }], 404, "no/such"],
    [Array.from({ length: 1_001 }, () => asking(agent, "a")), 422, "requests"],
  ];
  for (const [requests, status, words] of refused) {
    const answer = await server.request("POST", "/v1/messages/batches", { requests });
    expect([words, answer.status, JSON.stringify(answer.body)]).toEqual([
      words,
      status,
      expect.stringContaining(words),
    ]);
  }
  const hook = await server.request("POST", "/v1/messages/batches", {
    requests: [asking(agent, "a")],
    callback_url: "file:///etc/passwd",
  });
  expect(hook.status).toBe(400);
  expect(await server.ok("GET", "/v1/messages/batches")).toEqual([]);
  expect(await server.ok("GET", `/v1/runs/?agent_id=${agent}`)).toEqual([]);
});
