import type { Group } from "../../agent/group.ts";
import { type Message, textOf } from "../../agent/message.ts";
import type { InputMessage } from "../../agent/new-message.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { memoryTask } from "../../agent/prompt/prompts.ts";
import { leavingLinesIn, voiceTask } from "../../agent/prompt/voice-lines.ts";
import type { Run } from "../../agent/run.ts";
import { STEPS_DEFAULT, type TurnOptions } from "../../agent/turn-options.ts";
import { type AgentId, newId, type RunId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { makeQuick } from "../compaction/voice-buffer.ts";
import { queuedRun } from "./run-state.ts";
import { lineOf } from "./script.ts";
import type { Turn } from "./turn-state.ts";

/** Letta's word for the run of a companion. */
const RUN_TYPE = "sleeptime_agent_send_message_async";
/** Whether a run is a companion's own: the server's work, which nobody waits for. */
export function isCompanionRun({ metadata }: Pick<Run, "metadata">): boolean {
  return metadata["run_type"] === RUN_TYPE;
}

/** Messages that one transcript shows at most: the newest. */
const MESSAGES_MAX = 500;
/** Characters that it has at most. */
const CHARS_MAX = 100_000;
/** Characters of a transcript per token of the context window: about half of what fits. */
const CHARS_PER_WINDOW_TOKEN = 2;
/** Transcripts that wait for one companion; what comes then is in the next one. */
const WAITING_MAX = 20;
const LEFT_OUT = "[what was said before is left out here]";

/** Whose turn has ended, and what its companions' runs are made with. */
export type EndedTurn = Pick<Turn, "agent" | "options" | "clock" | "random" | "timeFormat">;

/** {@link countTurn} for a run whose end is being stored, in the same transaction. */
export async function noteTurn(turn: Turn, run: Run, repositories: Repositories): Promise<readonly RunId[] | null> {
  const isTurn = run.status === "completed" && run.stopReason !== "requires_approval";
  // A companion's own turns wake nobody, or two agents that look after each other would never rest.
  if (!isTurn || isCompanionRun(run)) return null;
  return turn.agent.agentType === "voice_convo_agent"
    ? queueLeaving(turn, repositories)
    : countTurn(turn, repositories);
}

/**
 * Counts a turn that has ended and, when it is time, queues what was said since the last time for each companion. Gives the
 * runs in which the companions will read it, null when it is not time.
 */
export async function countTurn(turn: EndedTurn, repositories: Repositories): Promise<readonly RunId[] | null> {
  const { agent } = turn;
  if (agent.enableSleeptime !== true) return null;
  const group = (await repositories.groups.managedBy([agent.id])).get(agent.id);
  if (group?.managerType !== "sleeptime" || group.sleeptimeAgentFrequency === 0) return null;
  const turnsCounter = counted(group);
  const isDue = group.sleeptimeAgentFrequency === null || turnsCounter === 0;
  const runIds = isDue ? await queueTranscripts(turn, group, turnsCounter, repositories) : null;
  if (runIds === null) await repositories.groups.noteTurn(group.id, { ...group, turnsCounter });
  return runIds;
}

/** The counter after one more turn; it starts over when the companions' turn has come. */
function counted({ sleeptimeAgentFrequency: frequency, turnsCounter }: Group): number | null {
  return frequency === null ? turnsCounter : ((turnsCounter ?? -1) + 1) % frequency;
}

/**
 * Keeps a voice agent quick: what its context holds beyond its group's bounds leaves it, and each companion gets those
 * lines to remember. While companions have as many to read as they may, nothing leaves.
 */
async function queueLeaving(turn: Turn, repositories: Repositories): Promise<readonly RunId[] | null> {
  const group = (await repositories.groups.managedBy([turn.agent.id])).get(turn.agent.id);
  if (group?.managerType !== "voice_sleeptime" || (await hasFullQueue(group, repositories))) return null;
  const left = await makeQuick(repositories, turn.threadId, group);
  if (left === null) return null;
  const runIds: RunId[] = [];
  for (const agentId of group.agentIds) {
    const waiting = await repositories.runs.findQueued({ agentId, runType: RUN_TYPE });
    const told = (waiting?.input.messages ?? []).map(({ parts }) => leavingLinesIn(textOf({ content: parts })).size);
    const from = told.reduce((sum, lines) => sum + lines, 0);
    runIds.push(await queueFor(turn, agentId, toRead(group, voiceTask(left, from)), repositories));
  }
  await repositories.groups.noteTurn(group.id, { ...group, lastProcessedMessageId: left.last.id });
  return runIds;
}

/** What a companion of the group is told. */
function toRead({ id }: Group, text: string): InputMessage {
  return {
    role: "user",
    parts: [{ type: "text", text }],
    name: null,
    otid: null,
    senderId: null,
    groupId: id,
  };
}

async function queueTranscripts(
  turn: EndedTurn,
  group: Group,
  turnsCounter: number | null,
  repositories: Repositories,
): Promise<readonly RunId[] | null> {
  const said = await saidSince(turn, group, repositories);
  const last = said.at(-1);
  if (last === undefined || (await hasFullQueue(group, repositories))) return null;
  const text = memoryTask(transcriptOf(turn, said), turn.timeFormat.localTime(last.createdAt, turn.agent.timezone));
  const runIds: RunId[] = [];
  for (const agentId of group.agentIds) runIds.push(await queueFor(turn, agentId, toRead(group, text), repositories));
  await repositories.groups.noteTurn(group.id, { turnsCounter, lastProcessedMessageId: last.id });
  return runIds;
}

/** What the agent heard and said, in whichever conversation, since its companions last read of it. Oldest first. */
async function saidSince({ agent }: EndedTurn, group: Group, { messages }: Repositories): Promise<readonly Message[]> {
  const { lastProcessedMessageId: lastId } = group;
  // It may have gone with its conversation.
  const known = lastId === null ? undefined : await messages.find(lastId);
  const page = { limit: MESSAGES_MAX, order: "desc", ...(known === undefined ? {} : { before: known.id }) } as const;
  const roles = ["user", "assistant", "tool", "approval"] as const;
  const said = await messages.list({ agentId: agent.id, roles }, page);
  // What the agent's provider refused, the companion's would refuse too.
  return said.filter(({ isError }) => isError !== true).toReversed();
}

async function hasFullQueue({ agentIds }: Group, { runs }: Repositories): Promise<boolean> {
  for (const agentId of agentIds) {
    const waiting = await runs.findQueued({ agentId, runType: RUN_TYPE });
    if (waiting !== undefined && waiting.input.messages.length >= WAITING_MAX) return true;
  }
  return false;
}

/** What was said, in words; the end of it when it is too long, as what is newest counts most. */
function transcriptOf({ agent }: EndedTurn, said: readonly Message[]): string {
  const charsMax = Math.min(CHARS_MAX, agent.llmConfig.contextWindow * CHARS_PER_WINDOW_TOKEN);
  const text = said.map(lineOf).join("\n");
  return text.length <= charsMax ? text : `${LEFT_OUT}\n${text.slice(-charsMax).toWellFormed()}`;
}

/** Adds the transcript to the run that waits for this companion already, or to a new one. */
async function queueFor(
  turn: EndedTurn,
  agentId: AgentId,
  message: InputMessage,
  { runs }: Repositories,
): Promise<RunId> {
  const waiting = await runs.findQueued({ agentId, runType: RUN_TYPE });
  if (waiting !== undefined) {
    const { runId, input } = waiting;
    await runs.setQueuedInput(runId, { ...input, messages: [...input.messages, message] });
    return runId;
  }
  const id = newId("run", turn.random);
  const metadata: JsonObject = { run_type: RUN_TYPE, agent_id: agentId };
  await runs.insert(
    queuedRun(id, turn.clock.now(), { agentId, options: companionOptions(turn), background: true, metadata }),
  );
  await runs.setQueuedInput(id, { approvals: [], approvalOtid: null, messages: [message] });
  return id;
}

function companionOptions({ options }: EndedTurn): TurnOptions {
  return {
    ...options,
    maxSteps: STEPS_DEFAULT,
    clientTools: [],
    overrideModel: null,
    overrideSystem: null,
    stream: "none",
    approvalTimeoutMs: null,
    face: {},
  };
}
