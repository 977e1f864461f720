import type { AgentBundle, BundledAgent } from "../../../agent/transfer/bundle.ts";
import { Failure } from "../../../core/failure.ts";
import { isRecord } from "../../../core/json.ts";
import { cut } from "../../../core/text.ts";
import { type BodyLimits, parseBody } from "../../http/body-json.ts";
import { check } from "../../http/request.ts";
import { AgentFileBody, BundledAgentBody } from "./agent-file-body.ts";
import { fromFlatFile, isFlatFile } from "./flat-agent-file.ts";
import { bundledMessages } from "./message-body.ts";

/** A file may hold the whole talk of an agent, so that its lists are longer than those of other bodies. */
const FILE_LIMITS: BodyLimits = { members: 1_000_000, items: 4_000_000 };
/** V1's words for what is no JSON. */
const CORRUPTED = "Corrupted agent file format.";
const KEYS_LISTED_MAX = 10;
const KEY_CHARS_SHOWN = 60;

type Body = ReturnType<typeof checked>;

/**
 * The bundle that an agent file holds: the current format, the older one of a single agent, either also as JSON within a JSON
 * text. Throws a `refused` Failure for what is no such file, or names what is not in it, and an `invalid` one for a wrong field.
 */
export function readAgentFile(bytes: Uint8Array): AgentBundle {
  const body = checked(bytes);
  requireWhole(body);
  return {
    agents: body.agents.map(toAgent),
    groups: body.groups,
    blocks: body.blocks.map(({ key, body: draft }) => ({ key, draft })),
    folders: body.sources,
    files: body.files,
    tools: body.tools,
    mcpServers: body.mcp_servers,
    skills: body.skills.map(({ name }) => name),
  };
}

function checked(bytes: Uint8Array) {
  const outer = parsed(bytes);
  const json = typeof outer === "string" ? parsed(new TextEncoder().encode(outer)) : outer;
  if (!isRecord(json)) throw new Failure("refused", CORRUPTED);
  if (!Array.isArray(json["agents"]) && !isFlatFile(json))
    throw new Failure(
      "refused",
      "This is no agent file that can be read: it has no list 'agents', and is not of the older format either",
    );
  return check(AgentFileBody, isFlatFile(json) ? fromFlatFile(json) : json, "file");
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseBody(bytes, FILE_LIMITS);
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.kind !== "invalid") throw cause;
    throw new Failure("refused", CORRUPTED, { cause });
  }
}

function toAgent(body: Body["agents"][number]): BundledAgent {
  const {
    blockIds: _,
    toolIds: __,
    folderIds: ___,
    identityIds: ____,
    ...draft
  } = check(BundledAgentBody, body.asked, `file.agents.${body.key}`);
  const { initialMessages: _____, ...rest } = draft;
  const inContext = new Set(body.inContext);
  const [head] = body.messages;
  // The compiled prompt is made here anew, from what the file brings.
  const messages = head?.role === "system" ? body.messages.slice(1) : body.messages;
  return {
    key: body.key,
    draft: { ...rest, includeBaseToolRules: false },
    toolKeys: body.tool_ids,
    blockKeys: body.block_ids,
    folderKeys: body.folder_ids.length > 0 ? body.folder_ids : body.source_ids,
    messages: bundledMessages(messages, inContext),
    files: (body.files_agents ?? []).map((view) => ({
      fileKey: view.file_id,
      isOpen: view.is_open,
      startLine: view.start_line ?? null,
      endLine: view.end_line ?? null,
    })),
  };
}

/** Throws unless each thing has a name of its own of the right kind, and everything that is named is there. */
function requireWhole(body: Body): void {
  const problems: string[] = [];
  const names = (kind: string, things: readonly { readonly key: string }[]) => namesOf(kind, things, problems);
  const known = {
    agents: names("agent", body.agents),
    blocks: names("block", body.blocks),
    files: names("file", body.files),
    sources: names("source", body.sources),
    tools: names("tool", body.tools),
  };
  names("group", body.groups);
  names("mcp_server", body.mcp_servers);
  const need = (where: string, kind: keyof typeof known, keys: readonly string[]) => {
    for (const key of keys)
      if (!known[kind].has(key)) problems.push(`${shown(where)} names ${shown(key)}, which is not in '${kind}'`);
  };
  for (const agent of body.agents) {
    need(agent.key, "tools", agent.tool_ids);
    need(agent.key, "blocks", agent.block_ids);
    need(agent.key, "sources", [...agent.source_ids, ...agent.folder_ids]);
    need(
      agent.key,
      "files",
      (agent.files_agents ?? []).map((view) => view.file_id),
    );
    const messages = namesOf(
      "message",
      agent.messages.map(({ id: key }) => ({ key })),
      problems,
    );
    for (const key of agent.inContext)
      if (!messages.has(key))
        problems.push(`${shown(agent.key)} has ${shown(key)} in its context, which is not one of its messages`);
  }
  for (const file of body.files) need(file.key, "sources", [file.folderKey]);
  for (const group of body.groups) {
    need(group.key, "agents", [...group.agentKeys, ...(group.managerKey === null ? [] : [group.managerKey])]);
    need(group.key, "blocks", group.blockKeys);
  }
  if (problems.length === 0) return;
  const more = problems.length > KEYS_LISTED_MAX ? `; and ${problems.length - KEYS_LISTED_MAX} more` : "";
  throw new Failure(
    "refused",
    `The agent file does not fit together: ${problems.slice(0, KEYS_LISTED_MAX).join("; ")}${more}`,
  );
}

function namesOf(kind: string, things: readonly { readonly key: string }[], problems: string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { key } of things) {
    if (!key.startsWith(`${kind}-`) || !/^\d{1,9}$/.test(key.slice(kind.length + 1)))
      problems.push(`${shown(key)} is no name for a ${kind}, which is '${kind}-' and a number`);
    if (names.has(key)) problems.push(`${shown(key)} is there twice`);
    names.add(key);
  }
  return names;
}

function shown(key: string): string {
  return `'${cut(key, KEY_CHARS_SHOWN)}'`;
}
