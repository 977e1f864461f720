import type { WireMessage } from "../clients/wire.ts";
import { type AccessBook, createAccessBook } from "../intruders/access-book.ts";
import type { Plan } from "../plan/plan.ts";
import { type ChatRequest, chatText } from "../servers/chat-wire.ts";
import {
  type BillBook,
  type CallbackBook,
  createBillBook,
  createCallbackBook,
  createListBook,
  type ListBook,
} from "./books.ts";
import { type BudgetBook, createBudgetBook } from "./budget-book.ts";
import { type ContextBook, createContextBook } from "./context-book.ts";
import { createFileBook, type FileBook } from "./files/file-book.ts";
import { createLeaseBook, type LeaseBook } from "./lease-checks.ts";
import { createLetterBook, type LetterBook } from "./letters/letter-book.ts";
import { createOutsideBook, type OutsideBook } from "./outside-book.ts";
import { HISTORY_MAX, isLinearizable, type RegisterOperation } from "./register.ts";
import { createRunBook, type RunAnswer, type RunBook } from "./run-book.ts";
import { createScheduleBook, type ScheduleBook } from "./schedules/schedule-book.ts";

/** What of a prompt is told apart from its marks. */
interface SentPrompt {
  readonly system: string;
  readonly request: ChatRequest;
  readonly isWhole: boolean;
}

/** Something that must not be. */
export interface Violation {
  /** The invariant by its number in the design, and its name. */
  readonly invariant: string;
  readonly detail: string;
}

/** What is added to an agent's number to name its companion. */
export const COMPANION = 2_000;

/** A conversation with an agent, as clients know it. */
export interface KnownAgent {
  /** Names the conversation in its messages; that of the agent's own conversation is the agent's. */
  readonly number: number;
  /** The number of the agent. */
  readonly owner: number;
  readonly id: string;
  /** Null for the agent's own conversation. */
  readonly conversationId: string | null;
  /** The id of the block that this agent shares with all others. */
  readonly sharedBlockId: string;
  /** Blocks that the conversation has for itself, in place of the agent's. */
  readonly isolatedBlockIds: readonly string[];
  /** Marks of messages that a fork took over. */
  readonly inherited: readonly string[];
  readonly isFork: boolean;
  /** The model that answers unless a message asks for another. */
  readonly model: string;
  /** The model that answers where its own does not; null where there is none. */
  readonly standIn: string | null;
}

/** An agent that looks after the memory of another. */
export interface KnownCompanion {
  readonly owner: number;
  readonly id: string;
}

/** One message to an agent, and what its sender learnt. */
export interface SentTurn {
  readonly plan: Plan;
  readonly otid: string | null;
  /** Something of an answer came: from then on the message must be there for ever. */
  isAcknowledged: boolean;
  /** A request went out whose fate nobody knows. */
  isUnclear: boolean;
  /** The last answer that told of a failure in the turn itself: its status. */
  failedWith: number | undefined;
  runId: string | undefined;
  /** Whether the stream carried whole messages, each of which must be stored. */
  showsSteps: boolean;
  /** Since it was sent, somebody asked for its conversation to be compacted or emptied. */
  mayBeForgotten: boolean;
  /** No provider reads it, so it is set aside wherever it is sent to one, in forks too. */
  readonly isUnspeakable: boolean;
  /** Its conversation was emptied since, or no provider reads it: it may go out of the context without a summary. */
  mayBeLost: boolean;
  /** Models that may be asked to answer it. */
  readonly models: Set<string>;
  readonly maxSteps: number | null;
  /** How often it was sent as something new: one that nobody answered gives way to the next, unless others came between. */
  copies: number;
  /** Whether its sender has given up or got its answer, so that it is not sent again. */
  isOver: boolean;
  /** Whether its sender wants to be called back. */
  readonly wantsCallback: boolean;
}

/** A text that was written by one request, and whether it must be there. */
export interface Written {
  readonly text: string;
  readonly agent: number;
  id: string | undefined;
  fate: "acknowledged" | "unclear" | "refused";
}

/**
 * What must hold, told only by what clients and the providers saw: it shares no code with the server, and never looks
 * into its memory or its database.
 */
