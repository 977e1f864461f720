import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { VERSION } from "../../src/app/version.ts";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// Whole processes, as a person or a script would start them.

/** A port where nothing listens, so that `chat` works on the data itself. */
const NOWHERE = "1";
const RUN_MS_MAX = 20_000;

let directory: ReturnType<typeof temporaryDirectory>;
let data: string;
let servers: ServerProcess[];

beforeEach(() => {
  directory = temporaryDirectory();
  data = join(directory.path, "data");
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  directory.remove();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `selkie` with these arguments to its end. */
async function selkie(
  args: readonly string[],
  { environment = {}, input = "" }: { environment?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Ended> {
  const child = Bun.spawn([...SELKIE, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: directory.path, ...environment },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: RUN_MS_MAX,
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

/** Expects a start that fails with one line, which says all of this. */
async function expectRefusal(run: Promise<Ended>, ...says: readonly (string | RegExp)[]): Promise<void> {
  const { code, out, err } = await run;
  for (const words of says) expect(err).toMatch(words);
  expect([code, out, err.trimEnd().split("\n").length, err.startsWith("selkie: ")]).toEqual([1, "", 1, true]);
}

async function start(environment: Readonly<Record<string, string>> = {}, at = data): Promise<ServerProcess> {
  const server = await startServer(at, environment);
  servers.push(server);
  return server;
}

async function call(
  { url }: Pick<ServerProcess, "url">,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<{ readonly status: number; readonly body: Answer }> {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: response.status, body: await response.json() };
}

async function makeAgent(server: ServerProcess): Promise<string> {
  const draft = { model: "openai/gpt-4o-mini", memory_blocks: [{ label: "human", value: "Ada" }] };
  const { status, body } = await call(server, "POST", "/v1/agents/", draft);
  expect(status).toBe(200);
  return body.id;
}

/** What people said to the agent, in order. */
async function said(server: ServerProcess, agentId: string): Promise<readonly string[]> {
  const { body } = await call(server, "GET", `/v1/agents/${agentId}/messages?order=asc&limit=1000`);
  return body.flatMap((message: Answer) => (message.message_type === "user_message" ? [message.content] : []));
}

/** Sends until the agent is free. */
async function sendWhenFree(server: ServerProcess, agentId: string, text: string): Promise<Answer> {
  for (;;) {
    const { status, body } = await call(server, "POST", `/v1/agents/${agentId}/messages`, { input: text });
    if (status === 200) return body;
    expect(status).toBe(409);
    await Bun.sleep(100);
  }
}

describe("the command line", () => {
  test("says its version and its options", async () => {
    for (const option of ["--version", "-v", "version"])
      expect(await selkie([option])).toEqual({ code: 0, out: `selkie ${VERSION}\n`, err: "" });
    for (const option of ["--help", "-h", "help"]) {
      const { code, out } = await selkie([option]);
      expect(code).toBe(0);
      for (const word of ["serve", "chat", "doctor", "--port", "--data", "--config", "--insecure", "SELKIE_API_KEY"])
        expect(out).toContain(word);
    }
    for (const command of ["serve", "chat", "doctor", "agents", "models", "blocks", "memory"]) {
      const { code, out } = await selkie([command, "--help"]);
      expect((await selkie(["help", command])).out).toBe(out);
      expect([code, out.startsWith(`selkie ${command} `)]).toEqual([0, true]);
    }
  });

  test("refuses what it does not know in one line that names it and the way out", async () => {
    await expectRefusal(selkie(["nope"]), "'nope'", /Try: serve, chat, .*, --help/);
    await expectRefusal(selkie(["agnets"]), "Did you mean 'agents'");
    await expectRefusal(selkie(["serve", "extra"]), "'extra'", "--help");
    await expectRefusal(selkie(["doctor", "extra"]), "'extra'", "--help");
    await expectRefusal(selkie(["chat", "one", "two", "three"]), "'three'", "--help");
    await expectRefusal(selkie(["serve", "--json"]), "'--json'", "--help");
    await expectRefusal(selkie(["agents", "--limit", "0"]), "--limit", "'0'");
    await expectRefusal(selkie(["agents", "--url", "localhost:8283"]), "--url", "'localhost:8283'");
    await expectRefusal(selkie(["--bogus"]), "'--bogus'", "--help");
    await expectRefusal(selkie(["--port"]), "'--port", "--help");
    await expectRefusal(selkie(["--port", "-1"]), "'--port'", "--help");
    await expectRefusal(selkie(["--port", "eighty"]), "'eighty'", "--port");
    await expectRefusal(selkie(["--data", ""]), "--data");
    await expectRefusal(selkie(["--config", "/nowhere.yaml"]), "/nowhere.yaml", "--config");
    const config = join(directory.path, "selkie.yaml");
    writeFileSync(config, "prot: 9000\n");
    await expectRefusal(selkie(["serve"], { environment: { SELKIE_CONFIG: config } }), config, "'prot'", "port");
    await expectRefusal(
      selkie(["serve"], { environment: { LETTA_PG_URI: "postgres://x" } }),
      "LETTA_PG_URI",
      "SELKIE_DATA",
    );
  }, 60_000);

  test("does not listen to the network without a key", async () => {
    const open = (environment: Readonly<Record<string, string>>, ...args: string[]) =>
      selkie(["serve", "--host", "0.0.0.0", "--port", "0", "--data", data, ...args], { environment });
    await expectRefusal(open({}), "0.0.0.0", /Set SELKIE_API_KEY/, "--insecure");
    await expectRefusal(open({ SELKIE_API_KEY: "" }), /Set SELKIE_API_KEY/);
    await expectRefusal(open({ SELKIE_API_KEY: "  " }), "SELKIE_API_KEY", "only spaces");
    expect(existsSync(data)).toBeFalse();
    const keyed = await start({ SELKIE_HOST: "0.0.0.0", LETTA_SERVER_PASSWORD: "old secret" });
    const ask = (key: string) =>
      fetch(`${keyed.url}/v1/agents/count`, { headers: { authorization: `Bearer ${key}` } }).then(
        ({ status }) => status,
      );
    expect([await ask("old secret"), await ask("other")]).toEqual([200, 401]);
    expect(await keyed.stop()).toBe(0);
    const insecure = await start({ SELKIE_HOST: "0.0.0.0", SELKIE_INSECURE: "true" });
    expect((await call(insecure, "GET", "/v1/agents/count")).status).toBe(200);
  }, 90_000);

  test("a port in use is told with the port, and nothing is opened twice", async () => {
    const other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("mine") });
    const port = String(other.port);
    await expectRefusal(selkie(["serve", "--port", port, "--data", data]), port, "--port");
    expect(await (await fetch(other.url)).text()).toBe("mine");
    await other.stop(true);
    const server = await start();
    expect((await call(server, "GET", "/v1/agents/count")).body).toBe(0);
  }, 90_000);
});

describe("the data directory", () => {
  const serveOn = (path: string) => selkie(["serve", "--port", "0", "--data", path]);

  test("a second server on the same data is refused, and the first one goes on", async () => {
    const server = await start();
    const { body: block } = await call(server, "POST", "/v1/blocks/", { label: "kept", value: "v" });
    await expectRefusal(serveOn(data), /process \d+/, data, "--data");
    await expectRefusal(selkie(["chat", "selkie", "Hello", "--data", data, "--port", NOWHERE]), /process \d+/, data);
    expect((await call(server, "GET", `/v1/blocks/${block.id}`)).status).toBe(200);
    expect((await call(server, "POST", "/v1/blocks/", { label: "more", value: "v" })).status).toBe(200);
    expect((await selkie(["doctor", "--data", data])).code).toBe(0);
  }, 90_000);

  test("one that cannot hold data is named", async () => {
    const file = join(directory.path, "file");
    writeFileSync(file, "");
    await expectRefusal(serveOn(file), file, "--data");
    await expectRefusal(serveOn(join(file, "below")), file, "--data");
    mkdirSync(join(directory.path, "odd", "selkie.db"), { recursive: true });
    await expectRefusal(serveOn(join(directory.path, "odd")), "odd", "--data");
    const { code, out } = await selkie(["doctor", "--data", file]);
    expect([code, /FAIL .*is no directory/.test(out)]).toEqual([1, true]);
  }, 90_000);

  test("a file that is no database is left alone", async () => {
    mkdirSync(data);
    const noise = Buffer.from(Array.from({ length: 8_192 }, (_, index) => (index * 7919) % 251));
    writeFileSync(join(data, "selkie.db"), noise);
    await expectRefusal(serveOn(data), data, "not a database", "backup");
    expect(readFileSync(join(data, "selkie.db")).equals(noise)).toBeTrue();
    const { code, out } = await selkie(["doctor", "--data", data]);
    expect([code, /FAIL .*not a database/.test(out)]).toEqual([1, true]);
  }, 90_000);

  test("damage inside the database is found by the doctor", async () => {
    const server = await start();
    for (let index = 0; index < 20; index++)
      await call(server, "POST", "/v1/blocks/", { label: "kept", value: "v".repeat(20_000) });
    expect(await server.stop()).toBe(0);
    const file = openSync(join(data, "selkie.db"), "r+");
    for (let page = 20; page < 60; page++) writeSync(file, Buffer.alloc(2_048, 0xa5), 0, 2_048, page * 4_096);
    closeSync(file);
    const { code, out } = await selkie(["doctor", "--data", data]);
    expect([code, /FAIL .*backup/.test(out)]).toEqual([1, true]);
  }, 90_000);

  test("a database of a newer version is refused and stays as it is", async () => {
    const server = await start();
    expect(await server.stop()).toBe(0);
    const database = openSqlite(data);
    await database.writer.execute("insert into schema_version (version, applied_at) values ($1, $2)", [999, 0]);
    await database.close();
    const before = readFileSync(join(data, "selkie.db"));
    await expectRefusal(serveOn(data), "999", /newer server/);
    expect(readFileSync(join(data, "selkie.db")).equals(before)).toBeTrue();
    const { code, out } = await selkie(["doctor", "--data", data]);
    expect([code, out.includes("schema 999")]).toEqual([1, true]);
  }, 90_000);
});

/** A file system of a few megabytes, or false where this user may not mount one. */
function mountSmall(path: string): boolean {
  return Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path]).success;
}

function unmount(path: string): void {
  Bun.spawnSync(["umount", "-l", path]);
}

const canMount = (() => {
  const { path, remove } = temporaryDirectory();
  const isMounted = mountSmall(path);
  if (isMounted) unmount(path);
  remove();
  return isMounted;
})();

describe.skipIf(!canMount)("a full disk (needs the right to mount one)", () => {
  let model: ModelServer;
  let disk: string;

  beforeEach(() => {
    model = startModelServer();
    disk = join(directory.path, "disk");
    mkdirSync(disk);
    expect(mountSmall(disk)).toBeTrue();
  });

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    unmount(disk);
    await model.stop();
  });

  /** Takes all room that is left. */
  function fill(): void {
    const file = openSync(join(disk, "filler"), "w");
    try {
      for (;;) writeSync(file, Buffer.alloc(4_096));
    } catch {
      closeSync(file);
    }
  }

  test("refuses writes whole, answers reads, and is over once there is room", async () => {
    const server = await start(model.environment, disk);
    const agentId = await makeAgent(server);
    const path = `/v1/agents/${agentId}/messages`;
    const gate = Promise.withResolvers<void>();
    model.say({ text: "too late", after: gate.promise });
    const cutOff = call(server, "POST", path, { input: "asked before" });
    while (model.requests.length === 0) await Bun.sleep(5);
    fill();
    gate.resolve();
    expect((await cutOff).status).toBe(507);

    const counted = await call(server, "GET", "/v1/blocks/count");
    const large = { label: "x", value: "y".repeat(500_000) };
    for (const [target, body] of [
      ["/v1/blocks/", large],
      ["/v1/blocks/", { label: "x", value: "y" }],
      ["/v1/agents/", { model: "openai/gpt-4o-mini", memory_blocks: [{ label: "a", value: "b" }] }],
      [`/v1/agents/${agentId}/archival-memory`, { text: "z" }],
    ] as const) {
      const refusal = await call(server, "POST", target, body);
      expect([target, refusal.status, refusal.body.detail.includes("disk is full")]).toEqual([target, 507, true]);
    }
    expect(await call(server, "GET", "/v1/blocks/count")).toEqual(counted);
    expect(await said(server, agentId)).toEqual(["asked before"]);

    rmSync(join(disk, "filler"));
    expect((await call(server, "POST", "/v1/blocks/", large)).status).toBe(200);
    // The run that could not be ended is, and its conversation goes on.
    expect((await sendWhenFree(server, agentId, "asked after")).stop_reason.stop_reason).toBe("end_turn");
    expect(await said(server, agentId)).toEqual(["asked before", "asked after"]);
    const runs = (await call(server, "GET", `/v1/runs/?agent_id=${agentId}`)).body;
    expect(runs.map((run: Answer) => run.status)).toEqual(["completed", "failed"]);
    expect(await server.stop()).toBe(0);
  }, 90_000);

  test("does not keep a server from stopping, and a start from saying why not", async () => {
    const server = await start(model.environment, disk);
    const agentId = await makeAgent(server);
    fill();
    expect(await server.stop()).toBe(0);
    await expectRefusal(selkie(["serve", "--port", "0", "--data", disk]), disk, "full", /Free some space/);
    rmSync(join(disk, "filler"));
    const again = await start(model.environment, disk);
    expect((await call(again, "GET", `/v1/agents/${agentId}`)).status).toBe(200);
  }, 90_000);
});

