import { z } from "zod";
import { type McpSecrets, NO_MCP_SECRETS } from "../../agent/mcp/mcp-server.ts";
import type { McpChange, McpDraft } from "../../agent/mcp/mcp-servers.ts";
import { given } from "../http/request.ts";

const NAME_CHARS_MAX = 200;
const URL_CHARS_MAX = 4_096;
/** Characters of one header, word or variable, and how many of them there may be. */
const TEXT_CHARS_MAX = 10_000;
const LISTED_MAX = 200;

const name = z.string().trim().min(1).max(NAME_CHARS_MAX);
const text = z.string().max(TEXT_CHARS_MAX);
const url = z.string().min(1).max(URL_CHARS_MAX);
const words = z.array(text).max(LISTED_MAX);
const record = z
  .record(z.string().min(1).max(TEXT_CHARS_MAX), text)
  .refine((fields) => Object.keys(fields).length <= LISTED_MAX, `has more than ${LISTED_MAX} entries`);

const commandFields = { command: text.min(1), args: words, env: record.nullish() };
const addressFields = {
  server_url: url,
  auth_header: text.nullish(),
  auth_token: text.nullish(),
  custom_headers: record.nullish(),
};

/** A server by its configuration, as `/mcp-servers` takes it. */
export const CreateMcpBody = z
  .strictObject({
    server_name: name,
    config: z.discriminatedUnion("mcp_server_type", [
      z.object({ mcp_server_type: z.literal("stdio"), ...commandFields }),
      z.object({ mcp_server_type: z.enum(["sse", "streamable_http"]), ...addressFields }),
    ]),
  })
  .transform(({ server_name, config }) => draftOf(server_name, config.mcp_server_type, config));

/** A change of a server; what is null or absent stays. */
export const ChangeMcpBody = z
  .object({
    server_name: name.nullish(),
    config: z.discriminatedUnion("mcp_server_type", [
      z.object({ mcp_server_type: z.literal("stdio"), ...partial(commandFields) }),
      z.object({ mcp_server_type: z.enum(["sse", "streamable_http"]), ...partial(addressFields) }),
    ]),
  })
  .transform(({ server_name, config }) =>
    changeOf({ name: server_name, transport: config.mcp_server_type, ...config }),
  );

/** A server as the older routes take it: all fields beside each other. */
export const OlderMcpBody = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("stdio"), server_name: name, ...commandFields }),
    z.object({ type: z.enum(["sse", "streamable_http"]), server_name: name, ...addressFields }),
  ])
  .transform(({ server_name, type, ...config }) => draftOf(server_name, type, config));

/** A change of a server as the older routes take it. */
export const ChangeOlderMcpBody = z
  .object({
    server_name: name.nullish(),
    stdio_config: z.object(partial(commandFields)).nullish(),
    ...partial(addressFields),
    token: text.nullish(),
  })
  .transform(({ server_name, stdio_config, token, ...config }) =>
    changeOf({ name: server_name, ...stdio_config, ...config, auth_token: config.auth_token ?? token }),
  );

/** Arguments of a call by hand. */
export const RunMcpBody = z.object({ args: z.record(z.string(), z.json()).nullish() });

interface Config {
  readonly command?: string | null | undefined;
  readonly args?: readonly string[] | null | undefined;
  readonly env?: Readonly<Record<string, string>> | null | undefined;
  readonly server_url?: string | null | undefined;
  readonly auth_header?: string | null | undefined;
  readonly auth_token?: string | null | undefined;
  readonly custom_headers?: Readonly<Record<string, string>> | null | undefined;
}

function draftOf(serverName: string, transport: McpDraft["transport"], config: Config): McpDraft {
  return {
    name: serverName,
    transport,
    url: config.server_url ?? null,
    command: config.command ?? null,
    args: config.args ?? null,
    secrets: { ...NO_MCP_SECRETS, ...secretsIn(config) },
  };
}

function changeOf(
  config: Config & { readonly name: string | null | undefined; readonly transport?: McpDraft["transport"] },
): McpChange {
  const { transport, server_url, command, args } = config;
  return { ...given({ name: config.name, transport, url: server_url, command, args }), secrets: secretsIn(config) };
}

function secretsIn({ auth_header, auth_token, custom_headers, env }: Config): Partial<McpSecrets> {
  return given({ authHeader: auth_header, authToken: auth_token, customHeaders: custom_headers, env });
}

function partial<T extends Record<string, z.ZodType>>(
  fields: T,
): { [K in keyof T]: z.ZodOptional<z.ZodNullable<T[K]>> } {
  const entries = Object.entries(fields).map(([key, field]) => [key, field.nullish()]);
  return Object.fromEntries(entries);
}
