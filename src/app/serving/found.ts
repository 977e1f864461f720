import { isPluginHandle } from "../../agent/plugins/embedders.ts";
import { LETTA_FREE } from "../../llm/catalog.ts";
import type { ServerModels } from "../../llm/models.ts";
import type { Settings } from "../command/settings.ts";
import { painter } from "../command/terminal-color.ts";

/** The model that needs no provider. */
const REHEARSAL = "selkie/rehearsal";
/** How long the embedding model may take to be found: its list, and one word to measure its vectors. */
const FIND_MS_MAX = 10_000;

/**
 * What a server found when it started, and what to do next, as lines for a person. Providers are asked, so this takes as
 * long as the slowest of them may take.
 */
export async function describeFound(
  models: ServerModels,
  settings: Pick<Settings, "defaultEmbedding" | "apiKey">,
  url: string,
): Promise<string> {
  const paint = painter();
  const line = (title: string, text: string) => `  ${paint(1, title.padEnd(10))} ${text}\n`;
  const [checks, embedding] = await Promise.all([models.check(), describeEmbedding(models, settings.defaultEmbedding)]);
  const lines = checks.map(({ provider, ok, detail }) =>
    line("provider", `${provider} ${ok ? paint(32, "answers") : paint(31, "FAILS")}: ${detail}`),
  );
  if (checks.length === 0)
    lines.push(
      line("provider", "none; OPENAI_API_KEY, ANTHROPIC_API_KEY, OLLAMA_BASE_URL and so on bring real models"),
    );
  const count = (await models.list()).length;
  const others = count === 1 ? `${REHEARSAL} alone, rules instead of a model` : `${count}, ${REHEARSAL} among them`;
  lines.push(line("models", others), line("embedding", embedding));
  const key = settings.apiKey === null ? "" : ' -H "Authorization: Bearer $SELKIE_API_KEY"';
  lines.push(line("next", `selkie chat, or curl ${url}/v1/models/${key}, or ${url}/ in a browser`));
  return lines.join("");
}

/** What new memories are embedded by. A provider that does not answer soon must not hold up the start. */
async function describeEmbedding(models: ServerModels, handle: string | null): Promise<string> {
  if (handle === null || handle === LETTA_FREE.config.handle)
    return "none; memories are found by their words (SELKIE_EMBEDDING names a model)";
  if (isPluginHandle(handle)) return `${handle}, in each organisation that has this plugin`;
  const late = Bun.sleep(FIND_MS_MAX).then(() => undefined);
  const found = await Promise.race([models.findEmbedding(handle, null), late]);
  return found === undefined
    ? `${handle} is offered by no provider that answers; memories are found by their words until then`
    : `${handle}, ${found.config.embeddingDim} dimensions`;
}
