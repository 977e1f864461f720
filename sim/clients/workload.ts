import { admitIntruders, runIntruders, strangerOf } from "../intruders/intruders.ts";
import type { KnownAgent, SentTurn } from "../judge/oracle.ts";
import type { Operation } from "../plan/options.ts";
import { activeRuns, type Clients, listRuns, mayBeLate, pause, walk } from "./clients.ts";
import { cancel, deleteAgent, deleteRun, reshape } from "./conversation-operations.ts";
import { keepFiles, searchDeleted } from "./filing.ts";
import { createAgents, fork } from "./making.ts";
import {
  deletePassage,
  describe,
  type Editing,
  editNotes,
  insertPassage,
  insertPassages,
  useBoard,
} from "./memory-operations.ts";
import { awaitSchedules, planMessages } from "./planning.ts";
import { readContext, replay, searchMessages, walkList, walkPassages } from "./reading-operations.ts";
import { answerApproval, type SendMode, sendMessage } from "./sending.ts";
import { spend } from "./spending.ts";
import { exchangeLetters } from "./writing.ts";

/** Numbers of agents that are made to be deleted, and of conversations that are forked. */
const SHORT_LIVED = 1_000;
const FIRST_FORK = 500;
const THINK_MS_MAX = 800;
/** Messages that are read at once. */
const PAGE = 50;
/** Times that the last message is tried while an agent is busy or waits for an approval. */
const SETTLE_TRIES_MAX = 60;
const SETTLE_PAUSE_MS = 5_000;
const SETTLE_LATE_PAUSE_MS = 90_000;
/** Times that callbacks are waited for: longer than the longest time between two tries. */
const CALLBACK_WAITS_MAX = 60;
const CALLBACK_PAUSE_MS = 30_000;
/** Rounds of tools that a turn may have, with one more for what went wrong. */
const ROUNDS_MAX = 5;
/** Failed tries after which a callback is given up. */
const CALLBACK_TRIES_MAX = 4;

/** What clients know of each other. */
interface Shared {
  readonly editing: Editing;
  nextShortLived: number;
  nextFork: number;
}

type Operate = (clients: Clients, agent: KnownAgent, shared: Shared) => Promise<unknown>;

const OPERATE: Readonly<Record<Operation, Operate>> = {
  send: (clients, agent) => sendMessage(clients, agent, "blocking"),
  send_streaming: (clients, agent) => sendMessage(clients, agent, clients.random.pick<SendMode>(["steps", "tokens"])),
  send_background: (clients, agent) => sendMessage(clients, agent, "background"),
  send_async: (clients, agent) => sendMessage(clients, agent, "async"),
  answer_approval: answerApproval,
  cancel,
  edit_block: (clients, agent, { editing }) => editNotes(clients, agent, editing),
  describe_block: describe,
  use_board: useBoard,
  insert_passage: insertPassage,
  async insert_passages(clients, agent) {
    await insertPassages(clients, agent);
    await walkPassages(clients, agent);
  },
  delete_passage: deletePassage,
  page_messages: (clients, agent) => walk(clients, agent, 2 + clients.random.int(6)),
  walk_list: walkList,
  search_messages: searchMessages,
  read_context: (clients, agent) => readContext(clients, agent),
  replay_stream: replay,
  list_runs: (clients) => listRuns(clients, "ascending=true"),
  delete_run: deleteRun,
  delete_agent: (clients, _, shared) => deleteAgent(clients, shared.nextShortLived++),
  async fork(clients, agent, shared) {
    await mayWait(clients, agent);
    await fork(clients, agent, shared.nextFork++);
  },
  compact: (clients, agent) => reshape(clients, agent, "compact"),
  recompile: (clients, agent) => reshape(clients, agent, "recompile"),
  async reset(clients, agent) {
    await mayWait(clients, agent);
    await reshape(clients, agent, "reset");
  },
};

/** Forks and resets tell most of a conversation that waits for a client. */
async function mayWait(clients: Clients, agent: KnownAgent): Promise<void> {
  if (clients.random.chance(0.6)) await sendMessage(clients, agent, "blocking", "client");
}

/** Makes the agents, then lets every client do its share of the operations, all at the same time. */
export async function runWorkload(clients: Clients): Promise<void> {
  const { options, random } = clients;
  await createAgents(clients);
  const shared: Shared = { editing: new Set(), nextShortLived: SHORT_LIVED, nextFork: FIRST_FORK };
  // Each operation draws from a sequence of its own, so that a plan without one changes nothing of the others.
  const numbers = Array.from({ length: options.operations }, (_, number) => number).filter(clients.decisions.operation);
  const client = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const own = { ...clients, random: random.fork(`operation ${number}`) };
      await pause(own, THINK_MS_MAX);
      await operate(own, own.random.pick(options.enabled as [Operation, ...Operation[]]), shared);
    }
  };
  const spending = options.spends ? [spend({ ...clients, random: random.fork("spending") })] : [];
  const isWriting = options.writes && options.windowTokens === null;
  const writing = isWriting ? [exchangeLetters({ ...clients, random: random.fork("writing") })] : [];
  const filing = options.files === "none" ? [] : [keepFiles({ ...clients, random: random.fork("filing") })];
  const planning = options.schedules ? [planMessages({ ...clients, random: random.fork("planning") })] : [];
  const intruders = admitIntruders(clients).then(() => runIntruders(clients));
  await Promise.all([
    ...Array.from({ length: options.clients }, client),
    ...spending,
    ...writing,
    ...filing,
    ...planning,
    intruders,
  ]);
}

