import type { Settings } from "../command/settings.ts";
import { type Connection, connect, connectHere } from "../terminal/connection.ts";
import type { Change, Fleet } from "./plan.ts";
import { knownAgents, planAgents } from "./plan-agents.ts";
import { planBlocks } from "./plan-blocks.ts";
import { planFolders } from "./plan-folders.ts";
import { planTools } from "./plan-tools.ts";
import { type DeclaredFile, readDeclaration } from "./read-declaration.ts";

/** What `selkie apply` was asked. */
export interface ApplyAsk {
  readonly path: string;
  readonly isDryRun: boolean;
  readonly prunes: boolean;
  readonly renewsSecrets: boolean;
  readonly asJson: boolean;
}

/** `selkie apply FILE`: makes the agents of a server what a file says, and tells what that changes before it does. */
export async function applyCommand(settings: Settings, ask: ApplyAsk): Promise<number> {
  const file = readDeclaration(ask.path);
  await applyFile(await connect(settings, { recovers: false }), { settings, file, ask });
  return 0;
}

/** Makes the agents of a data folder what a file says, before a server begins on it. Nothing is taken away. */
export async function applyBeforeStart(settings: Settings, path: string): Promise<void> {
  const file = readDeclaration(path);
  const ask = { path, isDryRun: false, prunes: false, renewsSecrets: false, asJson: false };
  await applyFile(await connectHere(settings), { settings, file, ask });
}

interface Applying {
  readonly settings: Settings;
  readonly file: DeclaredFile;
  readonly ask: ApplyAsk;
}

async function applyFile(connection: Connection, { settings: { environment }, file, ask }: Applying): Promise<void> {
  try {
    for (const note of connection.notes) process.stderr.write(`${note}\n`);
    const { prunes, renewsSecrets } = ask;
    const fleet: Fleet = { connection, file, environment, prunes, renewsSecrets, ids: new Map() };
    const changes = await planOf(fleet);
    if (!ask.asJson) process.stdout.write(told(changes));
    if (!ask.isDryRun) for (const change of changes) await make(change, ask);
    if (ask.asJson) process.stdout.write(`${JSON.stringify(shownChanges(changes, ask.isDryRun), null, 2)}\n`);
    else process.stdout.write(ended(changes.length, ask.isDryRun));
  } finally {
    await connection.close();
  }
}

/** All changes in the order in which they are made: what others need comes first, what is taken away last. */
async function planOf(fleet: Fleet): Promise<readonly Change[]> {
  const tools = await planTools(fleet);
  const known = await knownAgents(fleet);
  const blocks = await planBlocks(fleet, known);
  const folders = await planFolders(fleet);
  const agents = await planAgents(fleet, known);
  const all = [...tools, ...blocks, ...folders, ...agents];
  return [...all.filter(({ sign }) => sign !== "-"), ...all.filter(({ sign }) => sign === "-").reverse()];
}

async function make(change: Change, { asJson }: ApplyAsk): Promise<void> {
  try {
    await change.make();
  } catch (error) {
    if (!asJson)
      process.stderr.write(
        `Stopped at ${change.what}. What came before it is done; the same command goes on from here\n`,
      );
    throw error;
  }
}

function told(changes: readonly Change[]): string {
  return changes
    .map(({ sign, what, details }) => `${sign} ${what}${details.length === 0 ? "" : `: ${details.join("; ")}`}\n`)
    .join("");
}

function ended(count: number, isDryRun: boolean): string {
  if (count === 0) return "Everything is as the file says; nothing was changed\n";
  const changes = `${count} change${count === 1 ? "" : "s"}`;
  return isDryRun ? `${changes}; nothing was changed: this was a trial\n` : `${changes} made\n`;
}

function shownChanges(changes: readonly Change[], isDryRun: boolean): object {
  return { dry_run: isDryRun, changes: changes.map(({ sign, what, details }) => ({ sign, what, details })) };
}
