import type { SeededRandom } from "../world/random.ts";

/** A tool call that the model will make. `token` is what it leaves behind, where it leaves anything. */
export interface PlannedCall {
  readonly name: string;
  readonly arguments: string;
  readonly token: string | null;
}

/** One reply of the model. Without calls it is the last. */
export interface PlannedReply {
  readonly text: string;
  readonly calls: readonly PlannedCall[];
}

/** What the model will do about one message: it is the ground truth that the oracle compares with. */
export interface Plan {
  /** The text that names the message, alone in the world. */
  readonly mark: string;
  readonly agent: number;
  readonly replies: readonly PlannedReply[];
}

/** The blocks that plans write to: one of each agent's own, and one that all share. */
export const OWN_BLOCK = "human";
/** The label of the block that every agent has. */
export const SHARED_BLOCK = "team";
/** A block that holds little, and that tools write up to its limit, and past it. */
export const SMALL_BLOCK = "scratch";
/** Characters that {@link SMALL_BLOCK} may hold. */
export const SMALL_CHARS_MAX = 40;
/** A tool that only clients can run. */
export const CLIENT_TOOL = "look_outside";

/** Tools that run outside: one after the other, several at once, and at once and as often as it takes. */
export const AFAR_TOOLS = ["act_afar", "act_together", "ask_afar"] as const;
/** The one of them that says that it may run again. */
export const REPEATABLE_TOOL = "ask_afar";
/** The argument with what such a tool leaves behind. */
export const NOTE = "note";
/** The argument with what it adds to the agent's own block, where it does. */
export const KEEPS = "keeps";
/** How often a planned call is one of theirs, where agents have them, and how often such a call adds to memory. */
const AFAR_SHARE = 0.75;
const KEEPS_SHARE = 0.3;

const REPLIES_MAX = 4;
/** Numbers of what companions write are higher than those of any turn. */
const COMPANION_TOKENS = 1_000_000;
/** Words of one to four bytes a character, so that a cut may fall inside one. */
const WORDS = [
  "seal",
  "naïve",
  "Grüße",
  "日本語",
  "🦭",
  "e\u0301",
  '"quoted"',
  "back\\slash",
  "line\nbreak",
  "data: x",
  ".",
] as const;

/** Which calls a plan may hold: any, none that only clients can run, one of those at first, or none at all. */
export type PlannedTools = "any" | "server" | "client" | "none";

/** What a plan may hold. */
export interface PlanWishes {
  readonly tools: PlannedTools;
  /** Whether the agent has {@link AFAR_TOOLS}. */
  readonly hasAfar: boolean;
}

/** Whether a call is of one of {@link AFAR_TOOLS}. */
export function isAfar({ name }: { readonly name: string }): boolean {
  return AFAR_TOOLS.some((tool) => tool === name);
}

/** Makes the plan of a message: some rounds of tools, then words. */
export function drawPlan(random: SeededRandom, mark: string, agent: number, { tools, hasAfar }: PlanWishes): Plan {
  const rounds = tools === "none" || random.chance(0.35) ? 0 : 1 + random.int(REPLIES_MAX - 1);
  let nextToken = 0;
  const token = () => `tk-${mark.slice(3)}-${nextToken++};`;
  let nextNote = 0;
  const drawAfar = () => {
    const note = `af-${mark.slice(3)}-${nextNote++};`;
    const name = random.pick(AFAR_TOOLS);
    if (!random.chance(KEEPS_SHARE)) return call(name, { [NOTE]: note });
    const written = token();
    return call(name, { [NOTE]: note, [KEEPS]: written }, written);
  };
  const perhapsAfar = (planned: PlannedCall) => (hasAfar && random.chance(AFAR_SHARE) ? drawAfar() : planned);
  const replies: PlannedReply[] =
    tools === "client" ? [{ text: "", calls: [call(CLIENT_TOOL, { place: words(random) })] }] : [];
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: random.chance(0.25) ? 2 : 1 }, () =>
      perhapsAfar(drawCall(random, token, tools !== "server")),
    );
    replies.push({ text: random.chance(0.4) ? words(random) : "", calls });
  }
  return { mark, agent, replies: [...replies, { text: `${words(random)} end-${mark}`, calls: [] }] };
}

function drawCall(random: SeededRandom, token: () => string, hasClientTool: boolean): PlannedCall {
  const kind = random.fraction();
  if (hasClientTool && kind < 0.25) return call(CLIENT_TOOL, { place: words(random) });
  if (kind < 0.65) {
    const written = token();
    const label = random.chance(0.6) ? OWN_BLOCK : SHARED_BLOCK;
    return call("memory_insert", { label, new_string: written, insert_line: random.pick([-1, 0]) }, written);
  }
  if (kind < 0.8) {
    const written = token();
    return call("archival_memory_insert", { content: `${written} ${words(random)}` }, written);
  }
  if (kind < 0.86) return call("memory_rethink", { label: SMALL_BLOCK, new_memory: smallText(random) });
  if (kind < 0.9) return call("conversation_search", { query: "mk" });
  if (kind < 0.94) return call("no_such_tool", {});
  return { name: "memory_insert", arguments: '{"label": "human", "new_st', token: null };
}

function call(name: string, args: object, token: string | null = null): PlannedCall {
  return { name, arguments: JSON.stringify(args), token };
}

/** A text about as long as the small block may hold, its characters of one to four bytes. */
function smallText(random: SeededRandom): string {
  const length = SMALL_CHARS_MAX - 2 + random.int(5);
  return Array.from({ length }, () => random.pick(["a", "ö", "海", "🦭"])).join("");
}

/** What a companion does with what it reads: it writes to the memory that it shares, or does nothing. */
export function drawCompanionReply(random: SeededRandom, owner: number): PlannedReply {
  if (random.chance(0.5)) return { text: "Nothing new.", calls: [] };
  const written = `tk-${owner}-${COMPANION_TOKENS + random.int(1e9)};-0;`;
  const insert = { label: OWN_BLOCK, new_string: written, insert_line: -1 };
  return { text: "", calls: [call("memory_insert", insert, written)] };
}

/** Any words, of any characters. */
export function words(random: SeededRandom): string {
  return Array.from({ length: 1 + random.int(12) }, () => random.pick(WORDS)).join(" ");
}
