import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Things of the server that code in a jail must not reach, set out to see whether it does. */
export interface Canary {
  /** A file that everybody on this machine may read. */
  readonly file: string;
  /** What it holds, and what the server of the canary answers. */
  readonly word: string;
  /** The folder of the file, in which everybody may write. */
  readonly folder: string;
  /** Where a server answers on 127.0.0.1. */
  readonly port: number;
  /** What was done to it from outside meanwhile: nothing when empty. */
  touched(): readonly string[];
  close(): Promise<void>;
}

/** Sets one out. */
export function plantCanary(): Canary {
  const folder = mkdtempSync(join(tmpdir(), "selkie-canary-"));
  const [file, word] = [join(folder, "canary"), `canary-${Bun.randomUUIDv7()}`];
  writeFileSync(file, word);
  chmodSync(file, 0o644);
  chmodSync(folder, 0o777);
  let requests = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch() {
      requests++;
      return new Response(word);
    },
  });
  return {
    file,
    word,
    folder,
    port: server.port ?? 0,
    touched() {
      const others = existsSync(folder) ? readdirSync(folder).filter((name) => join(folder, name) !== file) : [];
      const isWhole = existsSync(file) && readFileSync(file, "utf8") === word;
      return [
        ...(requests > 0 ? ["it reached a server of this machine"] : []),
        ...(others.length > 0 || !isWhole ? ["it wrote outside of its own folder"] : []),
      ];
    },
    async close() {
      await server.stop(true);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
