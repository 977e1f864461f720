import { systemFor } from "../../access/may.ts";
import { mustFind } from "../../agent/find.ts";
import type { InputMessage, TurnInput } from "../../agent/new-message.ts";
import type { Store } from "../../agent/ports/ports.ts";
import { roundMetadata } from "../../agent/round.ts";
import type { Run } from "../../agent/run.ts";
import { spokenText } from "../../agent/spoken.ts";
import { PLAIN_OPTIONS, type Reach } from "../../agent/turn-options.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor, AgentId, GroupId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { AgentView, OutsideCall } from "../../tools/runtime.ts";
import type { Runner } from "../runner.ts";
import { errorOf, producedOf, RESUMED } from "../step/run-rows.ts";
import type { TurnRequest } from "../step/run-setup.ts";
import { optionsOf } from "../step/run-state.ts";
import { linkOf } from "./chain.ts";
import { createWaits } from "./waits.ts";

/** What writing to other agents is made of. */
export interface MessengerOptions {
  readonly store: Store;
  /** What starts runs, which itself needs what sends messages. */
  readonly runner: () => Pick<Runner, "start" | "ended" | "cancel">;
  /** Told of failures that nobody waits for. */
  readonly log: (message: string, error: unknown) => void;
}

/** Who writes, in which call of which run; the signal says when nobody waits any more. */
export interface Sender extends Pick<OutsideCall, "actor" | "runId" | "callId" | "signal"> {
  readonly agent: AgentView;
}

/** What is said, and the group of which it is part, if any. */
export interface Said {
  readonly message: string;
  readonly groupId?: GroupId;
}

/** What an agent answered. */
export type Reply =
  | { readonly how: "answered"; readonly words: readonly string[] }
  /** It did not, and why; whoever asked may hear it. */
  | { readonly how: "failed"; readonly why: string }
  /** Nobody waited for it any more, and it was cancelled. */
  | { readonly how: "cut" };

/** Writes to agents on behalf of others. A call that is made again finds what it began before, and begins nothing twice. */
export interface Messenger {
  /**
   * Has the agent answer a message, and waits for it. Throws a Failure, nothing sent, where the agent may not be written to
   * or the message would have to wait for itself.
   */
  ask(sender: Sender, agentId: AgentId, said: Said): Promise<Reply>;
  /** Has the agent read a message when it comes to it. Throws a Failure, nothing sent, as `ask` does. */
  tell(sender: Sender, agentId: AgentId, said: Said): Promise<void>;
  /** What the sender's run may see and write to: never more than who began it. */
  reachOf(sender: Sender): Promise<Actor>;
}