export interface Oracle {
  fail(invariant: string, detail: string): void;
  readonly violations: readonly Violation[];
  /** Things that were compared so far. */
  checks(): number;
  checked(count?: number): void;
  readonly runs: RunBook;
  readonly bills: BillBook;
  readonly budget: BudgetBook;
  readonly letters: LetterBook;
  readonly files: FileBook;
  readonly schedules: ScheduleBook;
  readonly callbacks: CallbackBook;
  readonly lists: ListBook;
  readonly leases: LeaseBook;
  readonly contexts: ContextBook;
  readonly outside: OutsideBook;
  readonly access: AccessBook;
  readonly turns: readonly SentTurn[];
  readonly passages: readonly Written[];
  readonly agents: readonly KnownAgent[];
  readonly companions: readonly KnownCompanion[];
  /** Words that were said to agents which are deleted for certain. */
  readonly deletedMarks: string[];
  addAgent(agent: KnownAgent): void;
  addCompanion(companion: KnownCompanion): void;
  addTurn(turn: SentTurn): void;
  addPassage(passage: Written): void;
  planOf(mark: string): Plan | undefined;
  /** The number of the conversation with this agent that has this id; the agent's own when there is none. */
  conversationOf(owner: number, conversationId: string | undefined): number;
  /** A conversation was asked to be compacted or emptied: prompts need not hold what was said so far. */
  mayForget(agent: number, how: "compact" | "reset"): void;
  /** An agent was deleted, and who asked for it was told so. */
  agentGone(agent: number): void;
  /** Its deletion is asked for: from here on its runs may be gone, those too of which nobody has heard yet. */
  agentLeaves(agent: number): void;
  /** A turn's run is known now. */
  sawRun(turn: SentTurn): void;
  /** A model is at work for an agent, and somebody waits for what it says: not once the agent is deleted. */
  modelWorks(agent: number): void;
  /** The provider was sent a conversation with these marks: all of it, or what a compaction left. */
  modelWasSent(agent: number, marks: readonly string[], prompt: SentPrompt): void;
  /** A model did not answer, by its provider's fault. */
  modelFailed(model: string): void;
  /** The system message that the provider was sent last for an agent. */
  lastSystem(agent: number): string;
  /** What a register that one client writes may hold: the last value that was acknowledged, or a later unclear one. */
  wrote(register: string, value: string, isClear: boolean): void;
  read(register: string, value: string): void;
  /** Whether the history of a register that many clients use has room for one more operation, which must follow. */
  admits(register: string): boolean;
  operated(register: string, operation: RegisterOperation): void;
  /** Looks for an order in which all operations on every shared register make sense. */
  checkRegisters(): void;
  /** What a client's own tool printed, for the call that it answered. */
  printed(call: string, output: string): void;
  readonly prints: ReadonlyMap<string, ReadonlySet<string>>;
  /** A client walked through an agent's messages from the first on; in the end they must begin alike. */
  walked(agent: number, messages: readonly WireMessage[]): void;
  readonly walks: readonly { readonly agent: number; readonly messages: readonly WireMessage[] }[];
}

/** More are not kept: the first says it all. */
const VIOLATIONS_MAX = 20;
const ANY_MARK = /mk-(\d+)-\d+;/g;

