import type { SeededRandom } from "./random.ts";

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
  "insert_passage",
  "page_messages",
  "replay_stream",
  "list_runs",
  "delete_agent",
] as const;

/** One of {@link OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number];

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
  readonly modelFaultRate: number;
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
  /** Whether the model numbers its calls from zero in every reply. */
  readonly repeatsCallIds: boolean;
  /** Whether the agents' memory tool waits for an approval. */
  readonly asksApproval: boolean;
  /** Whether agents have an embedding model, and whether it fails for as long as anything does. */
  readonly embedding: "none" | "works" | "out of order";
  /** Whether clients name their messages, so that they can send them again. */
  readonly namesMessages: boolean;
}

/** Draws the options of a seed: for each feature whether it is there at all, then how much of it. */
export function drawOptions(seed: number, random: SeededRandom): SimOptions {
  const enabled = OPERATIONS.filter(() => random.chance(0.75));
  const sends = ["send", "send_streaming", "send_background"] as const;
  const crashes = CRASHES.filter(() => random.chance(0.7));
  const isCalm = random.chance(0.15);
  const hasGoodModel = random.chance(0.3);
  const fillRate = random.chance(0.6) ? 0 : 0.3 * random.fraction();
  return {
    seed,
    agents: 1 + random.int(3),
    conversations: random.chance(0.5) ? 0 : 1 + random.int(2),
    clients: 1 + random.int(5),
    operations: 20 + random.int(21),
    enabled: enabled.some((name) => name.startsWith("send")) ? enabled : [...enabled, random.pick(sends)],
    crashesMax: isCalm ? 0 : 3 + random.int(8),
    crashRate: 0.02 * 10 ** random.between(0, 1),
    crashes: crashes.length > 0 ? crashes : ["kill"],
    modelFaultRate: hasGoodModel ? 0 : 0.01 * 30 ** random.fraction(),
    thinkMs: 10 ** random.between(1, 3),
    pieceMs: 10 ** random.between(0, 2),
    flushMs: 10 ** random.between(0, 1.7),
    networkMs: 10 ** random.between(0, 1.7),
    transactionMs: random.chance(0.75) ? 0 : 10 ** random.between(0, 1.5),
    skewMs: random.chance(0.3) ? 5_000 : 0,
    fillRate,
    // Ids are told apart within a context; what a compaction took out of it is not looked at.
    repeatsCallIds: random.chance(0.3) && fillRate === 0,
    asksApproval: random.chance(0.3),
    namesMessages: random.chance(0.7),
    embedding: random.pick(["none", "works", "works", "out of order"]),
  };
}
