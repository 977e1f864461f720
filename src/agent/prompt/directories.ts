import type { AgentId } from "../../core/id.ts";
import { escaped } from "../../umi/core/core-memory.ts";
import type { Agent } from "../agent.ts";
import type { NamedAgentFile } from "../files/agent-file.ts";
import type { Folder } from "../files/folder.ts";
import { openMaxOf, viewCharsOf } from "../files/open-files.ts";
import type { Readers } from "../ports/ports.ts";

/** Files that a prompt names: further ones are told of by their number. */
const FILES_NAMED_MAX = 200;
/** Characters of a name, a description and instructions. */
const NAME_CHARS_MAX = 300;
const WORDS_CHARS_MAX = 5_000;

/** What a prompt shows of an agent's folders. */
export interface Directories {
  readonly folders: readonly Folder[];
  /** Up to {@link FILES_NAMED_MAX}, those that are open first. */
  readonly files: readonly NamedAgentFile[];
  readonly count: number;
}

/** What an agent's prompt should show of its folders; null where it has none. */
export async function directoriesOf(
  { folders, agentFiles }: Pick<Readers, "folders" | "agentFiles">,
  agentId: AgentId,
): Promise<Directories | null> {
  const attached = (await folders.listForAgents([agentId])).get(agentId) ?? [];
  if (attached.length === 0) return null;
  const files = await agentFiles.listNamed(agentId, FILES_NAMED_MAX);
  const count = files.length < FILES_NAMED_MAX ? files.length : await agentFiles.count(agentId);
  return { folders: attached, files, count };
}

/**
 * The `<directories>` section of a system prompt: the folders with their files, those that are open with what of them can
 * be seen. Files hold what anybody wrote, so that none can end its tag or begin one of the prompt's.
 */
export function renderDirectories(agent: Agent, directories: Directories | null): string {
  if (directories === null) return "";
  const { folders, files, count } = directories;
  const isShown = new Set(folders.map(({ id }) => id));
  const shown = files.filter(({ folderId }) => isShown.has(folderId));
  const hidden = count - files.length;
  return [
    "<directories>",
    "<file_limits>",
    `- current_files_open=${shown.filter(({ isOpen }) => isOpen).length}`,
    `- max_files_open=${openMaxOf(agent)}`,
    "</file_limits>",
    ...folders.map((folder) =>
      renderFolder(
        folder,
        shown.filter(({ folderId }) => folderId === folder.id).map((file) => renderFile(agent, file)),
      ),
    ),
    ...(hidden > 0
      ? [`${hidden} more files are not named here; find them with grep_files or semantic_search_files`]
      : []),
    "</directories>",
  ].join("\n");
}

function renderFolder({ name, description, instructions }: Folder, files: readonly string[]): string {
  return [
    `<directory name="${attribute(name)}">`,
    ...tagged("description", description),
    ...tagged("instructions", instructions),
    ...files,
    "</directory>",
  ].join("\n");
}

function tagged(tag: string, words: string | null): readonly string[] {
  return words === null || words === "" ? [] : [`<${tag}>`, escaped(words.slice(0, WORDS_CHARS_MAX), []), `</${tag}>`];
}

function renderFile(agent: Agent, { fileName, isOpen, visibleContent }: NamedAgentFile): string {
  const name = attribute(fileName);
  if (!isOpen) return `<file status="closed" name="${name}">\n</file>`;
  const value = visibleContent ?? "";
  return [
    `<file status="open" name="${name}">`,
    "<metadata>",
    "- read_only=true",
    `- chars_current=${value.length}`,
    `- chars_limit=${viewCharsOf(agent)}`,
    "</metadata>",
    "<value>",
    escaped(value, []),
    "</value>",
    "</file>",
  ].join("\n");
}

/** A name in quotes, whose end it cannot write itself. */
function attribute(name: string): string {
  const plain = name.slice(0, NAME_CHARS_MAX).toWellFormed().replace(/\s+/gu, " ");
  return plain.replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
