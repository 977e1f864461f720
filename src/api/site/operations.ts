import { isRecord, type JsonObject } from "../../core/json.ts";

/** An operation of the API, as its OpenAPI document has it. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  /** The scope that it wants of a key; empty where it wants none. */
  readonly scope: string;
}

/** Operations that belong together. */
export interface OperationGroup {
  readonly name: string;
  readonly operations: readonly Operation[];
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** The operations of an OpenAPI document by their first tag, in the order in which a reader looks for a name. */
export function groupsOf(document: JsonObject): readonly OperationGroup[] {
  const groups = new Map<string, Operation[]>();
  for (const [path, operations] of entriesOf(document["paths"]).toSorted(byName))
    for (const method of METHODS) {
      const operation = entriesOf(operations).find(([name]) => name === method)?.[1];
      if (!isRecord(operation)) continue;
      const { tags, summary, security } = operation;
      const name = Array.isArray(tags) ? String(tags[0]) : "";
      const group = groups.get(name) ?? [];
      const scope = /"([a-z]+:[a-z]+)"/.exec(JSON.stringify(security) ?? "")?.[1] ?? "";
      const words = typeof summary === "string" ? summary : "";
      group.push({ method: method.toUpperCase(), path, summary: words, scope });
      groups.set(name, group);
    }
  return [...groups].toSorted(byName).map(([name, operations]) => ({ name, operations }));
}

function entriesOf(value: unknown): readonly [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
