import { type ChatMessage, chatText } from "./chat-wire.ts";
import type { Plan } from "./plan.ts";
import { createRunBook, type RunBook } from "./run-book.ts";
import type { WireMessage } from "./wire.ts";

/** What of a prompt is told apart from its messages. */
interface SentPrompt {
  readonly system: ChatMessage | undefined;
  readonly isWhole: boolean;
}

/** Something that must not be. */
export interface Violation {
  /** The invariant by its number in the design, and its name. */
  readonly invariant: string;
  readonly detail: string;
}

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
}

/** One message to an agent, and what its sender learnt. */
export interface SentTurn {
  readonly plan: Plan;
  readonly otid: string | null;
  /** Something of an answer came: from then on the message must be there for ever. */
  isAcknowledged: boolean;
  /** A request went out whose fate nobody knows. */
  isUnclear: boolean;
  runId: string | undefined;
  /** Whether the stream carried whole messages, each of which must be stored. */
  showsSteps: boolean;
}

/** A text that was written by one request, and whether it must be there. */
export interface Written {
  readonly text: string;
  readonly agent: number;
  fate: "acknowledged" | "unclear" | "refused";
}

/**
 * What must hold, told only by what clients and the provider saw: it shares no code with the server, and never looks
 * into its memory or its database.
 */
export interface Oracle {
  fail(invariant: string, detail: string): void;
  readonly violations: readonly Violation[];
  /** Things that were compared so far. */
  checks(): number;
  checked(count?: number): void;
  readonly runs: RunBook;
  readonly turns: readonly SentTurn[];
  readonly passages: readonly Written[];
  readonly agents: readonly KnownAgent[];
  addAgent(agent: KnownAgent): void;
  addTurn(turn: SentTurn): void;
  addPassage(passage: Written): void;
  planOf(mark: string): Plan | undefined;
  /** The provider was sent a conversation with these marks: all of it, or what a compaction left. */
  modelWasSent(agent: number, marks: readonly string[], prompt: SentPrompt): void;
  /** The system message that the provider was sent last for an agent. */
  lastSystem(agent: number): string;
  /** What a register that one client writes may hold: the last value that was acknowledged, or a later unclear one. */
  wrote(register: string, value: string, isClear: boolean): void;
  read(register: string, value: string): void;
  /** A client walked through an agent's messages from the first on; in the end they must begin alike. */
  walked(agent: number, messages: readonly WireMessage[]): void;
  readonly walks: readonly { readonly agent: number; readonly messages: readonly WireMessage[] }[];
}

/** More are not kept: the first says it all. */
const VIOLATIONS_MAX = 20;

/** The one {@link Oracle}. */
export function createOracle(): Oracle {
  const violations: Violation[] = [];
  const turns: SentTurn[] = [];
  const byMark = new Map<string, SentTurn>();
  const passages: Written[] = [];
  const agents: KnownAgent[] = [];
  const systems = new Map<number, string>();
  const registers = new Map<string, Set<string>>();
  const walks: { agent: number; messages: readonly WireMessage[] }[] = [];
  let checks = 0;

  const checked = (count = 1) => {
    checks += count;
  };
  const fail = (invariant: string, detail: string) => {
    if (violations.length < VIOLATIONS_MAX) violations.push({ invariant, detail });
  };

  function modelWasSent(agent: number, marks: readonly string[], { system, isWhole }: SentPrompt): void {
    const text = system === undefined ? "" : chatText(system);
    systems.set(agent, text);
    checked(marks.length + 2);
    if (new Set(marks).size < marks.length) fail("S3 once", `The model was sent a message twice: ${marks.join(" ")}`);
    const foreign = marks.filter((mark) => byMark.get(mark)?.plan.agent !== agent);
    if (foreign.length > 0)
      fail("S12 scope", `Agent ${agent}'s model was sent messages of others: ${foreign.join(" ")}`);
    checkPersona(agent, text);
    if (isWhole) checkWhole(agent, marks);
  }

  function checkPersona(agent: number, prompt: string): void {
    const personas = new Set(prompt.match(/cn-\d+;/g) ?? []);
    const owner = agents.find(({ number }) => number === agent)?.owner ?? agent;
    if (!personas.has(`cn-${owner};`) || personas.size !== 1)
      fail("S12 scope", `Agent ${agent}'s prompt holds the personas ${[...personas].join(" ") || "of nobody"}`);
  }

  function checkWhole(agent: number, marks: readonly string[]): void {
    for (const { plan, isAcknowledged } of turns) {
      if (plan.agent === agent && isAcknowledged && !marks.includes(plan.mark))
        fail("S1 acknowledged", `The model was not sent ${plan.mark}, which had been acknowledged`);
    }
  }

  return {
    fail,
    violations,
    checks: () => checks,
    checked,
    runs: createRunBook(fail, checked),
    turns,
    passages,
    agents,
    walks,
    addAgent: (agent) => agents.push(agent),
    addPassage: (passage) => passages.push(passage),
    addTurn(turn) {
      turns.push(turn);
      byMark.set(turn.plan.mark, turn);
    },
    planOf: (mark) => byMark.get(mark)?.plan,
    modelWasSent,
    lastSystem: (agent) => systems.get(agent) ?? "",
    wrote(register, value, isClear) {
      const possible = registers.get(register) ?? new Set();
      registers.set(register, isClear ? new Set([value]) : possible.add(value));
    },
    read(register, value) {
      checked();
      const possible = registers.get(register) ?? new Set();
      if (!possible.has(value))
        fail("S8 block", `${register} holds '${value}', but it could only be '${[...possible].join("' or '")}'`);
      registers.set(register, new Set([value]));
    },
    walked: (agent, messages) => walks.push({ agent, messages }),
  };
}
