import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { isRecord } from "../../core/json.ts";
import { ask } from "../terminal/connection.ts";
import type { Listing } from "../terminal/listings.ts";
import { at, findUser, type Place } from "./find.ts";
import { narrowingOf, type PeopleOptions } from "./options.ts";
import { UserShape, type UserView } from "./shapes.ts";

/** What `selkie user` is asked for. */
export interface UserAsk {
  readonly names: readonly string[];
  readonly options: PeopleOptions;
  readonly limit: number;
  /** The address under which a browser reaches the server. */
  readonly address: string;
  /** Reads a password that is given on standard input. */
  readonly readPassword: () => string;
}

const CodeShape = z.looseObject({ code: z.string(), expires_at: z.string() });

/** `selkie user`, after the names that it takes were counted. */
export async function userAction(place: Place, action: string, asked: UserAsk): Promise<Listing> {
  const { names, limit } = asked;
  const [first] = names;
  if (action === "list") {
    const path = at(place, "/v1/users", { limit: String(limit) });
    const all = await ask(place.connection, { path, shape: z.array(UserShape) });
    return { rows: all.map((user) => [user.name, roleOf(user), user.email ?? user.kind, user.id]), json: all };
  }
  if (action === "add") return shown(await addUser(place, asked));
  const user = await findUser(place, first ?? DEFAULT_USER);
  if (action === "show") return shown(user);
  if (action === "link") return link(place, user, asked.address);
  if (action === "reset") return reset(place, user, asked);
  if (action === "role") return shown(await setRole(place, user, asked));
  if (action === "delete") {
    const path = at(place, `/v1/users/${user.id}`);
    const gone = await ask(place.connection, { path, shape: z.looseObject({}), method: "DELETE" });
    return { rows: [], remark: `${user.name} is deleted.`, json: gone };
  }
  return shown(await change(place, user, { disabled: action === "disable" }));
}

/** The user that every server has, by whom its own key acts. */
const DEFAULT_USER = "user-00000000-0000-4000-8000-000000000000";

async function addUser(place: Place, { names, options, readPassword }: UserAsk): Promise<UserView> {
  const body = {
    name: names[0],
    ...(options.role === undefined ? {} : { role: options.role }),
    ...(options.email === undefined ? {} : { email: options.email }),
    ...(options.service === true ? { kind: "service" } : {}),
    ...(options.password === true ? { password: readPassword() } : {}),
    ...(place.organizationId === undefined ? {} : { organization_id: place.organizationId }),
    ...narrowingOf(options),
  };
  return ask(place.connection, { path: "/v1/users", shape: UserShape, method: "POST", body });
}

async function setRole(place: Place, user: UserView, { names, options }: UserAsk): Promise<UserView> {
  const organization = await homeOf(place);
  const path = `/v1/organizations/${organization}/members/${user.id}`;
  const body = { role: names[1], ...narrowingOf(options) };
  return ask(place.connection, { path, shape: UserShape, method: "PUT", body });
}

/** A link that signs the user in once. The code stands behind a '#', which browsers send to nobody. */
async function link(place: Place, user: UserView, address: string): Promise<Listing> {
  if (place.organizationId !== undefined)
    throw new Failure("refused", "A link is made in one's own organization; leave --org out");
  const path = `/v1/users/${user.id}/sign-in-codes`;
  const made = await ask(place.connection, { path, shape: CodeShape, method: "POST", body: {} });
  return { rows: [], remark: `${address}/#sign-in=${made.code}`, json: made };
}

/** Lets a user in again: enabled, without the sessions that there were, and with a link or a new password. */
async function reset(place: Place, user: UserView, asked: UserAsk): Promise<Listing> {
  const password = asked.options.password === true ? asked.readPassword() : null;
  const isPerson = user.kind === "person";
  const changed = await change(place, user, { disabled: false, ...(isPerson ? { password } : {}) });
  if (asked.options.role !== undefined) await setRole(place, user, { ...asked, names: ["", asked.options.role] });
  return password === null && isPerson ? link(place, user, asked.address) : shown(changed);
}

function change(place: Place, user: UserView, body: object): Promise<UserView> {
  const where = place.organizationId === undefined ? {} : { organization_id: place.organizationId };
  const path = `/v1/users/${user.id}`;
  return ask(place.connection, { path, shape: UserShape, method: "PATCH", body: { ...body, ...where } });
}

async function homeOf({ connection, organizationId }: Place): Promise<string> {
  if (organizationId !== undefined) return organizationId;
  const me = await ask(connection, { path: "/v1/me", shape: z.looseObject({ organization: z.unknown() }) });
  return isRecord(me.organization) ? String(me.organization["id"]) : "";
}

function roleOf({ role, disabled_at }: UserView): string {
  return disabled_at === null ? role : `${role} (disabled)`;
}

function shown(user: UserView): Listing {
  const rows = [
    ["name", user.name],
    ["id", user.id],
    ["role", roleOf(user)],
    ["email", user.email ?? ""],
    ["kind", user.kind],
    ["made", user.created_at],
    ["scopes", user.scopes?.join(", ") ?? ""],
    ["agents", user.agents?.join(", ") ?? ""],
    ["models", user.models?.join(", ") ?? ""],
  ];
  return { rows: rows.filter(([, value]) => value !== ""), json: user };
}
