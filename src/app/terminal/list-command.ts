import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import { type Connection, connect } from "./connection.ts";
import {
  agentListing,
  agentsListing,
  blockListing,
  blocksListing,
  factsListing,
  LIMIT_DEFAULT,
  type Listing,
  modelListing,
  modelsListing,
  recallListing,
  requireAgent,
} from "./listings.ts";
import { createOutput } from "./output.ts";
import { harmless, table } from "./table.ts";

/** Entries of a list that may be asked for. */
const LIMIT_MAX = 500;

/** What can be listed and shown from the command line. */
export const LISTS = ["agents", "models", "blocks", "memory"] as const;

/** How something is listed or shown. */
export interface ListOptions {
  readonly what: (typeof LISTS)[number];
  /** Whose, or which one; and then which of theirs. */
  readonly names: readonly string[];
  readonly asJson: boolean;
  /** How many entries; as the command line gives it. */
  readonly limit: string | undefined;
}

/** `selkie agents`, `models`, `blocks` and `memory`: lists or shows what a server holds. */
export async function list(settings: Settings, options: ListOptions): Promise<number> {
  const limit = limitOf(options.limit);
  const connection = await connect(settings, { recovers: false });
  try {
    await writeListing(connection, await listingOf(connection, options, limit), options.asJson);
    return 0;
  } finally {
    await connection.close();
  }
}

/** Writes what is listed or shown to standard output, after what there is to know of the server. */
export async function writeListing(
  { notes }: Pick<Connection, "notes">,
  { rows, remark, json }: Listing,
  asJson: boolean,
): Promise<void> {
  for (const note of notes) process.stderr.write(`${note}\n`);
  const output = createOutput();
  output.write(asJson ? `${JSON.stringify(json, null, 2)}\n` : textOf(rows, remark));
  await output.flush();
}

/** Rows for a person, as wide as the terminal. What goes into a file is not cut. */
function textOf(rows: Listing["rows"], remark: string | undefined): string {
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  const lines = [...table(rows, { width, cuts: true }), ...(remark === undefined ? [] : [harmless(remark)])];
  return `${lines.join("\n")}\n`;
}

/** What the names mean: none lists the kind, one shows it or lists what is its own, two show one of that. */
async function listingOf(connection: Connection, { what, names }: ListOptions, limit: number): Promise<Listing> {
  const [first, second] = names;
  if (what === "agents")
    return first === undefined ? agentsListing(connection, limit) : agentListing(connection, first);
  if (what === "models")
    return first === undefined ? modelsListing(connection, limit) : modelListing(connection, first);
  if (what === "blocks" && first === undefined) return blocksListing(connection, undefined, limit);
  const agent = await requireAgent(connection, first);
  if (what === "blocks")
    return second === undefined ? blocksListing(connection, agent, limit) : blockListing(connection, agent, second);
  return second === undefined ? factsListing(connection, agent, limit) : recallListing(connection, agent, second);
}

/** How many entries of a list are asked for. */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new Failure("refused", `--limit must be a number from 1 to ${LIMIT_MAX}, got '${text}'`);
}
