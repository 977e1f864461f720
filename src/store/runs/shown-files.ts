import type { AgentId, FileId } from "../../core/id.ts";
import { escaped } from "../../umi/core/core-memory.ts";
import type { Session } from "../base/session.ts";
import { sqlAgentFileStore } from "../files/agent-files.ts";

/** Where the section begins in which a system prompt shows files. */
const SECTION = "<directories>";
/** An open file as `renderDirectories` writes it: its text cannot hold the tags that end it. */
const OPEN_FILE =
  /<file status="open" name="[^"]*">\n<metadata>\n[^<]*<\/metadata>\n<value>\n([\s\S]*?)\n<\/value>\n<\/file>/g;
const VALUE = "<value>\n";
/** Files of an agent that are looked through for what its prompt shows; the open ones come first. */
const FILES_MAX = 1_000;

/** Where a system prompt shows what is in a file. */
export interface ShownFile {
  readonly start: number;
  readonly end: number;
  /** Undefined where the agent has no file that looks like it any more: it may be one that is deleted. */
  readonly fileId: FileId | undefined;
}

/** What a system prompt shows of files, from the character `after` on. */
export async function shownFiles(
  session: Session,
  agentId: AgentId,
  { system, after }: { readonly system: string; readonly after: number },
): Promise<readonly ShownFile[]> {
  const section = system.indexOf(SECTION, after);
  const found = section < 0 ? [] : [...system.slice(section).matchAll(OPEN_FILE)];
  if (found.length === 0) return [];
  const files = await sqlAgentFileStore(session).listNamed(agentId, FILES_MAX);
  const byText = new Map(files.map((file) => [escaped(file.visibleContent ?? "", []), file.fileId]));
  return found.map(({ 0: whole, 1: text = "", index }) => {
    const start = section + index + whole.indexOf(VALUE) + VALUE.length;
    return { start, end: start + text.length, fileId: byText.get(text) };
  });
}