describe("stopping", () => {
  let model: ModelServer;

  beforeEach(() => {
    model = startModelServer();
  });

  afterEach(() => model.stop());

  test("SIGTERM ends within ten seconds although a model hangs, and the run goes on at the next start", async () => {
    const server = await start(model.environment);
    const agentId = await makeAgent(server);
    model.say({ text: "never", after: new Promise(() => {}) });
    const stream = await fetch(`${server.url}/v1/agents/${agentId}/messages/stream`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ input: "hello?", stream_tokens: true }),
    });
    expect(stream.status).toBe(200);
    // The stream ends with the process: how does not matter here.
    const rest = stream.text().catch(() => "cut");
    while (model.requests.length === 0) await Bun.sleep(5);
    const stopping = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(10_000);
    expect(await rest).not.toContain("[DONE]");
    model.say({ text: "Here I am." });
    const again = await start(model.environment);
    expect((await sendWhenFree(again, agentId, "and?")).stop_reason.stop_reason).toBe("end_turn");
    expect(await said(again, agentId)).toEqual(["hello?", "and?"]);
    const [, first] = (await call(again, "GET", `/v1/runs/?agent_id=${agentId}`)).body;
    expect([first.status, first.stop_reason]).toEqual(["completed", "end_turn"]);
  }, 40_000);

  test("an idle server stops at once", async () => {
    const server = await start();
    const stopping = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(3_000);
  }, 20_000);

  test("after SIGKILL in a burst of sends every acknowledged message is there once, and every agent answers", async () => {
    const acknowledged = new Map<string, string[]>();
    const sent = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const server = await start(model.environment);
      if (round === 0) for (let index = 0; index < 6; index++) acknowledged.set(await makeAgent(server), []);
      let isDead = false;
      const senders = [...acknowledged].map(async ([agentId, texts]) => {
        for (let index = 0; !isDead; index++) {
          const text = `round ${round}, message ${index} to ${agentId}`;
          sent.add(text);
          try {
            const { status } = await call(server, "POST", `/v1/agents/${agentId}/messages`, { input: text });
            if (status === 200) texts.push(text);
          } catch {
            return;
          }
        }
      });
      await Bun.sleep(700 + round * 150);
      await server.kill();
      isDead = true;
      await Promise.all(senders);
    }
    const server = await start(model.environment);
    for (const [agentId, texts] of acknowledged) {
      expect(texts.length).toBeGreaterThan(3);
      await sendWhenFree(server, agentId, "still there?");
      const kept = await said(server, agentId);
      expect(new Set(kept).size).toBe(kept.length);
      expect(kept.filter((text) => texts.includes(text))).toEqual(texts);
      expect(kept.filter((text) => !sent.has(text))).toEqual(["still there?"]);
    }
    const { body: unfinished } = await call(server, "GET", "/v1/runs/?active=true");
    expect(unfinished).toEqual([]);
    expect((await selkie(["doctor", "--data", data])).code).toBe(0);
  }, 60_000);
});

