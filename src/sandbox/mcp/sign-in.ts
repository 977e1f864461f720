import {
  type AuthProvider,
  auth,
  computeScopeUnion,
  extractWWWAuthenticateParams,
  isStrictScopeSuperset,
  OAuthClientFlowError,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  OAuthError,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from "@modelcontextprotocol/client";
import type { McpSignInKeeper, McpSignInPlace, McpSignIns } from "../../agent/mcp/connections.ts";
import { Failure } from "../../core/failure.ts";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import type { Fetch } from "../../core/world.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import { Challenged } from "./failures.ts";
import { ANSWER_BYTES_MAX } from "./limits.ts";

/** What servers are told that this client is. */
const CLIENT_NAME = "Selkie";

/** How a provider is to act. */
interface ProviderOptions {
  readonly keeper: McpSignInKeeper;
  /** Where a person comes back to; a connection has nobody who could be sent anywhere. */
  readonly redirectUrl: string | undefined;
  readonly state: string | undefined;
  /** Told the address that a person must visit. */
  readonly onRedirect: (url: URL) => void;
}

/**
 * {@link McpSignIns} over the SDK's own flow: PKCE, resource indicators and the check of who answers are its. The SDK waits
 * and reads without end, so that each request is given `requestMs`, its body with it, and each answer a size.
 */
export function createSignIns(unbounded: Fetch, requestMs: number): McpSignIns {
  const timed: Fetch = (input, init) => unbounded(input, { ...init, signal: AbortSignal.timeout(requestMs) });
  const fetch = boundedFetch(timed, ANSWER_BYTES_MAX);
  return {
    async begin({ url, redirectUrl, keeper }, { state, challenge }) {
      const { discovery: _, ...rest } = await keeper.load();
      await keeper.save(rest);
      let target: URL | null = null;
      const onRedirect = (to: URL) => {
        target = to;
      };
      const provider = providerOf({ keeper, redirectUrl, state, onRedirect });
      const tokens = await provider.tokens();
      const { metadataUrl, scope } = challenge;
      const isMore = scope !== undefined && isStrictScopeSuperset(scope, tokens?.scope);
      const wanted = scope === undefined ? undefined : computeScopeUnion(tokens?.scope, scope);
      await flow(() =>
        auth(provider, {
          serverUrl: url,
          fetchFn: fetch,
          // What is renewed is allowed no more than before.
          forceReauthorization: isMore,
          ...(wanted === undefined ? {} : { scope: wanted }),
          ...(metadataUrl === undefined ? {} : { resourceMetadataUrl: new URL(metadataUrl) }),
        }),
      );
      return target;
    },

    async finish({ url, redirectUrl, keeper }: McpSignInPlace, { code, issuer }) {
      const provider = providerOf({ keeper, redirectUrl, state: undefined, onRedirect: () => {} });
      await flow(() =>
        auth(provider, {
          serverUrl: url,
          authorizationCode: code,
          fetchFn: fetch,
          ...(issuer === null ? {} : { iss: issuer }),
        }),
      );
    },
  };
}

/**
 * What a connection shows of a sign-in that has been done: its tokens, renewed once when they are refused. It has nobody
 * whom it could send anywhere; what the server says of how to sign in is thrown as {@link Challenged}.
 */
export function connectionAuth(keeper: McpSignInKeeper | null, fetch: Fetch): AuthProvider {
  const provider = keeper && providerOf({ keeper, redirectUrl: undefined, state: undefined, onRedirect: () => {} });
  return {
    token: async () => (await provider?.tokens())?.access_token,
    async onUnauthorized({ response, serverUrl }) {
      const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
      const isOld = (await provider?.tokens())?.refresh_token !== undefined;
      if (provider !== null && isOld && (await renewed(provider, serverUrl, fetch))) return;
      const at = resourceMetadataUrl === undefined ? {} : { metadataUrl: resourceMetadataUrl.href };
      throw new Challenged({ ...at, ...(scope === undefined ? {} : { scope }) });
    },
  };
}

async function renewed(provider: OAuthClientProvider, serverUrl: URL, fetch: Fetch): Promise<boolean> {
  try {
    return (await auth(provider, { serverUrl, fetchFn: fetch })) === "AUTHORIZED";
  } catch {
    return false;
  }
}

function providerOf({ keeper, redirectUrl, state, onRedirect }: ProviderOptions): OAuthClientProvider {
  const set = async (fields: Readonly<Record<string, unknown>>) =>
    keeper.save({ ...(await keeper.load()), ...plain(fields) });
  const isPerson = redirectUrl !== undefined;
  const clientMetadata: OAuthClientMetadata = {
    client_name: CLIENT_NAME,
    redirect_uris: redirectUrl === undefined ? [] : [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
  return {
    redirectUrl,
    clientMetadata,
    ...(state === undefined ? {} : { state: () => state }),
    async clientInformation() {
      return kept<StoredOAuthClientInformation>((await keeper.load())["client"]);
    },
    async saveClientInformation(client) {
      if (isPerson) await set({ client });
    },
    async tokens() {
      return kept<StoredOAuthTokens>((await keeper.load())["tokens"]);
    },
    saveTokens: (tokens) => set({ tokens }),
    redirectToAuthorization: onRedirect,
    async saveCodeVerifier(verifier) {
      if (isPerson) await set({ verifier });
    },
    async codeVerifier() {
      const { verifier } = await keeper.load();
      if (typeof verifier !== "string") throw new Failure("refused", "No sign-in is under way");
      return verifier;
    },
    async saveDiscoveryState(discovery) {
      if (isPerson) await set({ discovery });
    },
    async discoveryState() {
      return kept((await keeper.load())["discovery"]);
    },
    async invalidateCredentials(scope) {
      const { client, tokens, verifier, discovery, ...rest } = await keeper.load();
      const all = { client, tokens, verifier, discovery };
      const gone = scope === "all" ? Object.keys(all) : [scope];
      const left = Object.entries(all).filter(([name, value]) => value !== undefined && !gone.includes(name));
      await keeper.save(plain({ ...rest, ...Object.fromEntries(left) }));
    },
  };
}

/** What was kept comes back as it was stored: its shape is the SDK's own. */
function kept<T>(value: Json | undefined): T | undefined {
  return isRecord(value) ? JSON.parse(JSON.stringify(value)) : undefined;
}

function plain(fields: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(fields));
}

/** Runs a step of the flow; what goes wrong there is not ours, and told in one sentence without what a stranger wrote. */
async function flow<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const reason =
      cause instanceof OAuthClientFlowError
        ? cause.message
        : cause instanceof OAuthError
          ? `the server answered ${cause.code}`
          : "the server does not say how";
    throw new Failure("refused", `Nobody can sign in at this MCP server: ${reason}`, { cause });
  }
}
