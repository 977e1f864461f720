import { expect, test } from "bun:test";
import { readSettings } from "./settings.ts";

const notesOf = (environment: Record<string, string>) => readSettings({}, environment).notes;

test.each([
  "LETTA_SANDBOX",
  "LETTA_SANDBOX_MOUNT_PATH",
  "E2B_API_KEY",
  "E2B_SANDBOX_TEMPLATE_ID",
  "MODAL_TOKEN_ID",
  "TOOL_EXEC_DIR",
  "TOOL_EXEC_VENV_NAME",
  "TOOL_SANDBOX_TIMEOUT",
  "MCP_DISABLE_STDIO",
  "LETTA_DIR",
  "LETTA_ENVIRONMENT",
  "LETTA_SERVER_SECURE",
  "LETTA_PG_POOL_SIZE",
  "LETTA_REDIS_PORT",
  "LETTA_ENCRYPTION_KEY",
  "LETTA_DEFAULT_LLM_HANDLE",
  "LETTA_NO_DEFAULT_ACTOR",
  "LETTA_KEEPALIVE_INTERVAL",
  "LETTA_TRACK_STOP_REASON",
  "LETTA_UVICORN_WORKERS",
  "LETTA_FILE_PROCESSING_TIMEOUT_MINUTES",
  "LETTA_ENABLE_BATCH_JOB_POLLING",
  "LETTA_TPUF_API_KEY",
  "LETTA_EMBED_ALL_MESSAGES",
  "LETTA_MEMFS_SERVICE_URL",
  "LETTA_MULTI_AGENT_CONCURRENT_SENDS",
  "LETTA_SUMMARIZER_MODE",
  "LETTA_OTEL_EXPORTER_OTLP_ENDPOINT",
  "LETTA_TELEMETRY_ENABLE_DATADOG",
  "LETTA_LOGGING_LOG_LEVEL",
  "SENTRY_DSN",
  "ZAI_API_KEY",
  "SGLANG_API_BASE",
  "VLLM_HANDLE_BASE",
  "GLOBAL_MAX_CONTEXT_WINDOW_LIMIT",
  "LETTA_SOMETHING_NEW",
])("notesOn() names %s with what to do instead, and not its value", (name) => {
  const notes = notesOf({ [name]: "s3cr3t" });
  expect(notes).toHaveLength(1);
  expect(notes[0]).toStartWith(`${name} does nothing here: `);
  expect(notes[0]).not.toContain("s3cr3t");
});

test("notesOn() is silent about what is read here, and what clients read", () => {
  const read = ["LETTA_SERVER_PASSWORD", "ACCEPTABLE_ORIGINS", "LETTA_TRACK_PROVIDER_TRACE", "LETTA_MISTRAL_API_KEY"];
  const searches = ["EXA_API_KEY", "TAVILY_API_KEY", "BRAVE_API_KEY"];
  const clients = ["LETTA_API_KEY", "LETTA_BASE_URL", "LETTA_AGENT_ID", "LETTA_CODE_AGENT_ROLE"];
  for (const name of [...read, ...searches, ...clients, "HOME", "PATH"])
    expect([name, notesOf({ [name]: "http://a.example" })]).toEqual([name, []]);
});

test("notesOn() tells how LETTA_DEBUG is read, which SELKIE_LOG_LEVEL takes the place of", () => {
  expect(notesOf({ LETTA_DEBUG: "1" })).toEqual([expect.stringMatching(/^LETTA_DEBUG .*SELKIE_LOG_LEVEL/)]);
  expect(readSettings({}, { LETTA_DEBUG: "1" }).logLevel).toBe("debug");
  expect(readSettings({}, { LETTA_DEBUG: "0" }).logLevel).toBe("info");
  expect(readSettings({}, { LETTA_DEBUG: "1", SELKIE_LOG_LEVEL: "Warn" })).toMatchObject({
    logLevel: "warn",
    notes: [],
  });
  expect(() => readSettings({}, { SELKIE_LOG_LEVEL: "loud" })).toThrow(
    /one of silent, error, warn, info, debug.*'loud'/,
  );
});

test("notesOn() names half of what a provider needs", () => {
  expect(notesOf({ OPENAI_API_BASE: "http://x" })).toEqual([
    "OPENAI_API_BASE alone does nothing here: set OPENAI_API_KEY",
  ]);
  expect(notesOf({ AZURE_API_KEY: "x" })).toEqual(["AZURE_API_KEY alone does nothing here: set AZURE_BASE_URL"]);
  expect(notesOf({ SELKIE_COMPATIBLE_API_KEY: "x" })).toHaveLength(1);
  expect(notesOf({ GEMINI_BASE_URL: "http://x", GOOGLE_GENERATIVE_AI_API_KEY: "x" })).toEqual([]);
});

test.each([
  ["SELKIE_PROT", "SELKIE_PORT"],
  ["SELKIE_LOGLEVEL", "SELKIE_LOG_LEVEL"],
  ["SELKIE_APIKEY", "SELKIE_API_KEY"],
  ["SELKIE_ORIGIN", "SELKIE_ORIGINS"],
  ["SELKIE_EMBEDING", "SELKIE_EMBEDDING"],
  ["SELKIE_DATA_DIR", "SELKIE_DATA"],
])("notesOn() takes %s for a mistyped %s", (typed, meant) => {
  expect(notesOf({ [typed]: "1" })).toEqual([expect.stringContaining(`Did you mean ${meant}?`)]);
});

test("notesOn() guesses nothing where nothing is near", () => {
  expect(notesOf({ SELKIE_WALRUS: "1" })).toEqual(["SELKIE_WALRUS does nothing here: there is no such setting"]);
});
