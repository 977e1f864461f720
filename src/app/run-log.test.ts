import { expect, test } from "bun:test";
import type { Repositories, Store } from "../agent/ports.ts";
import { createRunLogs } from "../agent/run-log.ts";
import { DEFAULT_ACTOR, type RunId } from "../core/id.ts";
import { startTestServer } from "./_test-server.ts";
import { realWorld } from "./world.ts";

/** The store as a slow database shows it: what a read of events found is handed out when `gate` opens. */
function slowReads(store: Store, gate: Promise<void>, onRead: () => void): Store {
  return {
    ...store,
    reader(actor): Repositories {
      const repositories = store.reader(actor);
      const after: Repositories["events"]["after"] = async (...query) => {
        const rows = await repositories.events.after(...query);
        onRead();
        await gate;
        return rows;
      };
      return { ...repositories, events: { ...repositories.events, after } };
    },
  };
}

test("follow() misses no event that came between its look at the log and its wait", async () => {
  const server = await startTestServer();
  const { store } = server.server;
  const agentId = await server.agent();
  await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "hello" });
  const [run] = (await server.request("GET", `/v1/runs/?agent_id=${agentId}`)).body;
  const runId: RunId = run.id;

  const gate = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  const slow = slowReads(store, gate.promise, looked.resolve);
  const logs = createRunLogs({ store: slow, clock: realWorld().clock, log: () => {} });
  const log = logs.open(DEFAULT_ACTOR, runId, () => ["an event"], 0);
  const from = { seqId: 0, idleMs: 60_000, isLast: () => true };
  const events = logs.follow(DEFAULT_ACTOR, runId, from, new AbortController().signal)[Symbol.asyncIterator]();
  const first = events.next();
  await looked.promise;

  const entry = log.begin();
  await store.write(DEFAULT_ACTOR, (repositories) => entry.append(repositories, [{ type: "started", runId }]));
  entry.committed();
  await store.durable();
  gate.resolve();

  expect((await first).value).toEqual([{ seqId: 1, text: "an event" }]);
  await server.close();
}, 5_000);
