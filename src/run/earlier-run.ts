import type { Approval, Message } from "../agent/message.ts";
import type { InputMessage, TurnInput } from "../agent/new-message.ts";
import type { Readers } from "../agent/ports/ports.ts";
import type { RunId } from "../core/id.ts";
import { RESUMED } from "./step/run-rows.ts";
import type { RunSetup } from "./step/run-setup.ts";

/** Runs that are looked at when a client gives many different inputs one name. */
const CANDIDATES_MAX = 20;

/**
 * The run that took the same input before, if any: a client that saw no answer sends it again under the names that it
 * gave its messages. Other words under a used name are new.
 */
export async function earlierRun(
  { messages }: Pick<Readers, "messages">,
  { agent, conversationId, round }: Pick<RunSetup, "agent" | "conversationId" | "round">,
  given: TurnInput,
): Promise<RunId | undefined> {
  // What an agent of a group is told besides is more each time.
  const input = round === null ? given : { ...given, messages: given.messages.filter(({ otid }) => otid !== null) };
  const otids = [input.approvalOtid, ...input.messages.map((message) => message.otid)];
  const otid = otids.find((one) => one !== null);
  if (otid === undefined || otid === null) return undefined;
  const rows = input.messages.length + (input.approvals.length === 0 ? 0 : 1);
  for (const runId of await messages.runsOfOtid(agent.id, conversationId, otid, CANDIDATES_MAX)) {
    // What a run was given is stored first of all that it stores, and what it stores itself has no otid.
    const page = round === null ? ({ limit: rows + 1, order: "asc" } as const) : RESUMED;
    const stored = await messages.list({ agentId: agent.id, runId, includeErrors: true }, page);
    const taken = stored.filter(({ otid: name }) => name !== null && (round === null || otids.includes(name)));
    if (isSame(taken, input)) return runId;
  }
  return undefined;
}

/**
 * Whether the first messages of a run are this input: answers to a request are one message and come first, then words.
 */
function isSame(stored: readonly Message[], { approvals, approvalOtid, messages }: TurnInput): boolean {
  const [first, ...rest] = stored;
  if (approvals.length === 0) return areSame(stored, messages);
  return (
    first !== undefined && isNamed(first, approvalOtid) && decideAlike(first, approvals) && areSame(rest, messages)
  );
}

/** Whether these are the same words by the same people, in the same order. */
function areSame(stored: readonly Message[], messages: readonly InputMessage[]): boolean {
  return (
    stored.length === messages.length &&
    messages.every(({ role, parts, name, otid, senderId }, index) => {
      const before = stored[index];
      if (before === undefined || !isNamed(before, otid)) return false;
      return isAlike([before.role, before.content, before.name, before.senderId], [role, parts, name, senderId]);
    })
  );
}

/** A message that a client gave no name has one of the server's making. */
function isNamed({ otid }: Message, given: string | null): boolean {
  return given === null || otid === given;
}

/** Whether these are the same decisions. Older clients answer a request as a whole, which is stored call by call. */
function decideAlike({ approvals }: Message, given: readonly Approval[]): boolean {
  const [first] = given;
  const isWhole = given.length === 1 && first?.toolCallId.startsWith("message-") === true;
  const wanted = isWhole ? approvals.map(({ toolCallId }) => ({ ...first, toolCallId })) : given;
  return approvals.length > 0 && isAlike(approvals, wanted);
}

/** Both were made by the same code, so that equal values are written alike. */
function isAlike(before: unknown, now: unknown): boolean {
  return JSON.stringify(before) === JSON.stringify(now);
}
