import { z } from "zod";
import { ROLES } from "../../access/role.ts";
import type { RoleRule } from "../../access/role-map.ts";
import { Failure } from "../../core/failure.ts";
import { DEFAULT_ORGANIZATION_ID, parseId } from "../../core/id.ts";

/** How people sign in by an identity provider. */
export interface OidcSettings {
  /** The provider's own address, which it names in what it signs. */
  readonly issuer: string;
  readonly clientId: string;
  /** What the provider knows this server by; null where it is known by its address alone. */
  readonly clientSecret: string | null;
  /** What the provider is asked to tell, with spaces between. */
  readonly scopes: string;
  /** Who is what; nobody whom none fits comes in. */
  readonly rules: readonly RoleRule[];
  /** Lets the provider be at an address of this machine or its networks, and speak http. */
  readonly allowsPrivate: boolean;
  /** Where browsers reach this server, without a slash at its end. */
  readonly publicUrl: string;
  /** Where the provider sends people back to, as it must be told beforehand. */
  readonly redirectUrl: string;
}

/** The settings of this kind, any of which asks for all that are needed. */
const OIDC_KEYS = [
  "oidc_issuer",
  "oidc_client_id",
  "oidc_client_secret",
  "oidc_scopes",
  "oidc_roles",
  "oidc_allow_private_urls",
];

/** Where people come back, below the server's address. */
const CALLBACK_PATH = "/v1/sessions/oidc/callback";
const SCOPES_DEFAULT = "openid profile email";
const RULES_MAX = 500;

const RULES = z
  .array(
    z
      .strictObject({
        claim: z.string().min(1).optional(),
        value: z.union([z.string(), z.number(), z.boolean()]).optional(),
        role: z.enum(ROLES),
        organization: z.string().optional(),
      })
      .refine(({ claim, value }) => (claim === undefined) === (value === undefined), "claim and value go together"),
  )
  .min(1)
  .max(RULES_MAX);

/** What {@link readOidc} reads beside the variables. */
interface Surroundings {
  readonly isTrue: (text: string | undefined) => boolean;
  /** Where browsers reach this server; null when nobody says. */
  readonly publicUrl: string | null;
}

/** The provider that the variables name, null where they name none. Throws a `refused` Failure that names the one that is wrong. */
export function readOidc(
  variables: Readonly<Record<string, string | undefined>>,
  { isTrue, publicUrl }: Surroundings,
): OidcSettings | null {
  const get = (name: string) => variables[name]?.trim();
  const named = OIDC_KEYS.map((key) => `SELKIE_${key.toUpperCase()}`).find((name) => get(name) !== undefined);
  if (named === undefined) return null;
  const required = (name: string) => {
    const text = get(name);
    if (text === undefined || text === "")
      throw new Failure("refused", `${named} is set, and ${name} is missing: signing in needs both`);
    return text;
  };
  const allowsPrivate = isTrue(variables["SELKIE_OIDC_ALLOW_PRIVATE_URLS"]);
  const issuer = issuerOf(required("SELKIE_OIDC_ISSUER"), allowsPrivate);
  if (publicUrl === null)
    throw new Failure(
      "refused",
      `${named} is set, and SELKIE_PUBLIC_URL is missing: it says where browsers come back to`,
    );
  return {
    issuer,
    clientId: required("SELKIE_OIDC_CLIENT_ID"),
    clientSecret: get("SELKIE_OIDC_CLIENT_SECRET") ?? null,
    scopes: scopesOf(get("SELKIE_OIDC_SCOPES") ?? SCOPES_DEFAULT),
    rules: rulesOf(required("SELKIE_OIDC_ROLES")),
    allowsPrivate,
    publicUrl,
    redirectUrl: `${publicUrl}${CALLBACK_PATH}`,
  };
}

/** An address without anything but a host and a path; undefined for every other text. */
export function plainUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  return isWeb && /^[^?#@\s]+$/.test(text) ? url : undefined;
}

function issuerOf(text: string, allowsPrivate: boolean): string {
  const url = plainUrl(text);
  if (url === undefined)
    throw new Failure("refused", `SELKIE_OIDC_ISSUER must be an address such as https://id.example.com, got '${text}'`);
  if (url.protocol === "http:" && !allowsPrivate)
    throw new Failure(
      "refused",
      `SELKIE_OIDC_ISSUER must begin with https://, got '${text}'; one on your own network may begin with http:// when SELKIE_OIDC_ALLOW_PRIVATE_URLS is set`,
    );
  return text;
}

function scopesOf(text: string): string {
  const scopes = text.split(/[\s,]+/);
  if (!scopes.includes("openid")) throw new Failure("refused", `SELKIE_OIDC_SCOPES must hold openid, got '${text}'`);
  return scopes.join(" ");
}

function rulesOf(text: string): readonly RoleRule[] {
  const read = RULES.safeParse(yamlOf(text));
  if (!read.success) throw wrongRules(`: ${z.prettifyError(read.error)}`);
  return read.data.map(({ claim, value, role, organization }) => {
    const organizationId = organization === undefined ? DEFAULT_ORGANIZATION_ID : parseId("org", organization);
    if (organizationId === undefined) throw wrongRules(`: '${organization}' is not the id of an organization`);
    return { where: claim === undefined ? null : { claim, value: String(value) }, role, organizationId };
  });
}

function yamlOf(text: string): unknown {
  try {
    return Bun.YAML.parse(text);
  } catch {
    return undefined;
  }
}

function wrongRules(reason: string): Failure {
  return new Failure(
    "refused",
    `SELKIE_OIDC_ROLES must be a list such as [{claim: groups, value: staff, role: editor}, {role: viewer}], with the roles ${ROLES.join(", ")}${reason}`,
  );
}
