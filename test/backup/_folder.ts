import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

/** A port where nothing listens. */
const NOWHERE = "1";
const RUN_MS_MAX = 60_000;

/** What a command did. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder for tests, with commands and servers on what is in it. */
export function openFolder() {
  const { path, remove } = temporaryDirectory();
  const home = temporaryDirectory();
  const servers: ServerProcess[] = [];
  const environment = { PATH: process.env["PATH"] ?? "", HOME: home.path };
  return {
    path,
    home: home.path,
    at: (name: string) => join(path, name),

    /** Runs a command to its end. */
    async selkie(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
      const child = Bun.spawn([...SELKIE, ...args, "--port", NOWHERE], {
        env: { ...environment, ...more },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        timeout: RUN_MS_MAX,
      });
      const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      return { code: await child.exited, out, err };
    },

    /** Starts a command, for whoever ends it. */
    begin(args: readonly string[]) {
      return Bun.spawn([...SELKIE, ...args], { env: environment, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    },

    async serve(name: string, more: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
      const server = await startServer(join(path, name), more);
      servers.push(server);
      return server;
    },

    async close(): Promise<void> {
      await Promise.all(servers.map((server) => server.kill()));
      remove();
      home.remove();
    },
  };
}

/** Asks a server, and expects that it does as it is told. */
export async function asked(
  { url }: { readonly url: string },
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Makes a database of any size in a folder, and of no schema that a server knows. */
export function makeLarge(directory: string, megabytes: number): void {
  mkdirSync(directory, { recursive: true });
  using database = new Database(join(directory, "selkie.db"), { create: true });
  database.run("pragma journal_mode = wal");
  database.run("create table schema_version (version integer primary key, applied_at double precision not null)");
  database.run("insert into schema_version values (1, 0)");
  database.run("create table filler (bytes blob)");
  for (let i = 0; i < megabytes; i++) database.run("insert into filler values (randomblob(1024 * 1024))");
}

/** What a database says that {@link makeLarge} made: how much is in it, once it was read whole. */
export function fillerIn(path: string): number {
  using database = new Database(path, { readonly: true });
  const [{ quick_check: found } = { quick_check: "" }] = database
    .query<{ quick_check: string }, []>("pragma quick_check")
    .all();
  if (found !== "ok") throw new Error(found);
  return database.query<{ total: number }, []>("select count(*) as total from filler").get()?.total ?? 0;
}
