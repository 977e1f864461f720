import { join } from "node:path";
import type { ReadDocument } from "../../agent/files/document.ts";
import { bwrapJail } from "../../sandbox/bwrap.ts";
import { findBwrap } from "../../sandbox/bwrap-here.ts";
import { findScriptPlace } from "../../sandbox/js/places.ts";
import { findProgram } from "../../sandbox/js/program.ts";
import type { SandboxMode } from "../../sandbox/mode.ts";
import { bareJail } from "../../sandbox/parse/bare-jail.ts";
import { createDocumentReader, type DocumentPlace, type ReaderProgram } from "../../sandbox/parse/document-reader.ts";
import { isExecutable, ownCommand } from "../own-command.ts";

/** The repository, where the program runs from its source. */
const ROOT = join(import.meta.dirname, "../../..");

/**
 * What reads documents. It is our own code on what strangers sent: where no jail holds it runs in a process with limits, and
 * with `strict` not at all. Which it is, is found out when the first document comes.
 */
export function openDocuments(mode: SandboxMode, readMsMax?: number): ReadDocument {
  let found: Promise<DocumentPlace> | undefined;
  return createDocumentReader(() => {
    found ??= findPlace(mode);
    return found;
  }, readMsMax);
}

async function findPlace(mode: SandboxMode): Promise<DocumentPlace> {
  const jailed = await findJailed();
  if (jailed !== undefined) return jailed;
  if (mode === "strict")
    return {
      whyNone:
        "no jail holds on this machine ('apt-get install bubblewrap' installs one), and SELKIE_SANDBOX is strict",
    };
  const { command } = programIn(process.execPath, process.execPath, []);
  return { jail: bareJail(), program: { command, binds: [] } };
}

/** The jail that this program was proved to be held in as Bun, for the same program as what reads documents. */
async function findJailed(): Promise<DocumentPlace | undefined> {
  const { place } = await findScriptPlace({ executable: process.execPath, mode: "strict", pure: [], deno: null });
  const bwrap = await findBwrap();
  if ("whyNone" in place || bwrap === undefined) return undefined;
  const { path, libraries, isPublic } = await findProgram(process.execPath);
  // Nobody can read the source only where it lies open, which is not looked for.
  const identity = isPublic && isExecutable() ? bwrap.identity : null;
  return { jail: bwrapJail({ ...bwrap, identity }), program: programIn(path, "/selkie", libraries) };
}

/** How this program is started under a name that it has in a jail: by itself, or from its source by what runs that. */
function programIn(path: string, name: string, libraries: ReaderProgram["binds"]): ReaderProgram {
  const command = ownCommand("read-documents", name);
  if (isExecutable()) return { command, binds: [...libraries, { from: path, to: name }] };
  const folders = ["src", "node_modules"]
    .map((folder) => join(ROOT, folder))
    .map((folder) => ({ from: folder, to: folder }));
  const manifest = join(ROOT, "package.json");
  const binds = [...libraries, { from: path, to: name }, ...folders, { from: manifest, to: manifest }];
  return { command, binds };
}
