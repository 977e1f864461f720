import { Failure } from "../../core/failure.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import type { AgentBundle } from "../transfer/bundle.ts";

/** What the gaps of a template's blocks are filled with, by their names. */
export type Variables = Readonly<Record<string, string>>;

/** A gap in the text of a block: `{{name}}`. */
const GAP = /\{\{\s*([\p{L}\p{N}_.-]{1,100})\s*\}\}/gu;
/** Characters of one block once its gaps are filled. */
const FILLED_CHARS_MAX = 1_000_000;

/** The names of the gaps of these texts, each once, in their order. */
export function gapsIn(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => [...text.matchAll(GAP)].map(([, name = ""]) => name)))];
}

/** What a file fills gaps with when nobody says: what its agents name as their variables. */
export function defaultsOf(file: JsonObject): Variables {
  const agents = Array.isArray(file["agents"]) ? file["agents"] : [];
  const entries = agents.filter(isJsonObject).flatMap(({ memory_variables: given }) => {
    return isJsonObject(given) ? Object.entries(given) : [];
  });
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])),
  );
}

/** The values for the gaps of a bundle, and no others. Throws a `refused` Failure that names those without one. */
export function valuesFor({ blocks }: AgentBundle, name: string, given: Variables): Variables {
  const gaps = gapsIn(blocks.map(({ draft }) => draft.value ?? ""));
  const missing = gaps.filter((gap) => !Object.hasOwn(given, gap));
  if (missing.length > 0)
    throw new Failure(
      "refused",
      `The template '${name}' has gaps that nothing is given for: ${missing.join(", ")}; name them in memory_variables`,
    );
  return Object.fromEntries(gaps.map((gap) => [gap, given[gap] ?? ""]));
}

/** The bundle with the gaps of its blocks filled. */
export function filled(bundle: AgentBundle, values: Variables): AgentBundle {
  const blocks = bundle.blocks.map(({ key, draft }) => {
    return { key, draft: { ...draft, value: fill(draft.value ?? "", draft.label, values) } };
  });
  return { ...bundle, blocks };
}

function fill(text: string, label: string, values: Variables): string {
  let length = text.length;
  return text.replace(GAP, (gap, name: string) => {
    const value = Object.hasOwn(values, name) ? (values[name] ?? gap) : gap;
    length += value.length - gap.length;
    if (length > FILLED_CHARS_MAX)
      throw new Failure("too_large", `The block '${label}' would have more than ${FILLED_CHARS_MAX} characters`);
    return value;
  });
}