/** The one {@link Oracle}. */
export function createOracle(): Oracle {
  const violations: Violation[] = [];
  const turns: SentTurn[] = [];
  const byMark = new Map<string, SentTurn>();
  const passages: Written[] = [];
  const agents: KnownAgent[] = [];
  const companions: KnownCompanion[] = [];
  const forgetful = new Set<number>();
  const gone = new Set<number>();
  const leaving = new Set<number>();
  const prints = new Map<string, Set<string>>();
  const walks: { agent: number; messages: readonly WireMessage[] }[] = [];
  let checks = 0;

  const checked = (count = 1) => {
    checks += count;
  };
  const fail = (invariant: string, detail: string) => {
    if (violations.length < VIOLATIONS_MAX) violations.push({ invariant, detail });
  };
  const runs = createRunBook(fail, checked);
  const contexts = createContextBook({ fail, checked, turns });
  const sawRun = ({ plan, runId }: SentTurn) => {
    if (runId !== undefined && leaving.has(plan.agent)) runs.mayBeGone(runId);
  };
  return {
    fail,
    violations,
    checks: () => checks,
    checked,
    runs,
    bills: createBillBook(),
    budget: createBudgetBook(fail, checked),
    ...{ letters: createLetterBook(), files: createFileBook(), schedules: createScheduleBook() },
    callbacks: createCallbackBook(fail, checked, calledBack(byMark, runs, sawRun)),
    lists: createListBook(fail, checked),
    leases: createLeaseBook(fail, checked),
    contexts,
    outside: createOutsideBook(fail, checked),
    access: createAccessBook({ fail, checked, agents }),
    deletedMarks: [],
    turns,
    passages,
    agents,
    companions,
    walks,
    prints,
    addAgent: (agent) => agents.push(agent),
    addCompanion: (companion) => companions.push(companion),
    addPassage: (passage) => passages.push(passage),
    addTurn(turn) {
      turns.push(turn);
      byMark.set(turn.plan.mark, turn);
    },
    planOf: (mark) => byMark.get(mark)?.plan,
    conversationOf: (owner, id) =>
      (id === undefined ? undefined : agents.find(({ conversationId }) => conversationId === id)?.number) ?? owner,
    mayForget(agent, how) {
      forgetful.add(agent);
      for (const turn of turns.filter(({ plan }) => plan.agent === agent)) {
        turn.mayBeForgotten = true;
        if (how === "reset") turn.mayBeLost = true;
      }
    },
    agentGone: (agent) => void gone.add(agent),
    agentLeaves(agent) {
      leaving.add(agent);
      for (const turn of turns) sawRun(turn);
    },
    sawRun,
    modelWorks(agent) {
      checked();
      if (gone.has(agent)) fail("S13 deleted", `The model of agent ${agent} was asked although the agent was deleted`);
    },
    ...promptChecks({ fail, checked, agents, turns, byMark, forgetful, contexts }),
    ...registers(fail, checked),
    printed(call, output) {
      prints.set(call, (prints.get(call) ?? new Set()).add(output));
    },
    walked: (agent, messages) => walks.push({ agent, messages }),
  };
}

/** Takes what a callback tells: its turn's run is known from then on, also where the answer that named it was lost. */
function calledBack(byMark: ReadonlyMap<string, SentTurn>, runs: RunBook, sawRun: Oracle["sawRun"]) {
  return (mark: string, run: string, answer: RunAnswer | undefined): void => {
    const turn = byMark.get(mark);
    if (turn !== undefined) turn.runId ??= run;
    if (turn !== undefined) sawRun(turn);
    if (answer !== undefined) runs.answered(run, answer);
  };
}

interface PromptWorld {
  readonly fail: Oracle["fail"];
  readonly checked: Oracle["checked"];
  readonly agents: readonly KnownAgent[];
  readonly turns: readonly SentTurn[];
  readonly byMark: ReadonlyMap<string, SentTurn>;
  /** Conversations that were asked to be compacted or emptied. */
  readonly forgetful: ReadonlySet<number>;
  readonly contexts: ContextBook;
}

