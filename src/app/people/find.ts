import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { nearest } from "../../core/nearest.ts";
import { ask, type Connection } from "../terminal/connection.ts";
import {
  KeyShape,
  type KeyView,
  OrganizationShape,
  type OrganizationView,
  UserShape,
  type UserView,
} from "./shapes.ts";

/** Things that are looked through for a name. */
const NAMES_MAX = 1_000;

/** Where something is looked for: the organisation that was named, else one's own. */
export interface Place {
  readonly connection: Connection;
  readonly organizationId: string | undefined;
}

/** A path with the organisation that was named, and what else its query says. */
export function at({ organizationId }: Place, path: string, query: Readonly<Record<string, string>> = {}): string {
  const all = new URLSearchParams({
    ...query,
    ...(organizationId === undefined ? {} : { organization_id: organizationId }),
  });
  return all.size === 0 ? path : `${path}?${all}`;
}

/** The organisation of this name or id. */
export async function findOrganization(connection: Connection, wanted: string): Promise<OrganizationView> {
  const path = `/v1/organizations?limit=${NAMES_MAX}`;
  const all = await ask(connection, { path, shape: z.array(OrganizationShape) });
  return one("organization", wanted, all, (organization) => [organization.id, organization.name]);
}

/** The user of this name, email or id. */
export async function findUser(place: Place, wanted: string): Promise<UserView> {
  const path = at(place, "/v1/users", { limit: String(NAMES_MAX) });
  const all = await ask(place.connection, { path, shape: z.array(UserShape) });
  return one("user", wanted, all, (user) => [user.id, user.name, user.email ?? user.id]);
}

/** The key of this id, name, or beginning. */
export async function findKey(place: Place, wanted: string): Promise<KeyView> {
  const path = at(place, "/v1/keys", { limit: String(NAMES_MAX), include_ended: "true" });
  const all = await ask(place.connection, { path, shape: z.array(KeyShape) });
  // What somebody pastes may be the whole key.
  const prefix = wanted.slice(0, "slk_01234567".length);
  return one("key", all.some((key) => key.prefix === prefix) ? prefix : wanted, all, (key) => [
    key.id,
    key.prefix,
    key.name,
  ]);
}

function one<T extends { readonly id: string }>(
  kind: string,
  wanted: string,
  all: readonly T[],
  namesOf: (thing: T) => readonly string[],
): T {
  const found = all.filter((thing) => namesOf(thing).includes(wanted));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined)
    throw new Failure(
      "conflict",
      `There are ${found.length} ${kind}s called '${wanted}'; give the id: ${found.map(({ id }) => id).join(", ")}`,
    );
  const close = nearest(
    wanted,
    all.flatMap((thing) => namesOf(thing).slice(1)),
  );
  const hint =
    close === undefined ? `'selkie ${kind === "organization" ? "org" : kind}' lists them` : `Is it '${close}'?`;
  throw new Failure("not_found", `There is no ${kind} '${wanted}'. ${hint}`);
}
