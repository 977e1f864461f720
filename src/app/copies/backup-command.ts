import { existsSync, rmSync } from "node:fs";
import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import { createProgress } from "../transfer/progress.ts";
import { type BackupReport, draftOf, makeBackup } from "./backup.ts";
import { askPassphrase, canAsk, passphraseIn } from "./passphrase.ts";
import { checkPassphrase } from "./sealed-key.ts";
import { stoppable } from "./stopping.ts";

/** What the command line says of a backup or a restore. */
export interface CopyAsk {
  readonly file: string;
  /** The file that holds the passphrase of the key of secrets. */
  readonly passphraseFile: string | undefined;
  readonly isForced: boolean;
  readonly asJson: boolean;
}

/** `selkie backup FILE`: the data in one file, with a server at work or without. */
export async function backupCommand(
  { dataDirectory, environment }: Settings,
  { file, passphraseFile, isForced, asJson }: CopyAsk,
): Promise<number> {
  const given = passphraseFile === undefined ? undefined : passphraseIn(passphraseFile);
  // Refused where there are no secrets yet, too: a script that gives it would fail on the day there are some.
  if (given !== undefined) checkPassphrase(given);
  const progress = createProgress(process.stderr);
  const report = await stoppable(
    () =>
      makeBackup({
        directory: dataDirectory,
        environment,
        file,
        replaces: isForced,
        passphrase: async () => given ?? (asJson || !canAsk() ? undefined : chosen()),
        progress: progress.part,
      }),
    () => {
      // Where the folder is none, even the look whether a draft is there fails, and must not hide why.
      if (existsSync(draftOf(file))) rmSync(draftOf(file), { recursive: true, force: true });
    },
  );
  progress.end();
  process.stdout.write(asJson ? `${JSON.stringify(shown(report), null, 2)}\n` : told(report));
  return 0;
}

/** A passphrase that a person thought of, asked for twice. */
async function chosen(): Promise<string | undefined> {
  const first = await askPassphrase("Passphrase for the key of secrets (none leaves the key out): ");
  if (first === "") return undefined;
  if (first === (await askPassphrase("The same once more: "))) return first;
  throw new Failure("refused", "These were two different passphrases; nothing was written");
}

function shown({ file, bytes, manifest, notes }: BackupReport): object {
  return { file, bytes, ...manifest, notes };
}

function told({ file, bytes, manifest: { tables, schema, secrets }, notes }: BackupReport): string {
  const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
  const kept = ["agents", "messages", "files"].map((name) => `${tables[name] ?? 0} ${name}`).join(", ");
  const key = secrets.key === "sealed" ? "The key of secrets is in it, under the passphrase\n" : "";
  return `${file}: ${(bytes / 1e6).toFixed(1)} MB, ${rows} rows (${kept}), schema ${schema}. It was read again and is sound\n${key}${notes.map((note) => `note  ${note}\n`).join("")}`;
}
