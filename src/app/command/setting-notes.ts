import { editDistance } from "../../core/edit-distance.ts";

/** Edits that a typo is worth. */
const EDITS_MAX = 2;
/** Characters of a name that are compared. */
const NAME_CHARS_MAX = 60;

const TOOLS = "tools run in jails on this machine; SELKIE_SANDBOX, SELKIE_PYTHON and SELKIE_TOOL_NETWORK say how";
const FILES = "the limits of files cannot be set";
const VECTORS = "vectors are kept in the database; SELKIE_EMBEDDING names the model that makes them";
const SPANS = "no traces or metrics are sent; SELKIE_TRACK_PROVIDER_TRACE keeps what providers were asked and answered";
const COMPATIBLE = "this provider has no name here; set SELKIE_COMPATIBLE_BASE_URL and SELKIE_COMPATIBLE_API_KEY";
const HANDLES = "handles begin with the provider's own name";

/** Variables of Letta's server and of what it uses, and what to do instead here. The first that fits counts. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^LETTA_DIR$/, "use SELKIE_DATA for the data directory"],
  [/^(LETTA_SERVER_)?SECURE$/, "setting SELKIE_API_KEY is enough"],
  [/^LETTA_CONFIG_PATH$/, "use SELKIE_CONFIG"],
  [/^LETTA_LOGGING_/, "use SELKIE_LOG_LEVEL"],
  [/^LETTA_PG_/, "data is kept in SQLite; there is no pool of connections"],
  [/^LETTA_REDIS_/, "streams resume from the database; Redis is not needed"],
  [
    /^LETTA_ENCRYPTION_KEY$/,
    "secrets are sealed by the key in secrets.key beside the database, or by SELKIE_SECRET_KEY",
  ],
  [/^LETTA_UVICORN_/, "one process serves everything"],
  [/^LETTA_ENVIRONMENT$/, "the server is the same in every environment"],
  [/^LETTA_DEFAULT_LLM_HANDLE$/, "name a model when an agent is made; SELKIE_MODEL is for the agents of selkie chat"],
  [/^LETTA_NO_DEFAULT_ACTOR$/, "who acts is whose key it is, whatever user_id says"],
  [/^LETTA_(ENABLE_)?KEEPALIVE/, "streams send signs of life by themselves"],
  [/^LETTA_ENABLE_CANCELLATION_AWARE_STREAMING$/, "streams always hear of a cancelled run"],
  [/^LETTA_TRACK_/, "runs, steps and how they end are always kept"],
  [/^LETTA_(ENABLE_BATCH|POLL|BATCH)_/, "batches work without a poller; POST /v1/messages/batches takes them"],
  [/^LETTA_(USE_TPUF|TPUF_|EMBED_|ENABLE_PINECONE)|^PINECONE_/, VECTORS],
  [/^LETTA_ARCHIVAL_MEMORY_TOKEN_LIMIT$/, "archival memory takes passages as long as an embedding model reads"],
  [/^LETTA_FILE_/, FILES],
  [/^LETTA_(MEMFS_|OBJECT_STORE_)/, "memory is kept in the data folder, SELKIE_DATA"],
  [/^LETTA_MULTI_AGENT_/, "the limits of agents that talk to one another cannot be set"],
  [/^LETTA_SUMMARIZER_/, "set compaction_settings of the agent"],
  [/^LETTA_SANDBOX|^(E2B|MODAL|TOOL_EXEC)_|^TOOL_SANDBOX_TIMEOUT$/, TOOLS],
  [/^MCP_READ_/, "MCP servers are added by the API; no file is read"],
  [/^MCP_DISABLE_/, "SELKIE_MCP_COMMANDS lists the commands that MCP servers may be; none may unless it says so"],
  [/^(LETTA_(OTEL|TELEMETRY|STORE_LLM_TRACES|DISABLE_TRACING)|SENTRY_DSN|CLICKHOUSE_|SIGNOZ_)/, SPANS],
  [/^(ZAI|MINIMAX|BASETEN|FIREWORKS)_(API_KEY|BASE_URL)$|^SGLANG_API_BASE$/, COMPATIBLE],
  [/^(OPENROUTER|VLLM)_HANDLE_BASE$/, HANDLES],
  [/^OPENROUTER_(REFERER|TITLE)$/, "no such headers are sent"],
  [/^ANTHROPIC_(SONNET|OPUS)_1M$|^GLOBAL_MAX_CONTEXT_WINDOW_LIMIT$/, "set context_window_limit of the agent"],
  [/^STEP_(ORCHESTRATOR_ENDPOINT|COMPLETE_KEY)$/, "no other service is asked for keys or credit"],
];

/** Names that say what Letta's clients should do, or that this server reads itself. */
const READ_ELSEWHERE =
  /^LETTA_(API_KEY|BASE_URL|AGENT_ID|PROJECT|PROJECT_ID|CODE_.*|CLI_.*|CLIENT_.*|DEBUG|PG_(URI|DB|USER|PASSWORD|HOST|PORT)|SERVER_PASSWORD|MISTRAL_API_KEY|DEFAULT_EMBEDDING_HANDLE|LLM_(REQUEST|STREAM)_TIMEOUT_SECONDS|TRACK_PROVIDER_TRACE)$/;