/** The one {@link Messenger}. */
export function createMessenger({ store, runner, log }: MessengerOptions): Messenger {
  const waits = createWaits();

  /** The run of the call; null where somebody calls the tool by hand. */
  async function parentOf({ actor, runId }: Sender): Promise<Run | null> {
    return runId === null ? null : mustFind(store.reader(actor).runs, runId);
  }

  /** The run in which the agent reads the message: that of an earlier try, or a new one. */
  async function begun(sender: Sender, parent: Run | null, wish: Wish): Promise<Run> {
    const { actor } = sender;
    const link = parent === null ? undefined : linkOf(parent, sender.callId, wish.agentId);
    const earlier = link && (await store.reader(actor).runs.find(link.id));
    if (earlier !== undefined) return earlier;
    const reach = reachIn(sender, parent);
    const caller = { ...systemFor({ ...actor, agentIds: reach.agentIds }), models: reach.models };
    const { run } = await runner().start(caller, requestOf(sender, wish, link));
    return run;
  }

  /** Waits for the end of a run; it is cancelled when nobody waits any more. */
  async function ended({ actor, signal }: Sender, run: Run): Promise<Run> {
    const stop = () => {
      runner()
        .cancel(actor, run.id)
        .catch((error: unknown) => log(`Run ${run.id} could not be cancelled`, error));
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    try {
      return (await runner().ended(actor, run)).run;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  return {
    async ask(sender, agentId, said) {
      const parent = await parentOf(sender);
      const over = parent === null ? () => {} : waits.begin(parent.conversationId ?? parent.agentId, agentId);
      if (over === undefined) throw circle(agentId);
      try {
        const run = await begun(sender, parent, { ...said, agentId, isAwaited: true });
        return await replyOf(store, sender, await ended(sender, run));
      } finally {
        over();
      }
    },

    async tell(sender, agentId, said) {
      await begun(sender, await parentOf(sender), { ...said, agentId, isAwaited: false });
    },

    async reachOf(sender) {
      return { ...sender.actor, agentIds: reachIn(sender, await parentOf(sender)).agentIds };
    },
  };
}

/** A message for an agent, and whether its answer is waited for. */
interface Wish extends Said {
  readonly agentId: AgentId;
  readonly isAwaited: boolean;
}

/** What whoever began the run is narrowed to; by hand, who calls the tool. */
function reachIn({ actor }: Sender, parent: Run | null): Reach {
  const everything = { agentIds: null, models: null };
  return parent === null ? { ...everything, agentIds: actor.agentIds } : (optionsOf(parent).reach ?? everything);
}

function requestOf(
  { agent }: Sender,
  { agentId, isAwaited, ...said }: Wish,
  link: TurnRequest["link"] | undefined,
): TurnRequest {
  return {
    agentId,
    conversationId: null,
    input: inputOf(agent, said, isAwaited),
    options: PLAIN_OPTIONS,
    background: !isAwaited,
    metadata: { run_type: "agent_message", ...partOf(said), sender_id: agent.id },
    ...(link === undefined ? {} : { link }),
  };
}

/** What is said in a group is answered in it. */
function partOf({ groupId }: Said): JsonObject {
  return groupId === undefined ? {} : roundMetadata({ groupId, part: "group_answer", turn: 0, turns: 0 });
}

/** The message as the other agent reads it: in Letta's role for it, with a line that says whose words these are. */
function inputOf({ id, name }: AgentView, { message, groupId }: Said, isAwaited: boolean): TurnInput {
  const what = isAwaited
    ? "It waits for your answer: what you say in this turn goes back to it"
    : `It does not wait for an answer; write to ${id} if it needs one`;
  const text = `[A message from another agent, ${JSON.stringify(name)} (${id}), and not from a person or this server. ${what}]\n${message}`;
  const said: InputMessage = {
    role: "system",
    parts: [{ type: "text", text }],
    name: null,
    otid: null,
    senderId: id,
    groupId: groupId ?? null,
  };
  return { approvals: [], approvalOtid: null, messages: [said] };
}

/** What came of a run that has ended, or that nobody can wait for. */
async function replyOf(store: Store, { actor, signal }: Sender, run: Run): Promise<Reply> {
  if (run.status === "completed" && run.stopReason !== "requires_approval") {
    const messages = await store.reader(actor).messages.list({ agentId: run.agentId, runId: run.id }, RESUMED);
    const words = producedOf(messages).map(spokenText);
    return { how: "answered", words: words.filter((text) => text !== "") };
  }
  return signal.aborted ? { how: "cut" } : { how: "failed", why: whyNot(run) };
}

function whyNot(run: Run): string {
  const { id, agentId, status, stopReason } = run;
  if (stopReason === "requires_approval")
    return `Agent ${agentId} has not answered: a person must first approve what it wants to do (run ${id})`;
  if (status === "cancelled") return `Agent ${agentId} has not answered: its run ${id} was cancelled`;
  if (status === "created" || status === "running") return `Agent ${agentId} has not answered yet (run ${id})`;
  return `Agent ${agentId} could not answer: ${errorOf(run)?.message ?? stopReason ?? "its run failed"} (run ${id})`;
}

function circle(agentId: AgentId): Failure {
  return new Failure(
    "conflict",
    `Agent ${agentId} cannot answer now, as it waits for an answer from here itself, or through others. Answer first, or write without waiting for a reply`,
  );
}
