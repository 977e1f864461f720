import { z } from "zod";
import { ask, type Connection } from "../terminal/connection.ts";
import type { Listing } from "../terminal/listings.ts";
import { findOrganization } from "./find.ts";
import { OrganizationShape } from "./shapes.ts";

/** `selkie org`, after the names that it takes were counted. */
export async function organizationAction(
  connection: Connection,
  action: string,
  { names, limit }: { readonly names: readonly string[]; readonly limit: number },
): Promise<Listing> {
  const [first = "", second = ""] = names;
  if (action === "list") {
    const all = await ask(connection, { path: `/v1/organizations?limit=${limit}`, shape: z.array(OrganizationShape) });
    return { rows: all.map(({ name, id }) => [name, id]), json: all };
  }
  if (action === "create") {
    const body = { name: first };
    const made = await ask(connection, { path: "/v1/organizations", shape: OrganizationShape, method: "POST", body });
    return { rows: [[made.name, made.id]], json: made };
  }
  const { id } = await findOrganization(connection, first);
  const path = `/v1/organizations/${id}`;
  if (action === "rename") {
    const body = { name: second };
    const changed = await ask(connection, { path, shape: OrganizationShape, method: "PATCH", body });
    return { rows: [[changed.name, changed.id]], json: changed };
  }
  const gone = await ask(connection, { path, shape: OrganizationShape, method: "DELETE" });
  return { rows: [], remark: `${gone.name} is deleted, with everything in it.`, json: gone };
}
