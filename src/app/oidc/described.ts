import * as oauth from "oauth4webapi";
import { Failure } from "../../core/failure.ts";
import { isRecord } from "../../core/json.ts";
import type { OidcSettings } from "../command/oidc-settings.ts";
import { createSafeFetch, type SafeFetchOptions } from "../safe-fetch.ts";
import { fetchFor } from "./answers.ts";

/** How long what the provider says of itself is believed, and how long that it could not be asked. */
const DESCRIBED_MS = 60 * 60_000;
const FAILED_MS = 5_000;
/** How far the clocks of both may differ. */
const SKEW_SECONDS = 60;
/** What may sign: pairs of keys, so that nothing that is signed with the server's own secret, or not at all, counts. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** What a provider signs with that does not say. */
const USUAL_ALGORITHM = "RS256";

/** What asks a provider. */
export interface OidcOptions extends Omit<SafeFetchOptions, "allowsPrivate"> {
  readonly settings: OidcSettings;
}

/** A provider as it describes itself, and how it is asked. */
export interface Described {
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  readonly requests: Pick<oauth.TokenEndpointRequestOptions, typeof oauth.allowInsecureRequests> & {
    readonly [oauth.customFetch]: ReturnType<typeof fetchFor>;
  };
}

/** Its addresses that are needed. */
type Endpoint = "authorization_endpoint" | "jwks_uri";

/**
 * Asks the provider what it says of itself, once an hour, and never twice at a time. Its keys are kept with that by the
 * package: for five minutes, and read again for one that is not among them when they are older than one.
 */
export function createDescriber(options: OidcOptions): () => Promise<Described> {
  const { clock } = options;
  let found: Promise<Described> | undefined;
  let until = 0;
  return () => {
    if (found !== undefined && clock.elapsedMs() < until) return found;
    const asked = describe(options);
    found = asked;
    until = Number.POSITIVE_INFINITY;
    const keepFor = (durationMs: number) => {
      until = clock.elapsedMs() + durationMs;
    };
    asked.then(
      () => keepFor(DESCRIBED_MS),
      () => keepFor(FAILED_MS),
    );
    return asked;
  };
}

/** An address of the provider; it is by https where the provider's own is. */
export function endpointOf({ server, requests }: Described, name: Endpoint): URL {
  const text = server[name];
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  const isTaken = url?.protocol === "https:" || (url?.protocol === "http:" && requests[oauth.allowInsecureRequests]);
  if (url === undefined || isTaken !== true)
    throw new Failure("unavailable", `what it says of itself has no ${name} that can be used`);
  return url;
}

/** Whether the provider publishes keys. */
export async function checkKeys(described: Described): Promise<void> {
  const fetch = described.requests[oauth.customFetch];
  const response = await fetch(endpointOf(described, "jwks_uri").href, { method: "GET", headers: {} });
  const keys: unknown = await response.json().catch(() => undefined);
  if (response.status !== 200 || !isRecord(keys) || !Array.isArray(keys["keys"]) || keys["keys"].length === 0)
    throw new Failure("unavailable", `there are no keys at its jwks_uri (status ${response.status})`);
}

async function describe({ settings, ...network }: OidcOptions): Promise<Described> {
  const issuer = new URL(settings.issuer);
  const requests = {
    [oauth.customFetch]: fetchFor(createSafeFetch({ ...network, allowsPrivate: settings.allowsPrivate })),
    // Without it the package refuses every address by http. Settings allow it with private addresses alone.
    [oauth.allowInsecureRequests]: issuer.protocol === "http:",
  };
  const said = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, requests));
  const signed = said.id_token_signing_alg_values_supported ?? [USUAL_ALGORITHM];
  const server = {
    ...said,
    id_token_signing_alg_values_supported: ALGORITHMS.filter((algorithm) => signed.includes(algorithm)),
  };
  const client = { client_id: settings.clientId, [oauth.clockTolerance]: SKEW_SECONDS };
  return { server, client, authentication: authenticationFor(settings.clientSecret, server), requests };
}

function authenticationFor(secret: string | null, server: oauth.AuthorizationServer): oauth.ClientAuth {
  if (secret === null) return oauth.None();
  const takes = server.token_endpoint_auth_methods_supported;
  const isBasic = takes === undefined || takes.includes("client_secret_basic");
  return isBasic ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret);
}
