import { z } from "zod";
import { ask } from "../terminal/connection.ts";
import type { Listing } from "../terminal/listings.ts";
import { at, findKey, findUser, type Place } from "./find.ts";
import { narrowingOf, type PeopleOptions, secondsOf } from "./options.ts";
import { KeyShape, type KeyView, OpenKeyShape } from "./shapes.ts";

/** What `selkie key` is asked for. */
export interface KeyAsk {
  readonly names: readonly string[];
  readonly options: PeopleOptions;
  readonly limit: number;
  readonly nowMs: number;
}

/** `selkie key`, after the names that it takes were counted. What is told beside the key goes to `tell`. */
export async function keyAction(
  place: Place,
  action: string,
  { tell, ...asked }: KeyAsk & { readonly tell: (sentence: string) => void },
): Promise<Listing> {
  const { names, options, limit } = asked;
  const { connection } = place;
  if (action === "list") {
    const path = at(place, "/v1/keys", { limit: String(limit) });
    const all = await ask(connection, { path, shape: z.array(KeyShape) });
    const empty = "There are no keys. 'selkie key create --role operator' makes one.";
    return {
      rows: all.map((key) => [key.prefix, key.name, stateOf(key, asked.nowMs), key.id]),
      json: all,
      ...(all.length === 0 ? { remark: empty } : {}),
    };
  }
  if (action === "create") {
    const body = await draftOf(place, asked);
    const made = await ask(connection, { path: "/v1/keys", shape: OpenKeyShape, method: "POST", body });
    tell(`The key ${made.name} is shown this once. Clients need a key from now on, and commands while a server runs.`);
    return { rows: [], remark: made.key, json: made };
  }
  const key = await findKey(place, names[0] ?? "");
  if (action === "show") return shown(key, asked.nowMs);
  if (action === "rotate") {
    const overlap = options.overlap === undefined ? 0 : secondsOf("overlap", options.overlap);
    const path = at(place, `/v1/keys/${key.id}/rotate`);
    const body = { overlap_seconds: overlap };
    const made = await ask(connection, { path, shape: OpenKeyShape, method: "POST", body });
    tell(
      overlap === 0 ? "The key before opens nothing any more." : `The key before opens for ${options.overlap} more.`,
    );
    return { rows: [], remark: made.key, json: made };
  }
  const path = at(place, `/v1/keys/${key.id}`);
  const gone = await ask(connection, { path, shape: KeyShape, method: "DELETE" });
  return { rows: [], remark: `${gone.prefix} (${gone.name}) opens nothing any more.`, json: gone };
}

async function draftOf(place: Place, { options, nowMs }: KeyAsk): Promise<object> {
  const { role, name, user, expires } = options;
  return {
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(user === undefined ? {} : { user_id: (await findUser(place, user)).id }),
    ...(place.organizationId === undefined ? {} : { organization_id: place.organizationId }),
    ...(expires === undefined
      ? {}
      : { expires_at: new Date(nowMs + secondsOf("expires", expires) * 1000).toISOString() }),
    ...narrowingOf(options),
  };
}

function stateOf(key: KeyView, nowMs: number): string {
  if (key.revoked_at !== null) return "revoked";
  if (key.expires_at !== null && Date.parse(key.expires_at) <= nowMs) return "expired";
  const until = key.expires_at === null ? "" : `until ${key.expires_at.slice(0, "2026-01-01".length)}, `;
  return `${until}${key.last_used_at === null ? "not used yet" : `used ${key.last_used_at.slice(0, "2026-01-01T00:00".length)}`}`;
}

function shown(key: KeyView, nowMs: number): Listing {
  const rows = [
    ["name", key.name],
    ["begins", key.prefix],
    ["id", key.id],
    ["user", key.user_id],
    ["state", stateOf(key, nowMs)],
    ["made", key.created_at],
    ["scopes", key.scopes?.join(", ") ?? ""],
    ["agents", key.agents?.join(", ") ?? ""],
    ["models", key.models?.join(", ") ?? ""],
    ["identity", key.identity_id ?? ""],
  ];
  return { rows: rows.filter(([, value]) => value !== ""), json: key };
}
