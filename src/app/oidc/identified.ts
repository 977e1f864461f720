import * as oauth from "oauth4webapi";
import type { Claims, Identified } from "../../access/identity-provider.ts";
import { claimOf } from "../../access/role-map.ts";
import type { OidcSettings } from "../command/oidc-settings.ts";
import type { Described } from "./described.ts";

/** What a subject may be (OpenID Connect Core, 2). */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;
/** What comes back, and what it must fit. */
export interface Arrival {
  readonly settings: OidcSettings;
  readonly query: URLSearchParams;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/**
 * Who is behind a code. The package checks who answers (`iss` of the query, where it is sent or promised), the token's
 * issuer, audience, nonce and times. Its signature is checked here although it came from the provider itself: TLS may
 * end before it. All tokens are forgotten with this call.
 */
export async function identified(described: Described, arrival: Arrival): Promise<Identified> {
  const { server, client, authentication, requests } = described;
  const { settings, query, state, nonce, verifier } = arrival;
  const taken = oauth.validateAuthResponse(server, client, query, state);
  const url = settings.redirectUrl;
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    taken,
    url,
    verifier,
    requests,
  );
  const expected = { expectedNonce: nonce, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, expected);
  await oauth.validateApplicationLevelSignature(server, response, requests);
  const token = oauth.getValidatedIdTokenClaims(tokens);
  const { iss: issuer = "", sub: subject = "" } = token ?? {};
  if (!SUBJECT.test(subject)) throw new oauth.OperationProcessingError('its "sub" must have 1 to 255 ASCII characters');
  const missing = claimsOf(settings).some((claim) => claimOf(token ?? {}, claim) === undefined);
  const more =
    missing && server.userinfo_endpoint !== undefined ? await told(described, tokens.access_token, subject) : {};
  return { issuer, subject, claims: { ...more, ...token } };
}

/** What is looked at. Some providers put it into the token, others tell it when asked. */
function claimsOf({ rules }: OidcSettings): readonly string[] {
  return ["email", ...rules.flatMap(({ where }) => where?.claim ?? [])];
}

/** What the provider tells of the same subject. */
async function told({ server, client, requests }: Described, accessToken: string, subject: string): Promise<Claims> {
  const response = await oauth.userInfoRequest(server, client, accessToken, requests);
  const claims = await oauth.processUserInfoResponse(server, client, subject, response);
  if (response.headers.get("content-type") === "application/jwt")
    await oauth.validateApplicationLevelSignature(server, response, requests);
  return claims;
}
