import type { FilledAgent } from "./elsewhere/recipients.ts";
import type { ImportReport, TableReport } from "./report.ts";

/** What is told of an import. */
export interface ToldImport {
  readonly report: ImportReport;
  /** Parts of the file that could not be read to their end, with why. */
  readonly broken: readonly string[];
  /** The agents that were filled, where the file did not bring them. */
  readonly agents: readonly FilledAgent[];
  /** Files beside those that were read, which are not taken. */
  readonly others: readonly string[];
}

/** Agents that a person is told of. */
const AGENTS_SHOWN = 20;

/** An import for programs. */
export function asJson({ report, broken, agents, others }: ToldImport, isDryRun: boolean): string {
  const tables = report.tables().map(({ left, changed, ...table }) => ({
    ...table,
    left: Object.fromEntries(left),
    changed: Object.fromEntries(changed),
  }));
  const filled = agents.map(({ agent: { id, name }, wasMade }) => ({ id, name, made: wasMade }));
  const told = { dry_run: isDryRun, tables, unaccounted: report.unaccounted(), agents: filled, broken, others };
  return `${JSON.stringify(told, null, 2)}\n`;
}

/** An import for a person: a line for each table, and what is not as it was under it. */
export function asText({ report, broken, agents, others }: ToldImport, isDryRun: boolean): string {
  const tables = report.tables().toSorted((a, b) => (a.table < b.table ? -1 : 1));
  const width = Math.max(5, ...tables.map(({ table }) => table.length));
  const head = `${"table".padEnd(width)}  ${["rows", "taken", "here", "left"].map((word) => word.padStart(8)).join("")}\n`;
  const lines = tables.map((table) => {
    const left = sumOf(table.left);
    const figures = [table.rows, table.taken, table.known, left].map((figure) => String(figure).padStart(8)).join("");
    return `${table.table.padEnd(width)}  ${figures}\n${remarks(table)}`;
  });
  const rest = [
    ...agents
      .slice(0, AGENTS_SHOWN)
      .map(({ agent, wasMade }) => `${wasMade ? "Made" : "Into"} ${agent.name} (${agent.id})`),
    ...(agents.length > AGENTS_SHOWN ? [`and ${agents.length - AGENTS_SHOWN} more agents`] : []),
    ...(others.length > 0 ? [`Not taken: ${others.join(", ")}`] : []),
    ...report.unaccounted().map(({ table, rows }) => `${rows} rows of ${table} are not accounted for`),
    ...broken.map((part) => `${part}. What came before that is stored; get the file anew, and import it again`),
    ...(isDryRun ? ["Nothing was stored: this was a trial"] : []),
  ];
  return [head, ...lines, ...rest.map((line) => `${line}\n`)].join("");
}

function remarks({ left, changed }: TableReport): string {
  const lines = [
    ...[...left].filter(([, rows]) => rows > 0).map(([reason, rows]) => `${rows} left: ${reason}`),
    ...[...changed].map(([what, rows]) => `${rows}: ${what}`),
  ];
  return lines.map((line) => `    ${line}\n`).join("");
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
