import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { Answer } from "./server.ts";

/** What of a {@link TestProvider} can be asked. */
export type Place = "discovery" | "authorize" | "token" | "jwks" | "userinfo";

/** What stands in a token before it is signed, and by what it is. */
export interface Draft {
  readonly header: Answer;
  readonly claims: Answer;
  readonly key: SigningKey;
}

/** A pair of keys with the name under which it is published. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: "RS256" | "ES256";
  readonly privateKey: KeyObject;
  readonly jwk: Answer;
}

/** An OpenID Connect provider that listens on a port of this machine, keeps the protocol, and can be told not to. */
export interface TestProvider {
  readonly issuer: string;
  /** Requests so far, by what they asked. */
  readonly asked: Record<Place, number>;
  /** Who signs in next, and what is said of them. */
  claims: Answer;
  /** What userinfo says beside the subject; null where there is no such address. */
  more: Answer | null;
  /** What is in the published set of keys. */
  keys: readonly SigningKey[];
  /** Which of them signs. */
  signer: SigningKey;
  /** Changes what is published of the provider itself. */
  described: (document: Answer) => Answer;
  /** Changes a token before it is signed. */
  drafted: (draft: Draft) => Draft;
  /** Changes what is answered for a code. */
  answered: (tokens: Answer) => Answer;
  /** Changes the query with which a browser is sent back. */
  sentBack: (query: URLSearchParams) => void;
  /** Answers in the provider's place; undefined leaves it to the provider. */
  instead: (place: Place, request: Request) => Response | undefined | Promise<Response | undefined>;
  /** How a client must show who it is. */
  authentication: "client_secret_basic" | "client_secret_post" | "none";
  stop(): Promise<void>;
}

/** The client that the provider knows. */
export const CLIENT = { id: "selkie:test client", secret: "s3cr3t/+ %" };

/** What was asked for with a code. */
interface Grant {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

/** Starts a {@link TestProvider}, on a free port unless one is named. */
export function startIdentityProvider(port = 0): TestProvider {
  const grants = new Map<string, Grant>();
  const accessTokens = new Map<string, string>();
  const signer = newSigningKey("RS256");
  const http = Bun.serve({ hostname: "127.0.0.1", port, idleTimeout: 60, fetch: answer });
  const issuer = `http://127.0.0.1:${http.port}/realms/test`;
  const provider: TestProvider = {
    issuer,
    asked: { discovery: 0, authorize: 0, token: 0, jwks: 0, userinfo: 0 },
    claims: { sub: "ada" },
    more: null,
    keys: [signer],
    signer,
    described: (document) => document,
    drafted: (draft) => draft,
    answered: (tokens) => tokens,
    sentBack: () => {},
    instead: () => undefined,
    authentication: "client_secret_basic",
    stop: () => http.stop(true),
  };

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const place = PLACES[url.pathname.replace("/realms/test", "")];
    if (place === undefined) return new Response("no such page", { status: 404 });
    provider.asked[place]++;
    return (await provider.instead(place, request)) ?? ANSWERS[place](url, request);
  }

  const ANSWERS: Record<Place, (url: URL, request: Request) => Response | Promise<Response>> = {
    discovery: () =>
      Response.json(
        provider.described({
          issuer,
          authorization_endpoint: `${issuer}/authorize?kept=1`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          ...(provider.more === null ? {} : { userinfo_endpoint: `${issuer}/userinfo` }),
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256", "ES256", "HS256", "none"],
          token_endpoint_auth_methods_supported: [provider.authentication],
          authorization_response_iss_parameter_supported: true,
        }),
      ),
    authorize({ searchParams: asked }) {
      const redirectUri = asked.get("redirect_uri") ?? "";
      const isFine =
        asked.get("client_id") === CLIENT.id &&
        asked.get("response_type") === "code" &&
        asked.get("kept") === "1" &&
        asked.get("code_challenge_method") === "S256" &&
        asked.get("scope")?.split(" ").includes("openid");
      if (!isFine) return new Response(`not what was expected: ${asked}`, { status: 400 });
      const code = randomBytes(16).toString("hex");
      const [challenge, nonce] = [asked.get("code_challenge") ?? "", asked.get("nonce") ?? ""];
      grants.set(code, { challenge, nonce, redirectUri });
      const back = new URL(redirectUri);
      back.searchParams.set("code", code);
      back.searchParams.set("state", asked.get("state") ?? "");
      back.searchParams.set("iss", issuer);
      provider.sentBack(back.searchParams);
      return Response.redirect(back.href, 302);
    },
    async token(_url, request) {
      const form = new URLSearchParams(await request.text());
      const grant = grants.get(form.get("code") ?? "");
      grants.delete(form.get("code") ?? "");
      if (!knowsClient(request, form)) return Response.json({ error: "invalid_client" }, { status: 401 });
      const verified = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      if (grant?.challenge !== verified || form.get("redirect_uri") !== grant.redirectUri)
        return Response.json({ error: "invalid_grant", error_description: "secret-description" }, { status: 400 });
      const now = Math.floor(Date.now() / 1000);
      const times = { iat: now, exp: now + 300 };
      const claims = { iss: issuer, aud: CLIENT.id, ...times, nonce: grant.nonce, ...provider.claims };
      const key = provider.signer;
      const header = { alg: key.algorithm, kid: key.kid, typ: "JWT" };
      const accessToken = `secret-access-${randomBytes(8).toString("hex")}`;
      accessTokens.set(`Bearer ${accessToken}`, provider.claims.sub);
      const idToken = signed(provider.drafted({ header, claims, key }));
      const tokens = { access_token: accessToken, refresh_token: "secret-refresh", token_type: "Bearer" };
      return Response.json(provider.answered({ ...tokens, id_token: idToken, expires_in: 300 }));
    },
    jwks: () => Response.json({ keys: provider.keys.map(({ jwk }) => jwk) }),
    userinfo(_url, request) {
      const sub = accessTokens.get(request.headers.get("authorization") ?? "");
      if (sub === undefined) return new Response("", { status: 401 });
      return Response.json({ sub, ...provider.more });
    },
  };

  function knowsClient(request: Request, form: URLSearchParams): boolean {
    if (provider.authentication === "none") return form.get("client_id") === CLIENT.id && !form.has("client_secret");
    if (provider.authentication === "client_secret_post")
      return form.get("client_id") === CLIENT.id && form.get("client_secret") === CLIENT.secret;
    const [, basic = ""] = /^Basic (.+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
    const parts = atob(basic).split(":");
    const decoded = parts.map((part) => decodeURIComponent(part.replaceAll("+", " ")));
    return decoded[0] === CLIENT.id && decoded[1] === CLIENT.secret;
  }

  return provider;
}

const PLACES: Readonly<Record<string, Place>> = {
  "/.well-known/openid-configuration": "discovery",
  "/authorize": "authorize",
  "/token": "token",
  "/jwks": "jwks",
  "/userinfo": "userinfo",
};

/** A fresh pair of keys. */
export function newSigningKey(algorithm: SigningKey["algorithm"]): SigningKey {
  const { privateKey, publicKey } =
    algorithm === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = randomBytes(6).toString("hex");
  return {
    kid,
    algorithm,
    privateKey,
    jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: algorithm },
  };
}

/** The token of a draft, really signed by its key. */
export function signed({ header, claims, key }: Draft): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part(header)}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