describe("a person", () => {
  const ESCAPE = "\u001b";

  test("asks the doctor, who finds a new installation well and names what would help", async () => {
    const { code, out, err } = await selkie(["doctor", "--data", data]);
    expect([code, err, out.includes(ESCAPE)]).toEqual([0, "", false]);
    for (const words of [VERSION, data, "nothing is stored yet", "selkie/rehearsal", "OPENAI_API_KEY"])
      expect(out).toContain(words);
    const exposed = await selkie(["doctor", "--data", data, "--host", "0.0.0.0"]);
    expect([exposed.code, /FAIL .*SELKIE_API_KEY/.test(exposed.out)]).toEqual([1, true]);
    const environment = { OPENAI_API_KEY: "sk-x", OPENAI_API_BASE: "http://127.0.0.1:1/v1", SELKIE_PROT: "1" };
    const broken = await selkie(["doctor", "--data", data], { environment });
    expect([broken.code, /FAIL {2}openai: /.test(broken.out), broken.out.includes("SELKIE_PROT")]).toEqual([
      1,
      true,
      true,
    ]);
  }, 90_000);

  test("asks the doctor how memories are found, and whether the embedding model answers", async () => {
    let vector = new Array(1536).fill(0.5);
    const http = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) =>
        request.url.endsWith("/models")
          ? Response.json({ data: [{ id: "gpt-4o-mini" }, { id: "text-embedding-3-small" }] })
          : Response.json({ data: [{ index: 0, embedding: vector }] }),
    });
    const provider = { OPENAI_API_KEY: "sk-x", OPENAI_API_BASE: `http://127.0.0.1:${http.port}/v1` };
    const ask = async (handle: string) => {
      const { code, out } = await selkie(["doctor", "--data", data], {
        environment: { ...provider, SELKIE_EMBEDDING: handle },
      });
      return [code, out.split("\n").find((line) => line.includes("retrieval:"))];
    };
    try {
      expect(await ask("")).toEqual([0, expect.stringContaining("note  retrieval: lexical (words only)")]);
      expect(await ask("letta/letta-free")).toEqual([0, expect.stringContaining("note  retrieval: lexical")]);
      expect(await ask("openai/text-embedding-3-small")).toEqual([
        0,
        "  ok    retrieval: hybrid (words, and openai/text-embedding-3-small with 1536 dimensions)",
      ]);
      vector = [1, 2, 3];
      expect(await ask("openai/text-embedding-3-small")).toEqual([
        1,
        expect.stringContaining("gave a vector of 3 numbers instead of 1536"),
      ]);
      expect(await ask("nobody/text-embedding-3-small")).toEqual([1, expect.stringContaining("set SELKIE_EMBEDDING")]);
    } finally {
      await http.stop(true);
    }
  }, 90_000);

  test.skipIf(Bun.which("script") === null)(
    "sees colors in a terminal only, and none when NO_COLOR says so",
    async () => {
      const look = async (environment: Readonly<Record<string, string>>) => {
        const command = `${SELKIE.join(" ")} doctor --data ${data}`;
        const child = Bun.spawn(["script", "-qec", command, "/dev/null"], {
          env: { PATH: process.env["PATH"] ?? "", HOME: directory.path, ...environment },
          stdin: "ignore",
          stdout: "pipe",
        });
        return (await child.stdout.text()).includes(`${ESCAPE}[`);
      };
      expect([await look({}), await look({ NO_COLOR: "" }), await look({ NO_COLOR: "1" })]).toEqual([
        true,
        true,
        false,
      ]);
    },
    30_000,
  );
});