/** What must hold of every prompt. */
function promptChecks(world: PromptWorld): Pick<Oracle, "modelWasSent" | "modelFailed" | "lastSystem"> {
  const { fail, checked, agents, turns, byMark, forgetful, contexts } = world;
  const systems = new Map<number, string>();
  const failed = new Set<string>();

  /** A stand-in is asked where the model that was to answer has failed before. */
  function standsIn(known: KnownAgent | undefined, turn: SentTurn | undefined, model: string): boolean {
    if (known === undefined || known.standIn !== model) return false;
    return failed.has(known.model) || [...(turn?.models ?? [])].some((one) => failed.has(one));
  }

  function checkModel(known: KnownAgent | undefined, agent: number, mark: string | undefined, model: string): void {
    const turn = byMark.get(mark ?? "");
    const isOwn = turn?.plan.agent === agent;
    const isMeant = turn?.models.has(model) === true || (!isOwn && model === known?.model);
    if (turn !== undefined && !isMeant && !standsIn(known, turn, model))
      fail("S6 transcript", `${mark} was sent to ${model} instead of ${[...turn.models].join(" or ")}`);
    // A fork of a compacted conversation has what was asked last in its summary.
    if (turn === undefined && !forgetful.has(agent) && known?.isFork !== true)
      fail("S6 transcript", `Conversation ${agent}'s model was sent something that no client had begun`);
  }

  function checkScope(known: KnownAgent | undefined, agent: number, prompt: SentPrompt): void {
    const owner = known?.owner ?? agent;
    const personas = new Set(prompt.system.match(/cn-\d+;/g) ?? []);
    if (!personas.has(`cn-${owner};`) || personas.size !== 1)
      fail("S12 scope", `Agent ${agent}'s prompt holds the personas ${[...personas].join(" ") || "of nobody"}`);
    const ownerOf = (number: number) => agents.find((one) => one.number === number)?.owner ?? number;
    for (const message of prompt.request.messages.slice(1))
      for (const [mark, number] of chatText(message).matchAll(ANY_MARK))
        if (ownerOf(Number(number)) !== owner)
          fail("S12 scope", `Agent ${agent}'s model was shown ${mark}, which was said to another agent`);
  }

  function checkWhole(known: KnownAgent | undefined, agent: number, marks: readonly string[]): void {
    const own = turns.filter(({ plan, mayBeForgotten }) => plan.agent === agent && !mayBeForgotten);
    const inherited = forgetful.has(agent) ? [] : (known?.inherited ?? []);
    const taken = inherited.flatMap((mark) => byMark.get(mark) ?? []).filter((turn) => !turn.isUnspeakable);
    const isMissing = ({ isAcknowledged, plan }: SentTurn) =>
      isAcknowledged && !marks.includes(plan.mark) && !contexts.isAside(agent, plan.mark);
    for (const turn of [...taken, ...own].filter(isMissing))
      fail(
        "S1 acknowledged",
        `Conversation ${agent}'s model was not sent ${turn.plan.mark}, which had been acknowledged`,
      );
  }

  return {
    lastSystem: (agent) => systems.get(agent) ?? "",
    modelFailed(model) {
      failed.add(model);
    },
    modelWasSent(agent, marks, prompt) {
      const known = agents.find(({ number }) => number === agent);
      systems.set(agent, prompt.system);
      checked(marks.length + 2);
      const times = Map.groupBy(marks, (mark) => mark);
      if ([...times].some(([mark, { length }]) => length > (byMark.get(mark)?.copies ?? 1)))
        fail("S3 once", `The model was sent a message twice: ${marks.join(" ")}`);
      const isForeign = (mark: string) =>
        byMark.get(mark)?.plan.agent !== agent && known?.inherited.includes(mark) !== true;
      const foreign = marks.filter(isForeign);
      if (foreign.length > 0)
        fail("S12 scope", `Agent ${agent}'s model was sent messages of others: ${foreign.join(" ")}`);
      checkScope(known, agent, prompt);
      if (prompt.isWhole) checkModel(known, agent, marks.at(-1), prompt.request.model);
      if (prompt.isWhole) checkWhole(known, agent, marks);
    },
  };
}

/** Registers of one writer, whose value is known at any time, and of many, whose history must make sense. */
function registers(
  fail: Oracle["fail"],
  checked: Oracle["checked"],
): Pick<Oracle, "wrote" | "read" | "admits" | "operated" | "checkRegisters"> {
  const values = new Map<string, Set<string>>();
  const histories = new Map<string, readonly RegisterOperation[]>();
  const admitted = new Map<string, number>();
  return {
    wrote(register, value, isClear) {
      const possible = values.get(register) ?? new Set();
      values.set(register, isClear ? new Set([value]) : possible.add(value));
    },
    read(register, value) {
      checked();
      const possible = values.get(register) ?? new Set();
      if (!possible.has(value))
        fail("S8 block", `${register} holds '${value}', but it could only be '${[...possible].join("' or '")}'`);
      values.set(register, new Set([value]));
    },
    admits(register) {
      const count = admitted.get(register) ?? 0;
      admitted.set(register, count + 1);
      return count < HISTORY_MAX;
    },
    operated(register, operation) {
      histories.set(register, [...(histories.get(register) ?? []), operation]);
    },
    checkRegisters() {
      for (const [register, history] of histories) {
        checked(history.length);
        if (isLinearizable(history, "")) continue;
        const told = history.map(({ kind, value, start, end }) => `${start}-${end} ${kind} '${value}'`);
        fail("S5 linearizable", `No order explains what happened to ${register}: ${told.join(", ")}`);
      }
    },
  };
}
