import { madeBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import type { Actor, AgentId } from "../../core/id.ts";
import { newId } from "../../core/id.ts";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import type { Random } from "../../core/random.ts";
import type { Readers, Repositories, Store } from "../ports/ports.ts";
import type { OpenedSecrets } from "../ports/secrets.ts";
import type { McpConfig, McpSignInKeeper, McpTarget } from "./connections.ts";
import { type McpSecrets, type McpServer, type McpSignIn, NO_MCP_SECRETS } from "./mcp-server.ts";
import type { Variables } from "./placeholders.ts";
import { targetFor } from "./target.ts";

/** The one secret of a server, and of a sign-in: all that is kept sealed of it, as JSON. */
const SECRET_NAME = "config";

/** What secrets are kept with. */
export interface KeepOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** What a server is sent in secret. What cannot be opened any more reads as if there were none. */
export async function secretsOf(reader: Pick<Readers, "secrets">, server: McpServer): Promise<McpSecrets> {
  return (await secretsOfEach(reader, [server])).get(server.id) ?? NO_MCP_SECRETS;
}

/** The same of several servers, read at once; by their ids. */
export async function secretsOfEach(
  { secrets }: Pick<Readers, "secrets">,
  servers: readonly McpServer[],
): Promise<ReadonlyMap<string, McpSecrets>> {
  const opened = await secrets.openEach(servers.map(({ id }) => id));
  return new Map([...opened].map(([id, each]) => [id, sentIn(keptIn(each))]));
}

function sentIn({ authHeader, authToken, customHeaders, env }: JsonObject): McpSecrets {
  return {
    ...NO_MCP_SECRETS,
    ...(typeof authHeader === "string" ? { authHeader } : {}),
    ...(typeof authToken === "string" ? { authToken } : {}),
    ...(isRecord(customHeaders) ? { customHeaders: texts(customHeaders) } : {}),
    ...(isRecord(env) ? { env: texts(env) } : {}),
  };
}

/** Keeps what a server is sent in secret. */
export function keepSecrets(
  repositories: Repositories,
  { actor, id, ...options }: KeepOptions & { readonly actor: Actor; readonly id: string },
  value: McpSecrets | JsonObject,
): Promise<void> {
  const { clock, random } = options;
  const authorship = madeBy(actor, clock.now());
  const secret = { id: newId("secret", random), ownerId: id, name: SECRET_NAME, description: null, ...authorship };
  return repositories.secrets.put(secret, JSON.stringify(value));
}

/** The server with all that it is sent, as this visitor reaches it. */
export async function targetOf(
  options: KeepOptions & { readonly store: Store },
  { actor, server, agentId }: { readonly actor: Actor; readonly server: McpServer; readonly agentId: AgentId | null },
  variables?: Variables,
): Promise<McpTarget> {
  const reader = options.store.reader(actor);
  const config: McpConfig = { server, secrets: await secretsOf(reader, server) };
  const own = variables ?? (agentId === null ? {} : (await reader.secrets.open([agentId])).values);
  return targetFor(config, {
    organizationId: actor.organizationId,
    agentId,
    variables: own,
    signIn: await signInAt(options, actor, server.url),
  });
}

/** What was signed in with at an address; null where nobody was let in yet. */
export async function signInAt(
  options: KeepOptions & { readonly store: Store },
  actor: Actor,
  url: string | null,
): Promise<McpSignInKeeper | null> {
  const signIn = url === null ? undefined : await options.store.reader(actor).mcp.signInAt(url);
  if (signIn === undefined) return null;
  const keeper = signInKeeper(options, actor, signIn);
  return "tokens" in (await keeper.load()) ? keeper : null;
}

/** Keeps what a sign-in needs in the database, sealed. Once the sign-in is gone it keeps nothing. */
export function signInKeeper(
  options: KeepOptions & { readonly store: Store },
  actor: Actor,
  { id, url }: Pick<McpSignIn, "id" | "url">,
): McpSignInKeeper {
  const { store } = options;
  return {
    load: () => opened(store.reader(actor), id),
    save: (kept) =>
      store.write(actor, async (repositories) => {
        const isThere = (await repositories.mcp.signInAt(url))?.id === id;
        if (isThere) await keepSecrets(repositories, { ...options, actor, id }, kept);
      }),
  };
}

async function opened({ secrets }: Pick<Readers, "secrets">, ownerId: string): Promise<JsonObject> {
  return keptIn(await secrets.open([ownerId]));
}

function keptIn({ values }: OpenedSecrets): JsonObject {
  const kept = parseJson(values[SECRET_NAME] ?? "{}");
  return isRecord(kept) ? kept : {};
}

function texts(record: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
