import { isAgentName } from "../../../agent/life/create-agent.ts";
import { slicedCounter } from "../../../agent/prompt/tokens.ts";
import { Failure } from "../../../core/failure.ts";
import { DEFAULT_ACTOR, parseId } from "../../../core/id.ts";
import { createTimeFormat } from "../../../core/time-format.ts";
import type { Settings } from "../../command/settings.ts";
import { realWorld } from "../../world.ts";
import type { Progress } from "../progress.ts";
import { withServer } from "../with-server.ts";
import { type ElsewhereReport, importElsewhere } from "./elsewhere-import.ts";
import { hasSeveralUsers } from "./kind-of-file.ts";
import type { Elsewhere } from "./piece.ts";
import { createRecipients, type FilledAgent } from "./recipients.ts";
import type { SourceFile } from "./source-text.ts";

/** What is wished for of an import besides the file. */
export interface ElsewhereWish {
  /** The name or id of the agent that is filled. */
  readonly agent: string | undefined;
  readonly model: string | undefined;
  readonly learns: boolean;
}

/** A file that is imported into a data folder. */
export interface ElsewhereFile {
  readonly format: Elsewhere;
  readonly source: SourceFile;
  readonly wish: ElsewhereWish;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Opens the data folder and stores in it what a file brings. */
export async function importFile(
  target: Settings,
  { format, source, wish, progress, signal }: ElsewhereFile,
): Promise<ElsewhereReport & { readonly agents: readonly FilledAgent[] }> {
  requireName(wish.agent);
  const check = () => signal.throwIfAborted();
  progress.part("Reading", 0);
  const isSplit = await hasSeveralUsers(source, format, check);
  return withServer(target, async ({ store, models }) => {
    const world = realWorld();
    const times = createTimeFormat();
    const actor = DEFAULT_ACTOR;
    const { defaultEmbedding } = target;
    const countTokens = slicedCounter(world.clock);
    const workshop = {
      store,
      models,
      ...world,
      times,
      countTokens,
      defaultEmbedding,
      toolRuntime: null,
      log: () => {},
    };
    const model = wish.model ?? target.environment["SELKIE_MODEL"];
    const { agent, learns } = wish;
    const recipients = createRecipients({ workshop, actor, format, agent, model, learns, isSplit });
    const step = (share: number) => progress.part("Storing", share);
    const means = { store, world, times, actor, format, learns, recipients, messageCounts: new Map(), step, check };
    const told = await importElsewhere(means, source);
    return { ...told, agents: recipients.all() };
  });
}

function requireName(agent: string | undefined): void {
  if (agent === undefined || parseId("agent", agent) !== undefined || isAgentName(agent)) return;
  throw new Failure(
    "refused",
    `--agent: only letters, digits, spaces, hyphens, underscores and apostrophes are allowed in a name, got '${agent.slice(0, 100)}'`,
  );
}
