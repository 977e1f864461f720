import type { ProviderName } from "../servers/providers.ts";
import type { SeededRandom } from "../world/random.ts";

/** What clients can do. A seed leaves some of it out. */
export const OPERATIONS = [
  "send",
  "send_streaming",
  "send_background",
  "send_async",
  "answer_approval",
  "cancel",
  "edit_block",
  "describe_block",
  "use_board",
  "insert_passage",
  "insert_passages",
  "delete_passage",
  "page_messages",
  "walk_list",
  "search_messages",
  "read_context",
  "replay_stream",
  "list_runs",
  "delete_run",
  "recompile",
  "delete_agent",
] as const;

/** What is rarer, because much cannot be checked of a conversation afterwards. */
export const RARE_OPERATIONS = ["fork", "compact", "reset"] as const;

/** One of {@link OPERATIONS} or {@link RARE_OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number] | (typeof RARE_OPERATIONS)[number];

/** How a process of the server can end. `power` loses what was not flushed, `kill` only what was not written. */
export const CRASHES = ["kill", "power", "stop"] as const;

/** One of {@link CRASHES}. */
export type Crash = (typeof CRASHES)[number];

/** Everything that a seed decides before the first event. */
export interface SimOptions {
  readonly seed: number;
  readonly agents: number;
  /** Conversations beside the agents' own. */
  readonly conversations: number;
  readonly clients: number;
  readonly operations: number;
  readonly enabled: readonly Operation[];
  readonly crashesMax: number;
  /** The chance of a crash after an event that committed something; after others it is a tenth of that. */
  readonly crashRate: number;
  readonly crashes: readonly Crash[];
  /** The providers whose models agents use, one after the other. */
  readonly providers: readonly [ProviderName, ...ProviderName[]];
  /** Whether agents name another model of their provider, for where their own does not answer. */
  readonly hasStandIns: boolean;
  /** Whether models that can show what they think do so. */
  readonly thinks: boolean;
  readonly modelFaultRate: number;
  /** When no provider answers, from and to, in virtual milliseconds. */
  readonly outages: readonly (readonly [number, number])[];
  /** The share of messages, replies and answers of clients' tools that hold what no provider ever reads. */
  readonly unspeakableRate: number;
  /** The longest a model thinks before it speaks, and between two pieces. */
  readonly thinkMs: number;
  readonly pieceMs: number;
  readonly flushMs: number;
  readonly networkMs: number;
  /** Above 0 the database is slow, as one on another machine would be. */
  readonly transactionMs: number;
  readonly skewMs: number;
  /** The share of replies that are said to have filled the context, and of calls that are refused for it. */
  readonly fillRate: number;
  /**
   * The context window of every agent, in tokens as the providers then count them: honestly, and without ever refusing
   * a prompt for its size. Null where windows are too large to matter.
   */
  readonly windowTokens: number | null;
  /** Whether a context may lose what was said, so that prompts may hold less than all of it. */
  readonly forgets: boolean;
  /** Whether the models number their calls from zero in every reply. */
  readonly repeatsCallIds: boolean;
  /** Whether agents have tools that run outside, and the share of their calls that go wrong. */
  readonly hasAfarTools: boolean;
  readonly outsideFaultRate: number;
  /** Whether the agents' memory tool waits for an approval. */
  readonly asksApproval: boolean;
  /** Whether rules say which tools the agents may call after which, and how often. */
  readonly hasToolRules: boolean;
  /** Whether agents have an embedding model, and whether it fails for as long as anything does. */
  readonly embedding: "none" | "works" | "out of order";
  /** Whether agents learn facts from what is said to them, and recall them. */
  readonly learns: boolean;
  /** After how many seconds approvals expire; null where they never do. */
  readonly approvalTimeoutS: number | null;
  /** Whether clients name their messages, so that they can send them again. */
  readonly namesMessages: boolean;
  /** The share of messages sent to the background whose senders want to be called back. */
  readonly callbackRate: number;
  /** The share of callbacks that go wrong. */
  readonly callbackFaultRate: number;
  /** After how many turns the first agent's companion looks after its memory; null where it has none. */
  readonly companionTurns: number | null;
  /** Whether an agent of its own spends a budget in several conversations at once. */
  readonly spends: boolean;
  /** Whether agents of their own write to each other, in circles too. */
  readonly writes: boolean;
  /** Whether messages are scheduled for an agent of its own. */
  readonly schedules: boolean;
  /** Whether agents of their own work with files, and whether what is in them is searched. */
  readonly files: "none" | "opened" | "searched";
  /** Whether conversations have a memory block of their own. */
  readonly isolatesBlocks: boolean;
  /** Whether all agents share an archive. */
  readonly sharesArchive: boolean;
  /** The share of messages that ask for another model, and of those that allow few steps. */
  readonly overrideRate: number;
  /** How many stream events arrive before they are moved; as many as the server likes where null. */
  readonly arrivalsMax: number | null;
  /** Whether the first start finds an empty disk; else it finds what a server left that was started and stopped. */
  readonly startsEmpty: boolean;
  /** What others try who may not do everything; 0 where the server has one organisation and wants no key. */
  readonly intrusions: number;
}

/** Windows that hold the instructions, the tools and the memory of an agent, and of its messages some dozens. */
const WINDOW_TOKENS_MIN = 3_500;
const WINDOW_TOKENS_SPAN = 700;

