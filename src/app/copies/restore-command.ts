import type { Settings } from "../command/settings.ts";
import { dropStaged } from "../disk/arriving.ts";
import { createProgress } from "../transfer/progress.ts";
import type { CopyAsk } from "./backup-command.ts";
import { askPassphrase, canAsk, passphraseIn } from "./passphrase.ts";
import { type RestoreReport, restoreBackup } from "./restore.ts";
import { stoppable } from "./stopping.ts";

/** `selkie restore FILE`: a backup becomes the data of a folder. */
export async function restoreCommand(
  { dataDirectory }: Settings,
  { file, passphraseFile, isForced, asJson }: CopyAsk,
): Promise<number> {
  const given = passphraseFile === undefined ? undefined : passphraseIn(passphraseFile);
  const progress = createProgress(process.stderr);
  let isHeld = false;
  const report = await stoppable(
    () =>
      restoreBackup({
        file,
        directory: dataDirectory,
        movesAside: isForced,
        passphrase: async () => given ?? (asJson || !canAsk() ? undefined : asked()),
        progress: progress.part,
        held: (now) => {
          isHeld = now;
        },
      }),
    () => {
      if (isHeld) dropStaged(dataDirectory);
    },
  );
  progress.end();
  process.stdout.write(asJson ? `${JSON.stringify(shown(report), null, 2)}\n` : told(report));
  return 0;
}

async function asked(): Promise<string | undefined> {
  const typed = await askPassphrase("Passphrase of the key of secrets (none goes on without the key): ");
  return typed === "" ? undefined : typed;
}

function shown({ directory, manifest, aside, notes }: RestoreReport): object {
  return { directory, ...manifest, aside: aside ?? null, notes };
}

function told({ directory, manifest: { tables, made_at: madeAt }, aside, notes }: RestoreReport): string {
  const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
  const moved = aside === undefined ? "" : `What was there before is in ${aside}\n`;
  return `${directory} holds the data of ${madeAt}: ${rows} rows\n${moved}${notes.map((note) => `note  ${note}\n`).join("")}`;
}