/** Variables that do nothing until one of the others is set, too. */
const HALVES: readonly (readonly [string, readonly string[]])[] = [
  ["OPENAI_API_BASE", ["OPENAI_API_KEY"]],
  ["OPENAI_BASE_URL", ["OPENAI_API_KEY"]],
  ["ANTHROPIC_BASE_URL", ["ANTHROPIC_API_KEY"]],
  ["GEMINI_BASE_URL", ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"]],
  ["MISTRAL_BASE_URL", ["MISTRAL_API_KEY", "LETTA_MISTRAL_API_KEY"]],
  ["AZURE_API_KEY", ["AZURE_BASE_URL"]],
  ["AZURE_BASE_URL", ["AZURE_API_KEY"]],
  ["AWS_ACCESS_KEY_ID", ["AWS_SECRET_ACCESS_KEY"]],
  ["GROQ_BASE_URL", ["GROQ_API_KEY"]],
  ["XAI_BASE_URL", ["XAI_API_KEY"]],
  ["DEEPSEEK_BASE_URL", ["DEEPSEEK_API_KEY"]],
  ["TOGETHER_BASE_URL", ["TOGETHER_API_KEY"]],
  ["OPENROUTER_BASE_URL", ["OPENROUTER_API_KEY"]],
  ["SELKIE_COMPATIBLE_API_KEY", ["SELKIE_COMPATIBLE_BASE_URL"]],
  ["SELKIE_COMPATIBLE_NAME", ["SELKIE_COMPATIBLE_BASE_URL"]],
  // Other programs read these, too, so nothing is said where the one that counts here is set.
  ["GOOGLE_API_KEY", ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"]],
  ["GOOGLE_CLOUD_PROJECT", ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"]],
  ["OLLAMA_HOST", ["OLLAMA_BASE_URL"]],
  ["HOST", ["SELKIE_HOST"]],
  ["PORT", ["SELKIE_PORT"]],
];

/** What a person should hear of variables that do nothing here, each with what to do instead; `known` are the settings. */
export function notesOn(
  environment: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): readonly string[] {
  const isSet = (name: string) => environment[name] !== undefined;
  return [
    ...Object.keys(environment).flatMap((name) => foreignNote(name)),
    ...(isSet("LETTA_DEBUG") && !isSet("SELKIE_LOG_LEVEL")
      ? ["LETTA_DEBUG is read as SELKIE_LOG_LEVEL; set that to error, warn, info or debug"]
      : []),
    ...HALVES.filter(([name, others]) => isSet(name) && !others.some(isSet)).map(
      ([name, [other = ""]]) => `${name} alone does nothing here: set ${other}`,
    ),
    ...Object.keys(environment)
      .filter((name) => name.startsWith("SELKIE_") && !known.includes(name))
      .map((name) => `${name} does nothing here: there is no such setting${nearest(name, known)}`),
  ];
}

/**
 * What to say of a name that comes from Letta; nothing of one that counts here too, or that is meant for its clients.
 */
function foreignNote(name: string): readonly string[] {
  if (READ_ELSEWHERE.test(name)) return [];
  const instead = FOREIGN.find(([pattern]) => pattern.test(name))?.[1];
  if (instead !== undefined) return [`${name} does nothing here: ${instead}`];
  return name.startsWith("LETTA_") ? [`${name} does nothing here: no setting of this server stands for it`] : [];
}

/** The setting that was probably meant: one with nearly the same letters, or with the same word. */
function nearest(name: string, known: readonly string[]): string {
  const wanted = wordsOf(name);
  const ranked = known.map(
    (candidate) => [editDistance(wanted.join(""), wordsOf(candidate).join("")), candidate] as const,
  );
  const [edits = Number.POSITIVE_INFINITY, best = ""] = ranked.sort(([a], [b]) => a - b)[0] ?? [];
  const sharing = known.filter((candidate) => wordsOf(candidate).some((word) => wanted.includes(word)));
  const meant = edits <= EDITS_MAX ? best : sharing.length === 1 ? sharing[0] : undefined;
  return meant === undefined ? "" : `. Did you mean ${meant}?`;
}

/** The words of a name, but for the first, which many names share. */
function wordsOf(name: string): readonly string[] {
  return name.slice(0, NAME_CHARS_MAX).split("_").slice(1);
}