async function operate(clients: Clients, operation: Operation, shared: Shared): Promise<void> {
  const agent = clients.random.pick(clients.oracle.agents as [KnownAgent, ...KnownAgent[]]);
  clients.scheduler.note(`client: ${operation} agent ${agent.number}`);
  await OPERATE[operation](clients, agent, shared);
}

/** With the faults over, every run must end by itself; then every agent must be able to answer one more message. */
export async function settle(clients: Clients): Promise<void> {
  const { oracle, scheduler, options } = clients;
  if (oracle.schedules.planned.length > 0) await awaitSchedules(clients);
  await endRuns(clients);
  // What nobody answers expires; the turn goes on, and may ask again.
  for (let round = 0; options.approvalTimeoutS !== null && round < ROUNDS_MAX; round++) {
    await scheduler.wait("approvals may expire", options.approvalTimeoutS * 1_000 + SETTLE_PAUSE_MS);
    await endRuns(clients);
  }
  for (const agent of oracle.agents) await checkExpired(clients, agent);
  // The first may set tools free that waited for an approval; the second shows every model what they left.
  for (const agent of [...oracle.agents, ...oracle.agents]) await lastWord(clients, agent);
  const stranger = strangerOf(clients);
  if (stranger !== undefined) {
    await endRuns(stranger.clients);
    await lastWord(stranger.clients, stranger.agent);
  }
  await searchDeleted(clients);
  // Companions read what was said last.
  await endRuns(clients);
  await awaitCallbacks(clients);
}

async function endRuns(clients: Clients): Promise<void> {
  const { scheduler, oracle } = clients;
  for (let tries = 0; tries < SETTLE_TRIES_MAX; tries++) {
    if ((await activeRuns(clients)).length === 0) return;
    // A model that thinks may be silent for long.
    await scheduler.wait("runs may end", tries < SETTLE_TRIES_MAX / 2 ? SETTLE_PAUSE_MS : SETTLE_LATE_PAUSE_MS);
  }
  for (const run of await activeRuns(clients)) oracle.fail("L1 ends", `Run ${run.id} is still ${run.status}`);
}

/** A request for approval that was to expire has done so, whatever crashed meanwhile. */
async function checkExpired(clients: Clients, agent: KnownAgent): Promise<void> {
  if (clients.options.approvalTimeoutS === null || mayBeLate(clients)) return;
  const last = (await walk(clients, agent, PAGE)).at(-1);
  clients.oracle.checked();
  if (last?.message_type === "approval_request_message")
    clients.oracle.fail("L3 expires", `Conversation ${agent.number} still waits for the approval ${last.id}`);
}

/** A message that is refused for an approval is sent again once the approval is answered. */
async function lastWord(clients: Clients, agent: KnownAgent): Promise<void> {
  for (let tries = 0; tries < SETTLE_TRIES_MAX; tries++) {
    const turn = await sendMessage(clients, agent, "blocking", "none");
    if (turn.isAcknowledged) return;
    // Nothing goes wrong any more, so what stands in the way can only be what was said before.
    if (turn.failedWith !== undefined)
      clients.oracle.fail("L4 once more", `Agent ${agent.number} failed at ${turn.plan.mark} with ${turn.failedWith}`);
    await answerApproval(clients, agent);
    await pause(clients);
  }
  clients.oracle.fail("L1 ends", `Agent ${agent.number} does not answer any more`);
}

/** Every callback that was asked for has come, or was tried until its limit. */
async function awaitCallbacks(clients: Clients): Promise<void> {
  const { scheduler, oracle } = clients;
  if (mayBeLate(clients)) return;
  const isOpen = (mark: string) => {
    const fates = oracle.callbacks.of(mark);
    return !fates.some((fate) => fate !== "failed") && fates.length < CALLBACK_TRIES_MAX;
  };
  // A callback goes with its run, and a run with its agent.
  const isWanted = ({ runId, plan }: SentTurn) =>
    runId !== undefined && !oracle.runs.isMaybeGone(runId) && oracle.agents.some(({ number }) => number === plan.agent);
  const open = () => oracle.turns.filter((turn) => turn.wantsCallback && isWanted(turn) && isOpen(turn.plan.mark));
  for (let waits = 0; waits < CALLBACK_WAITS_MAX && open().length > 0; waits++)
    await scheduler.wait("callbacks may come", CALLBACK_PAUSE_MS);
  oracle.checked();
  for (const { plan, runId } of open())
    oracle.fail("L3 callbacks", `${plan.mark} was not called back for ${runId}: ${oracle.callbacks.of(plan.mark)}`);
}
