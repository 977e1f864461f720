// Writes a dump of a V1 database that never was, of any size, in the format of the real ones:
//   bun bench/transfer/v1-dump.ts FILE [--agents 1000] [--messages 200000] [--passages 100000] [--dense]
// Vectors are sparse, as a scripted model's are, or with --dense such as real models give; both are filled up to 4,096 numbers.
import { closeSync, openSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    agents: { type: "string", default: "1000" },
    messages: { type: "string", default: "200000" },
    passages: { type: "string", default: "100000" },
    dense: { type: "boolean", default: false },
  },
});
const [path] = positionals;
if (path === undefined) throw new Error("Name the file to be written");
const agents = Number(values.agents);
const messages = Number(values.messages);
const passages = Number(values.passages);

const DIMENSIONS = 1536;
const FILLED_UP_TO = 4096;
const FLUSH_CHARS = 4 * 1024 * 1024;
const ORGANIZATION = "org-00000000-0000-4000-8000-000000000000";
const USER = "user-00000000-0000-4000-8000-000000000000";
const TIME = "2026-11-22 19:40:08.36388+00";
const MADE = `${TIME}\t${TIME}\tf\t${USER}\t${USER}\t${ORGANIZATION}`;
const WORDS = "tea river garden violin winter bridge letter Lisbon orange paper window music harbour bread story".split(
  " ",
);

const file = openSync(path, "w");
let pending = "";
let seed = 1;

function write(text: string): void {
  pending += text;
  if (pending.length > FLUSH_CHARS) flush();
}

function flush(): void {
  writeSync(file, pending);
  pending = "";
}

/** The next number of a small generator: the same dump every time. */
function next(below: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed % below;
}

function id(kind: string, n: number): string {
  return `${kind}-${n.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
}

function sentence(): string {
  return Array.from({ length: 8 + next(16) }, () => WORDS[next(WORDS.length)]).join(" ");
}

function table(name: string, columns: string, count: number, row: (n: number) => string): void {
  write(`COPY public.${name} (${columns}) FROM stdin;\n`);
  for (let n = 0; n < count; n++) write(`${row(n)}\n`);
  write("\\.\n\n");
}

const LLM = JSON.stringify({
  model: "gpt-4o-mini",
  model_endpoint_type: "openai",
  model_endpoint: "https://api.openai.com/v1",
  provider_name: "openai",
  context_window: 128_000,
  handle: "openai/gpt-4o-mini",
});
const EMBEDDING = JSON.stringify({
  embedding_endpoint_type: "openai",
  embedding_endpoint: "https://api.openai.com/v1",
  embedding_model: "text-embedding-3-small",
  embedding_dim: DIMENSIONS,
  embedding_chunk_size: 300,
  handle: "openai/text-embedding-3-small",
});
const STAMPS = "created_at, updated_at, is_deleted, _created_by_id, _last_updated_by_id, organization_id";
const each = Math.floor(messages / agents);
const rest = ",0".repeat(FILLED_UP_TO - DIMENSIONS);

function vector(): string {
  if (!values.dense) {
    const numbers = Array.from({ length: DIMENSIONS }, () => "0");
    for (let n = 0; n < 20; n++) numbers[next(DIMENSIONS)] = "0.2236068";
    return `[${numbers.join(",")}${rest}]`;
  }
  const numbers = Array.from({ length: DIMENSIONS }, () => ((next(2_000_001) - 1_000_000) / 25_000_000).toFixed(9));
  return `[${numbers.join(",")}${rest}]`;
}

function content(text: string): string {
  return JSON.stringify([{ type: "text", text, signature: null }]);
}

write("--\n-- PostgreSQL database dump\n--\n\n");
table(
  "agents",
  `id, name, message_ids, system, agent_type, llm_config, embedding_config, tool_rules, ${STAMPS}`,
  agents,
  (n) => {
    const own = Array.from({ length: Math.min(each, 40) }, (_, at) =>
      id("message", (at === 0 ? 0 : each - Math.min(each, 40) + at) * agents + n),
    );
    return [
      id("agent", n),
      `agent ${n}`,
      JSON.stringify(own),
      "You are helpful.",
      "letta_v1_agent",
      LLM,
      EMBEDDING,
      "[]",
      MADE,
    ].join("\t");
  },
);
table(
  "archival_passages",
  `id, text, embedding_config, metadata_, embedding, archive_id, tags, ${STAMPS}`,
  passages,
  (n) =>
    [id("passage", n), sentence(), EMBEDDING, "{}", vector(), id("archive", n % agents), '["bench"]', MADE].join("\t"),
);
table("archives", `id, name, embedding_config, ${STAMPS}`, agents, (n) =>
  [id("archive", n), `archive ${n}`, EMBEDDING, MADE].join("\t"),
);
table("archives_agents", "agent_id, archive_id, created_at, is_owner", agents, (n) =>
  [id("agent", n), id("archive", n), TIME, "t"].join("\t"),
);
table("block", `id, value, "limit", label, metadata_, ${STAMPS}`, agents, (n) =>
  [id("block", n), sentence(), "5000", "human", "{}", MADE].join("\t"),
);
table("blocks_agents", "agent_id, block_id, block_label", agents, (n) =>
  [id("agent", n), id("block", n), "human"].join("\t"),
);
table(
  "messages",
  `id, agent_id, role, content, model, tool_calls, tool_returns, sequence_id, ${STAMPS}`,
  each * agents,
  (n) => {
    const turn = Math.floor(n / agents);
    const role = turn === 0 ? "system" : turn % 2 === 1 ? "user" : "assistant";
    return [
      id("message", n),
      id("agent", n % agents),
      role,
      content(sentence()),
      "gpt-4o-mini",
      "[]",
      "[]",
      String(n + 1),
      MADE,
    ].join("\t");
  },
);
table("organizations", "id, name, created_at, updated_at, is_deleted", 1, () =>
  [ORGANIZATION, "default_org", TIME, TIME, "f"].join("\t"),
);
table("users", "id, name, created_at, updated_at, is_deleted, organization_id", 1, () =>
  [USER, "default_user", TIME, TIME, "f", ORGANIZATION].join("\t"),
);
write("--\n-- PostgreSQL database dump complete\n--\n\n");
flush();
closeSync(file);