/** Draws the options of a seed: for each feature whether it is there at all, then how much of it. */
export function drawOptions(seed: number, random: SeededRandom): SimOptions {
  const enabled: Operation[] = OPERATIONS.filter(() => random.chance(0.7));
  const rare = RARE_OPERATIONS.filter(() => random.chance(0.2));
  const sends = ["send", "send_streaming", "send_background"] as const;
  if (!enabled.some((name) => name.startsWith("send"))) enabled.push(random.pick(sends));
  const features = drawFeatures(random.fork("features"));
  // Only what is sent to the background is called back.
  if (features.callbackRate > 0 && !enabled.includes("send_async")) enabled.push("send_async");
  const crashes = CRASHES.filter(() => random.chance(0.7));
  const isCalm = random.chance(0.15);
  const fillRate = random.chance(0.7) ? 0 : 0.3 * random.fraction();
  const windows = random.fork("window");
  const unspeakable = random.fork("unspeakable");
  const arrivals = random.fork("arrivals");
  const rules = random.fork("rules");
  const afar = random.fork("afar");
  const windowTokens = windows.chance(0.8) ? null : WINDOW_TOKENS_MIN + windows.int(WINDOW_TOKENS_SPAN);
  return {
    seed,
    agents: 1 + random.int(3),
    conversations: random.chance(0.5) ? 0 : 1 + random.int(2),
    clients: 1 + random.int(5),
    operations: 20 + random.int(21),
    enabled: [...weighted(enabled), ...rare],
    crashesMax: isCalm ? 0 : 2 + random.int(7),
    crashRate: 0.02 * 10 ** random.between(0, 1),
    crashes: crashes.length > 0 ? crashes : ["kill"],
    transactionMs: random.chance(0.75) ? 0 : 10 ** random.between(0, 1.5),
    skewMs: random.chance(0.3) ? 5_000 : 0,
    fillRate,
    windowTokens,
    forgets: fillRate > 0 || windowTokens !== null || rare.includes("compact") || rare.includes("reset"),
    unspeakableRate: unspeakable.chance(0.7) ? 0 : 0.3 * unspeakable.fraction(),
    ...drawDelays(random),
    ...drawModels(random),
    ...features,
    embedding: random.pick(["none", "works", "works", "out of order"]),
    learns: random.chance(0.5),
    hasStandIns: random.fork("stand-ins").chance(0.3),
    spends: random.fork("spends").chance(0.25),
    writes: random.fork("writes").chance(0.25),
    schedules: random.fork("schedules").chance(0.25),
    files: drawFiles(random.fork("files"), windowTokens),
    hasToolRules: rules.chance(0.25),
    // Small windows hold the schemas of no more tools.
    hasAfarTools: windowTokens === null && afar.chance(0.5),
    outsideFaultRate: afar.chance(0.3) ? 0 : afar.between(0.1, 0.5),
    arrivalsMax: arrivals.chance(0.4) ? null : 1 + arrivals.int(40),
    startsEmpty: random.chance(0.15),
    intrusions: drawIntrusions(random.fork("intruders")),
  };
}

/** Whether contexts fill, so that the server compacts them by itself. */
export function fills({ fillRate, windowTokens }: Pick<SimOptions, "fillRate" | "windowTokens">): boolean {
  return fillRate > 0 || windowTokens !== null;
}

/** Messages are what the rest is about, so ways of sending count twice. */
function weighted(enabled: readonly Operation[]): readonly Operation[] {
  return [...enabled, ...enabled.filter((name) => name.startsWith("send"))];
}

function drawIntrusions(random: SeededRandom): number {
  return random.chance(0.8) ? 0 : 4 + random.int(9);
}

/** Small windows hold no files, nor what searches find. */
function drawFiles(random: SeededRandom, windowTokens: number | null): SimOptions["files"] {
  return windowTokens !== null || random.chance(0.7) ? "none" : random.pick(["opened", "searched"]);
}

function drawDelays(random: SeededRandom) {
  return {
    thinkMs: 10 ** random.between(1, 3),
    pieceMs: 10 ** random.between(0, 2),
    flushMs: 10 ** random.between(0, 1.7),
    networkMs: 10 ** random.between(0, 1.7),
  };
}

function drawModels(random: SeededRandom) {
  const hasGoodModel = random.chance(0.3);
  const start = 10_000 * random.fraction();
  return {
    providers: random.pick<SimOptions["providers"]>([["openai"], ["anthropic"], ["openai", "anthropic"]]),
    thinks: random.chance(0.7),
    modelFaultRate: hasGoodModel ? 0 : 0.01 * 30 ** random.fraction(),
    outages: random.chance(0.75) ? [] : [[start, start + 600_000 * random.fraction()] as const],
    repeatsCallIds: random.chance(0.3),
    overrideRate: random.chance(0.6) ? 0 : 0.4 * random.fraction(),
  };
}

function drawFeatures(random: SeededRandom) {
  return {
    asksApproval: random.chance(0.3),
    approvalTimeoutS: random.chance(0.6) ? null : 1 + random.int(30),
    namesMessages: random.chance(0.7),
    callbackRate: random.chance(0.4) ? 0 : random.between(0.5, 1),
    callbackFaultRate: random.chance(0.4) ? 0 : 0.5 * random.fraction(),
    companionTurns: random.chance(0.65) ? null : 1 + random.int(3),
    isolatesBlocks: random.chance(0.3),
    sharesArchive: random.chance(0.25),
  };
}
