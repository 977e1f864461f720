import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { nearest } from "../../core/nearest.ts";
import { ask } from "../terminal/connection.ts";
import { type Change, differences, type Fleet } from "./plan.ts";
import { removal } from "./removal.ts";
import type { DeclaredTool } from "./shape.ts";
import { allTools, ToolView } from "./views.ts";

/** Characters that one source may have. */
const SOURCE_BYTES_MAX = 1024 * 1024;

/** The tag of tools that were made for a file. */
export function tagOf(fleet: string): string {
  return `declared:${fleet}`;
}

/** Compares tools with those that are there, and learns the ids of all that agents name. */
export async function planTools(fleet: Fleet): Promise<readonly Change[]> {
  const { file, connection, ids } = fleet;
  const known = new Map((await allTools(connection)).map((tool) => [tool.name, tool]));
  for (const tool of known.values()) ids.set(`tool ${tool.name}`, tool.id);
  const changes = Object.entries(file.declaration.tools).flatMap(([name, tool]) =>
    planTool(fleet, { name, tool, known }),
  );
  const all = [...known.keys(), ...Object.keys(file.declaration.tools)];
  for (const [agent, { tools }] of Object.entries(file.declaration.agents))
    for (const [at, name] of tools.entries())
      if (!all.includes(name)) throw file.wrong(["agents", agent, "tools", at], missing(name, all));
  return [...changes, ...goneTools(fleet, [...known.values()])];
}

function missing(name: string, all: readonly string[]): string {
  const meant = nearest(name, all);
  return `names the tool '${name}', which is neither in the file nor on the server${meant === undefined ? "" : `; perhaps '${meant}' is meant`}`;
}

function planTool(
  fleet: Fleet,
  {
    name,
    tool,
    known,
  }: { readonly name: string; readonly tool: DeclaredTool; readonly known: ReadonlyMap<string, ToolView> },
): readonly Change[] {
  const { connection, file, ids } = fleet;
  const { source, source_code, ...rest } = tool;
  const code = source_code ?? sourceOf(fleet, name, source ?? "");
  const source_type = rest.source_type ?? (source?.endsWith(".ts") === true ? "typescript" : undefined);
  const wanted = { ...rest, source_code: code, source_type };
  const before = known.get(name);
  if (before === undefined) {
    const make = async () => {
      const body = { ...wanted, tags: [tagOf(file.fleet)] };
      const made = await ask(connection, { path: "/v1/tools/", method: "POST", body, shape: ToolView });
      if (made.name !== name) {
        await removal(connection, `tool ${name}`, `/v1/tools/${made.id}`).make();
        throw file.wrong(
          ["tools", name],
          `holds a function called '${made.name}'; call the tool so, or the function '${name}'`,
        );
      }
      ids.set(`tool ${name}`, made.id);
    };
    return [{ sign: "+", what: `tool ${name}`, details: [], make }];
  }
  if (before.tool_type !== "custom") throw file.wrong(["tools", name], "is the name of a tool that is built in");
  const { fields, details } = differences(before, wanted);
  if (details.length === 0) return [];
  const make = async () => {
    await ask(connection, { path: `/v1/tools/${before.id}`, method: "PATCH", body: fields, shape: ToolView });
  };
  return [
    {
      sign: "~",
      what: `tool ${name}`,
      details: details.map((one) => one.replace(/^source_code .*/, "source_code")),
      make,
    },
  ];
}

function sourceOf({ file }: Fleet, name: string, source: string): string {
  const path = resolve(file.folder, source);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true)
    throw file.wrong(["tools", name, "source"], `names ${source}, which is no file beside it`);
  if (stat.size > SOURCE_BYTES_MAX)
    throw file.wrong(["tools", name, "source"], `names a file of more than ${SOURCE_BYTES_MAX} bytes`);
  return readFileSync(path, "utf8");
}

/** Tools that were made for the file, and that it does not name any more. */
function goneTools({ prunes, file, connection }: Fleet, known: readonly ToolView[]): readonly Change[] {
  const gone = known.filter(
    ({ name, tags }) => tags?.includes(tagOf(file.fleet)) === true && !Object.hasOwn(file.declaration.tools, name),
  );
  return prunes ? gone.map(({ id, name }) => removal(connection, `tool ${name}`, `/v1/tools/${id}`)) : [];
}
