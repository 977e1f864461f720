import { type Connection, refused } from "../terminal/connection.ts";
import type { Change } from "./plan.ts";

/** Takes away what is at a path. What is gone already is no mistake. */
export function removal(connection: Connection, what: string, path: string): Change {
  return {
    sign: "-",
    what,
    details: [],
    async make() {
      const response = await connection.call(path, { method: "DELETE" });
      if (!response.ok && response.status !== 404) throw refused(response.status, await response.text());
    },
  };
}
