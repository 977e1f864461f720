import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { SELKIE } from "../_harness/program.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

/** What a run of `selkie import` told. */
export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What became of each table, by its name. */
  readonly tables: Readonly<Record<string, Answer>>;
  readonly report: Answer;
  /** The most memory that it had, as far as that was seen; what the system tells at the end counts its parent in. */
  readonly bytes: number;
}

/** How often it is looked how much memory a command has had. */
const WATCH_MS = 50;

function peakOf(pid: number): number | undefined {
  const path = `/proc/${pid}/status`;
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** How a run of `selkie import` is made. */
export interface BringOptions {
  readonly args?: readonly string[];
  readonly killAfterMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs `selkie import --json`; `killAfterMs` kills it then. */
export async function bring(
  from: string,
  data: string,
  { args = [], killAfterMs, environment = {} }: BringOptions = {},
): Promise<Told> {
  const child = Bun.spawn([...SELKIE, "import", "--from", from, "--data", data, "--json", ...args], {
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"], ...environment },
  });
  const killing = killAfterMs === undefined ? undefined : setTimeout(() => child.kill(9), killAfterMs);
  let bytes = 0;
  const watching = setInterval(() => {
    bytes = peakOf(child.pid) ?? bytes;
  }, WATCH_MS);
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  clearTimeout(killing);
  const report: Answer = out.startsWith("{") ? JSON.parse(out) : undefined;
  const tables = Object.fromEntries((report?.tables ?? []).map((one: Answer) => [one.table, one]));
  clearInterval(watching);
  return { code, out, err, tables, report, bytes };
}

/** Uses the data of a folder through a server that speaks for a scripted model. */
export async function served<T>(data: string, use: (server: TestServer) => Promise<T>): Promise<T> {
  const database = openSqlite(join(data));
  const server = await startTestServer({ database });
  try {
    return await use(server);
  } finally {
    await server.close();
    await database.close();
  }
}

/** Everything of a data folder that an import could change, as clients see it. */
export function shownOf(data: string): Promise<Answer> {
  return served(data, async (server) => {
    const agents = await server.ok("GET", "/v1/agents/?limit=100&order=asc&include=agent.blocks&include=agent.tags");
    const shown: Record<string, Answer> = { agents };
    for (const { id } of agents) {
      shown[`passages of ${id}`] = await server.ok("GET", `/v1/agents/${id}/archival-memory?limit=1000`);
      shown[`facts of ${id}`] = await server.ok("GET", `/v1/agents/${id}/memory/facts?limit=1000`);
      const conversations = await server.ok("GET", `/v1/conversations/?agent_id=${id}&limit=1000`);
      shown[`conversations of ${id}`] = conversations;
      for (const one of conversations)
        shown[one.id] = await server.ok("GET", `/v1/conversations/${one.id}/messages?limit=1000&order=asc`);
    }
    shown["identities"] = await server.ok("GET", "/v1/identities/?limit=1000");
    return shown;
  });
}
