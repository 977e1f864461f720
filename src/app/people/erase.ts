import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import { ask, type Connection, connect } from "../terminal/connection.ts";
import { createProgress } from "../transfer/progress.ts";

/** Calls that one erasure takes at most. */
const CALLS_MAX = 100_000;
/** Files of a data folder that hold what was said at an earlier time. */
const EARLIER = /^(?:selkie\.(?:schema-\d+\.db|before-restore-.*|repaired-.*)|chat-history)$/;

const PartShape = z.object({
  erased: z.record(z.string(), z.number()),
  unsure_block_ids: z.array(z.string()),
  next: z.string().nullable(),
  scrubbed: z.boolean(),
});

/** Whom to erase. */
export interface EraseAsk {
  readonly id: string;
  readonly isTrial: boolean;
  readonly asJson: boolean;
}

/** `selkie erase --identity ID`: erases all that an identity left, by the API of the server that runs, or of its own. */
export async function eraseCommand(settings: Settings, { id, isTrial, asJson }: EraseAsk): Promise<number> {
  const connection = await connect(settings, { recovers: false });
  const progress = createProgress(process.stderr);
  let done: Done;
  try {
    done = await eraseAll(connection, { id, isTrial }, () => progress.part("Erasing", 0));
  } finally {
    progress.end();
    await connection.close();
  }
  const { erased, isScrubbed } = done;
  const directory = settings.url === null ? settings.dataDirectory : null;
  const notes = notesOn({ ...done, isTrial, directory });
  const lines = Object.entries(erased).map(
    ([what, count]) => `${String(count).padStart(8)}  ${what.replaceAll("_", " ")}\n`,
  );
  const text = [...lines, ...notes.map((note) => `note  ${note}\n`)].join("");
  const json = { identity_id: id, dry_run: isTrial, erased, scrubbed: isScrubbed, notes };
  process.stdout.write(asJson ? `${JSON.stringify(json, null, 2)}\n` : text);
  return isTrial || isScrubbed ? 0 : 1;
}

/** What all calls together did. */
interface Done {
  readonly erased: Readonly<Record<string, number>>;
  readonly unsure: readonly string[];
  readonly isScrubbed: boolean;
}

/** Calls until nothing is left. */
async function eraseAll(
  connection: Connection,
  { id, isTrial }: Pick<EraseAsk, "id" | "isTrial">,
  step: () => void,
): Promise<Done> {
  const erased: Record<string, number> = {};
  const unsure = new Set<string>();
  let after: string | null = null;
  for (let call = 0; call < CALLS_MAX; call++) {
    step();
    const part: z.infer<typeof PartShape> = await ask(connection, {
      path: `/v1/identities/${encodeURIComponent(id)}/erase`,
      method: "POST",
      body: { dry_run: isTrial, after },
      shape: PartShape,
    });
    for (const [what, count] of Object.entries(part.erased)) erased[what] = (erased[what] ?? 0) + count;
    for (const blockId of part.unsure_block_ids) unsure.add(blockId);
    if (part.next === null) return { erased, unsure: [...unsure], isScrubbed: part.scrubbed };
    after = part.next;
  }
  throw new Failure("refused", `There is more than ${CALLS_MAX} calls can erase; give the command again`);
}

interface Outcome extends Done {
  readonly isTrial: boolean;
  readonly directory: string | null;
}

function notesOn({ isTrial, isScrubbed, unsure, directory }: Outcome): readonly string[] {
  const notes: string[] = [];
  if (isTrial) notes.push("Nothing was erased: this was a trial");
  else if (!isScrubbed)
    notes.push(
      "Somebody is reading the database, such as a backup, so the disk may still hold it. Give the command again",
    );
  if (unsure.length > 0)
    notes.push(
      `Others have written to these blocks since; look whether they still tell of the person: ${unsure.join(", ")}`,
    );
  const earlier =
    directory !== null && existsSync(directory) ? readdirSync(directory).filter((name) => EARLIER.test(name)) : [];
  if (earlier.length > 0 && directory !== null)
    notes.push(
      `These are of earlier times, and stay as they are: ${earlier.map((name) => join(directory, name)).join(", ")}`,
    );
  if (!isTrial) notes.push("Backups from before still hold all of it");
  return notes;
}
