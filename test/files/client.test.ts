import { afterEach, expect, test } from "bun:test";
import Letta, { toFile } from "@letta-ai/letta-client";
import { startModelServer } from "../_harness/model-server.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";

// The official client is the only driver here, against a real server in a process of its own.

const TIMEOUT_MS = 60_000;
/** Long enough that the server is killed in the midst of it. */
const LINES = 20_000;
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function until<T>(look: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  for (const start = performance.now(); performance.now() - start < TIMEOUT_MS / 2; await Bun.sleep(20)) {
    const found = await look();
    if (isSo(found)) return found;
  }
  throw new Error("It never was");
}

test(
  "a file that is read when the server is killed is read on by the next one: each line once, with its vectors",
  async () => {
    const directory = temporaryDirectory();
    const model = startModelServer();
    ends.push(
      () => directory.remove(),
      () => model.stop(),
    );
    const environment = { ...model.environment, SELKIE_EMBEDDING: "openai/text-embedding-3-small" };
    let server = await startServer(directory.path, environment);
    ends.push(() => server.kill());
    let client = new Letta({ baseURL: server.url, maxRetries: 0 });
    const folder = await client.folders.create({ name: "long" });
    const text = Array.from({ length: LINES }, (_, i) => `Line ${i} of a long file.`).join("\n");
    const file = await client.folders.files.upload(folder.id, { file: await toFile(Buffer.from(text), "long.txt") });
    const look = () => client.folders.files.retrieve(file.id ?? "", { folder_id: folder.id });
    await until(look, (one) => one.processing_status === "embedding");
    await server.kill();
    server = await startServer(directory.path, environment);
    client = new Letta({ baseURL: server.url, maxRetries: 0 });
    const read = await until(look, (one) => one.processing_status === "completed");
    expect(read.chunks_embedded).toBe(read.total_chunks ?? -1);
    const passages: string[] = [];
    for (let after = ""; ; ) {
      const response = await fetch(`${server.url}/v1/folders/${folder.id}/passages?order=asc&limit=100${after}`);
      const page = (await response.json()) as readonly { readonly id: string; readonly text: string }[];
      if (page.length === 0) break;
      passages.push(...page.map((one) => one.text));
      after = `&after=${page.at(-1)?.id}`;
    }
    expect(passages).toHaveLength(read.total_chunks ?? -1);
    expect(new Set(passages.flatMap((one) => one.split("\n"))).size).toBe(LINES);
    expect(passages.flatMap((one) => one.split("\n"))).toHaveLength(LINES);
  },
  TIMEOUT_MS,
);

test(
  "the client keeps folders, attaches them, and opens and closes their files",
  async () => {
    const directory = temporaryDirectory();
    const server = await startServer(directory.path);
    ends.push(
      () => directory.remove(),
      () => server.kill(),
    );
    const client = new Letta({ baseURL: server.url, maxRetries: 0 });
    const folder = await client.folders.create({ name: "docs", description: "D" });
    const agent = await client.agents.create({ name: "reader", model: "selkie/rehearsal", folder_ids: [folder.id] });
    await client.folders.files.upload(folder.id, { file: await toFile(Buffer.from("Some words.\n"), "a.md") });
    const files = await until(
      () => Array.fromAsync(client.agents.files.list(agent.id)),
      (found) => found.length > 0,
    );
    expect(files).toMatchObject([{ file_name: "docs/a.md", folder_id: folder.id, is_open: true }]);
    const fileId = files[0]?.file_id ?? "";
    await client.agents.files.close(fileId, { agent_id: agent.id });
    expect(await client.agents.files.open(fileId, { agent_id: agent.id })).toEqual([]);
    expect(await client.agents.files.closeAll(agent.id)).toEqual(["docs/a.md"]);
    await client.agents.folders.detach(folder.id, { agent_id: agent.id });
    await client.folders.update(folder.id, { name: "papers" });
    expect((await client.folders.retrieve(folder.id)).name).toBe("papers");
    await client.folders.files.delete(fileId, { folder_id: folder.id });
    await client.folders.delete(folder.id);
    expect(await Array.fromAsync(client.folders.list())).toEqual([]);
  },
  TIMEOUT_MS,
);
