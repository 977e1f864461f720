import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { createSecretBox } from "../../src/app/sealing/box.ts";
import { keyFile } from "../../src/app/sealing/key-file.ts";
import type { Answer } from "../_harness/server.ts";
import { bring, type Told } from "./_bring.ts";

const directory = mkdtempSync(join(tmpdir(), "selkie-v1-sealed-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const KEY = "a key of V1, with ünicode";
const SECRET = "canary of an agent\nin two lines ✓";
const UUID = "00000001-0000-4000-8000-000000000000";
const ORGANIZATION = "org-00000000-0000-4000-8000-000000000000";
const TIME = "2026-11-22 19:40:08.36388+00";

/** As V1 stores a secret: base64 of 16 bytes of salt, 12 of nonce, the text, 16 of tag. The key is stretched by PBKDF2. */
async function sealed(text: string, password: string): Promise<string> {
  const [salt, iv] = [crypto.getRandomValues(new Uint8Array(16)), crypto.getRandomValues(new Uint8Array(12))];
  const raw = await crypto.subtle.importKey("raw", new TextEncoder().encode(password), "PBKDF2", false, ["deriveKey"]);
  const by = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 100_000 };
  const key = await crypto.subtle.deriveKey(by, raw, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const hidden = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, tagLength: 128 },
    key,
    new TextEncoder().encode(text),
  );
  return Buffer.concat([salt, iv, Buffer.from(hidden)]).toString("base64");
}

function table(name: string, ...rows: readonly Readonly<Record<string, string>>[]): string {
  const stamped = rows.map((row) => ({
    ...row,
    created_at: TIME,
    updated_at: TIME,
    is_deleted: "f",
    organization_id: ORGANIZATION,
  }));
  const lines = stamped.map((row) => Object.values(row).join("\t")).join("\n");
  return `COPY public.${name} (${Object.keys(stamped[0] ?? {}).join(", ")}) FROM stdin;\n${lines}\n\\.\n\n`;
}

async function dump(): Promise<string> {
  const agent = `agent-${UUID}`;
  const llm = JSON.stringify({ model: "gpt-4o-mini", model_endpoint_type: "openai", context_window: 32_000 });
  const variable = (n: number, key: string, value: string) => ({
    id: `agent-env-0000000${n}-0000-4000-8000-000000000000`,
    key,
    value: "",
    value_enc: value,
    agent_id: agent,
  });
  return [
    table("agents", {
      id: agent,
      name: "Marta",
      system: "s",
      agent_type: "letta_v1_agent",
      llm_config: llm,
      message_ids: "[]",
    }),
    table(
      "agent_environment_variables",
      variable(1, "SEALED", await sealed(SECRET, KEY)),
      variable(2, "BY_ANOTHER", await sealed("lost", "another key")),
      variable(3, "PLAIN", "sk-stored-as-it-is"),
    ),
    table("messages", { id: `message-${UUID}`, agent_id: agent, role: "user", text: "old words", sequence_id: "1" }),
    table("organizations", { id: ORGANIZATION, name: "default_org" }),
    table("providers", {
      id: `provider-${UUID}`,
      name: "mine",
      provider_type: "openai",
      provider_category: "byok",
      api_key: "",
      api_key_enc: await sealed("sk-canary-of-a-provider", KEY),
      base_url: "\\N",
    }),
    table("sandbox_configs", { id: `sandbox-${UUID}`, type: "LOCAL", config: "{}" }),
    table("sandbox_environment_variables", {
      id: `sandbox-env-${UUID}`,
      key: "SHARED",
      value: "",
      value_enc: await sealed("canary of a sandbox", KEY),
      sandbox_config_id: `sandbox-${UUID}`,
    }),
    table("users", { id: "user-00000000-0000-4000-8000-000000000000", name: "default_user" }),
    "--\n-- PostgreSQL database dump complete\n--\n",
  ].join("");
}

/** Secrets that are stored in a folder, by their names, as its key opens them; and the rows as they are. */
async function kept(data: string): Promise<{ readonly secrets: Answer; readonly rows: string }> {
  const database = openSqlite(data);
  const box = createSecretBox(keyFile(data));
  try {
    const { rows } = await database.reader.execute("select * from secrets order by name", []);
    const open = (row: Answer) =>
      box.open(
        { keyId: row.key_id, text: row.sealed },
        { organizationId: row.organization_id, ownerId: row.owner_id, name: row.name },
      );
    return {
      secrets: Object.fromEntries(rows.map((row: Answer) => [row.name, open(row)])),
      rows: JSON.stringify(rows),
    };
  } finally {
    await database.close();
  }
}

const REASON = "it is encrypted, and LETTA_ENCRYPTION_KEY does not open it";

test("secrets that V1 encrypted are opened by its key, sealed by this server's, and left with the reason without it", async () => {
  const from = join(directory, "dump.sql");
  writeFileSync(from, await dump());
  const left = ({ tables }: Told) =>
    ["agent_environment_variables", "sandbox_environment_variables", "providers"].map((name) => tables[name].left);

  const data = join(directory, "with");
  const withKey = await bring(from, data, { environment: { LETTA_ENCRYPTION_KEY: KEY } });
  expect([withKey.code, withKey.report.unaccounted, left(withKey)]).toEqual([0, [], [{ [REASON]: 1 }, {}, {}]]);
  const { secrets, rows } = await kept(data);
  expect(secrets).toEqual({
    SEALED: SECRET,
    PLAIN: "sk-stored-as-it-is",
    SHARED: "canary of a sandbox",
    api_key: "sk-canary-of-a-provider",
  });
  for (const text of [rows, withKey.out, withKey.err]) {
    expect(text).not.toContain("canary");
    expect(text).not.toContain(KEY);
  }

  const bare = join(directory, "without");
  const without = await bring(from, bare);
  expect([without.code, without.report.unaccounted, left(without)]).toEqual([
    0,
    [],
    [{ [REASON]: 2 }, { [REASON]: 1 }, { [REASON]: 1 }],
  ]);
  expect((await kept(bare)).secrets).toEqual({ PLAIN: "sk-stored-as-it-is" });
}, 60_000);
